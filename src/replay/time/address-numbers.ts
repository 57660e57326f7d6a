/** Numbers addresses, four words each, in the order in which they are first asked for. Allocates only as it grows. */
import { type KeyTable, newKeyTable, placeOfKey, putKey } from '../../netfilter/nft/key-table.ts'

const WORDS = 4

export class AddressNumbers {
  /** The value of an address is 1 + its number. */
  #table: KeyTable = newKeyTable(WORDS, 4)
  readonly #key = new Int32Array(WORDS)

  of(address: Uint32Array): number {
    for (let i = 0; i < WORDS; i++) this.#key[i] = address[i]
    let place = placeOfKey(this.#table, this.#key)
    if (this.#table.values[place] !== 0) return this.#table.values[place] - 1
    if (2 * (this.#table.used + 1) > this.#table.mask) {
      this.#grow()
      place = placeOfKey(this.#table, this.#key)
    }
    putKey(this.#table, place, this.#key, this.#table.used + 1)
    return this.#table.used - 1
  }

  #grow(): void {
    const { words, values, used } = this.#table
    this.#table = newKeyTable(WORDS, 2 * used)
    values.forEach((value, place) => {
      if (value === 0) return
      const key = words.subarray(WORDS * place, WORDS * (place + 1))
      putKey(this.#table, placeOfKey(this.#table, key), key, value)
    })
  }
}
