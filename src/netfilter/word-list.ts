/** A growing list of numbers of one kind, 32-bit words mostly, for the compiler; amortised constant time a number. */
export interface NumberList<A extends Numbers> {
  words: A
  length: number
}

export type Numbers = Int32Array | Uint8Array | Uint16Array | Float64Array

export type WordList = NumberList<Int32Array>

export const newWordList = (): WordList => newNumberList(Int32Array)

export const newNumberList = <A extends Numbers>(kind: new (length: number) => A): NumberList<A> => ({
  words: new kind(1024),
  length: 0,
})

/** Appends one word. */
export function push(list: WordList, word: number): void {
  if (list.length === list.words.length) reserve(list, 1)
  list.words[list.length++] = word
}

/** The same of lists of other kinds; apart, as a place that sees one kind of array alone is faster. */
export function pushNumber(list: NumberList<Numbers>, number: number): void {
  if (list.length === list.words.length) reserve(list, 1)
  list.words[list.length++] = number
}

/** Makes room for `count` more. */
export function reserve(list: NumberList<Numbers>, count: number): void {
  const needed = list.length + count
  if (needed <= list.words.length) return
  list.words = grown(list.words, needed)
}

/** A copy with room for at least `length` numbers, and twice as many as before. */
export function grown<A extends Numbers>(words: A, length: number): A {
  const copy = new (words.constructor as new (length: number) => A)(Math.max(length, 2 * words.length))
  copy.set(words)
  return copy
}

/** The numbers on memory that workers share. */
export function toShared<A extends Numbers>({ words, length }: NumberList<A>): A {
  const kind = words.constructor as new (buffer: SharedArrayBuffer) => A
  const shared = new kind(new SharedArrayBuffer(words.BYTES_PER_ELEMENT * length))
  shared.set(words.subarray(0, length))
  return shared
}
