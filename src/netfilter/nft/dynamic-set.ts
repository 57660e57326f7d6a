/**
 * A set that rules add to: who was added, and until when. Grows by doubling up to the set's size; elements whose time is over go when room
 * is needed. Models nft_set_hash with nft_dynset; deviates: time is a microsecond fine, and no collector has to run first.
 */
import type { TimeUs } from '../../sim/time.ts'
import { type KeyTable, newKeyTable, placeOfKey, putKey } from './key-table.ts'

export class DynamicSet {
  readonly #keyWords: number
  readonly #size: number
  readonly #timeoutUs: number
  #table: KeyTable
  #goneUs: Float64Array

  /** `timeoutUs`: infinite for a set without a timeout. */
  constructor(keyWords: number, size: number, timeoutUs: number) {
    this.#keyWords = keyWords
    this.#size = size
    this.#timeoutUs = timeoutUs
    this.#table = newKeyTable(keyWords, 4)
    this.#goneUs = new Float64Array(this.#table.values.length)
  }

  has(key: Int32Array, nowUs: TimeUs): boolean {
    const place = placeOfKey(this.#table, key)
    return this.#table.values[place] !== 0 && this.#goneUs[place] > nowUs
  }

  /** False: the set is full. An element that is there begins its time anew. */
  add(key: Int32Array, nowUs: TimeUs): boolean {
    return this.addUntil(key, nowUs + this.#timeoutUs, nowUs)
  }

  addUntil(key: Int32Array, goneUs: TimeUs, nowUs: TimeUs): boolean {
    let place = placeOfKey(this.#table, key)
    if (this.#table.values[place] === 0 || this.#goneUs[place] <= nowUs) {
      if (this.#table.values[place] === 0 && !this.#hasRoom(nowUs)) return false
      place = placeOfKey(this.#table, key)
      if (this.#table.values[place] === 0) putKey(this.#table, place, key, 1)
    }
    this.#goneUs[place] = goneUs
    return true
  }

  #hasRoom(nowUs: TimeUs): boolean {
    if (this.#table.used >= this.#size || 2 * (this.#table.used + 1) > this.#table.mask + 1) this.#rebuild(nowUs)
    return this.#table.used < this.#size
  }

  #rebuild(nowUs: TimeUs): void {
    const { words, values, used } = this.#table
    const goneUs = this.#goneUs
    const key = new Int32Array(this.#keyWords)
    this.#table = newKeyTable(this.#keyWords, Math.min(this.#size, 2 * used + 2))
    this.#goneUs = new Float64Array(this.#table.values.length)
    for (let old = 0; old < values.length; old++) {
      if (values[old] === 0 || goneUs[old] <= nowUs) continue
      key.set(words.subarray(old * this.#keyWords, (old + 1) * this.#keyWords))
      const place = placeOfKey(this.#table, key)
      putKey(this.#table, place, key, 1)
      this.#goneUs[place] = goneUs[old]
    }
  }
}
