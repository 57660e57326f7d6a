/**
 * Who holds which number (an address, a node port). Normally one Service each; where clashes are only warned of, several can hold
 * one number and it is free again when the last lets go.
 */
export class Claims<K> {
  readonly #holders = new Map<K, string[]>()

  has(key: K): boolean {
    return this.#holders.has(key)
  }

  /** Claims `key` for `holder` whoever else has it; gives the first other holder, if any. */
  claim(key: K, holder: string): string | undefined {
    const holders = this.#holders.get(key)
    if (holders === undefined) {
      this.#holders.set(key, [holder])
      return undefined
    }
    const other = holders.find(h => h !== holder)
    if (!holders.includes(holder)) holders.push(holder)
    return other
  }

  release(key: K, holder: string): void {
    const left = this.#holders.get(key)?.filter(h => h !== holder)
    if (left === undefined) return
    if (left.length === 0) this.#holders.delete(key)
    else this.#holders.set(key, left)
  }
}
