/** The first value that came under each key, with its number: what is equal is one object, and can be told apart by number. */
export class Pool<T> {
  private readonly known = new Map<string, Pooled<T>>()

  keep(key: string, make: () => T): Pooled<T> {
    let kept = this.known.get(key)
    if (kept === undefined) {
      kept = { id: this.known.size, value: make() }
      this.known.set(key, kept)
    }
    return kept
  }
}

export interface Pooled<T> {
  /** 0 for the first key, rising. */
  readonly id: number
  readonly value: T
}
