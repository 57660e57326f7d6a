/** A growing list of 32-bit words, for the compiler; amortised constant time a word. */
export interface WordList {
  words: Int32Array
  length: number
}

export const newWordList = (): WordList => ({ words: new Int32Array(1024), length: 0 })

/** Appends one word. */
export function push(list: WordList, word: number): void {
  if (list.length === list.words.length) reserve(list, 1)
  list.words[list.length++] = word
}

/** Makes room for `count` more words. */
export function reserve(list: WordList, count: number): void {
  const needed = list.length + count
  if (needed <= list.words.length) return
  const grown = new Int32Array(Math.max(needed, 2 * list.words.length))
  grown.set(list.words.subarray(0, list.length))
  list.words = grown
}

/** The words on memory that workers share. */
export function toShared(list: WordList): Int32Array {
  const shared = new Int32Array(new SharedArrayBuffer(4 * list.length))
  shared.set(list.words.subarray(0, list.length))
  return shared
}

/** The same of words that are bytes. */
export function toSharedBytes(list: WordList): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(list.length))
  shared.set(list.words.subarray(0, list.length))
  return shared
}
