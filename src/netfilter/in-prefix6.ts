/** 1 when the address lies in the prefix whose mask and value begin at `at`, else 0. */
export const inPrefix6 = (code: Int32Array, at: number, words: Uint32Array): number =>
  (words[0] & code[at]) === code[at + 4] &&
  (words[1] & code[at + 1]) === code[at + 5] &&
  (words[2] & code[at + 2]) === code[at + 6] &&
  (words[3] & code[at + 3]) === code[at + 7]
    ? 1
    : 0
