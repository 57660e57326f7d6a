/**
 * The elements of a set or map as evaluate finds them: open addressing over fixed-length keys of 32-bit words, at most half full. A value a
 * key: the code of its verdict, or 1. `lives` of dynamic sets say when an element is gone.
 */
import { hashKey4 } from '../dispatch.ts'

export interface KeyTable {
  readonly keyWords: number
  words: Int32Array
  /** Per place: 0 where it is empty. */
  values: Int32Array
  mask: number
  used: number
  /** Whose elements are there too, but for those that this table has, be it as GONE. */
  readonly under: KeyTable | undefined
}

export const GONE = -1

export const newKeyTable = (keyWords: number, elements: number, under?: KeyTable): KeyTable => {
  const places = 2 ** Math.max(3, 33 - Math.clz32(Math.max(1, elements)))
  return {
    keyWords,
    words: new Int32Array(places * keyWords),
    values: new Int32Array(places),
    mask: places - 1,
    used: 0,
    under,
  }
}

/** The place of the key at key[0 …], or the empty one where it belongs. */
export function placeOfKey({ keyWords, words, values, mask }: KeyTable, key: Int32Array): number {
  let h = 0
  for (let i = 0; i < keyWords; i++) h = hashKey4(h, key[i])
  for (let place = h & mask; ; place = (place + 1) & mask) {
    if (values[place] === 0) return place
    let same = true
    for (let i = 0; i < keyWords; i++) if (words[place * keyWords + i] !== key[i]) same = false
    if (same) return place
  }
}

/** The value of the key at key[0 …]; 0: there is no such element. */
export function valueOfKey(table: KeyTable, key: Int32Array): number {
  const value = table.values[placeOfKey(table, key)]
  if (value === 0) return table.under === undefined ? 0 : valueOfKey(table.under, key)
  return value === GONE ? 0 : value
}

/** Puts the key into its (empty) place. */
export function putKey(table: KeyTable, place: number, key: Int32Array, value: number): void {
  table.words.set(key.subarray(0, table.keyWords), place * table.keyWords)
  table.values[place] = value
  table.used++
}
