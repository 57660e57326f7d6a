/**
 * What every connection on a journey (journeys.ts) reads and writes: a line of 64 bytes a journey, as many as the machine's cache lines have, as
 * doubles and, in the same memory, as 32-bit words.
 */

/** Places among the doubles of a line. */
export const LINE = {
  connections: 0,
  laterPackets: 1,
  /** Rules that their nodes' orders added to `rules`, summed. */
  moved: 2,
  cells: 8,
} as const

const FIRST_WORD = 6

/** Places among the words of a line. */
export const LINE_WORD = {
  /** Rules evaluated on the first hop by a first packet in the order as written, and by each later packet (-1: none is sent). */
  rules: FIRST_WORD,
  laterRules: FIRST_WORD + 1,
  /** The backend's node, where the first hop must be; or -2 minus the backend's node, where it must not be. */
  home: FIRST_WORD + 2,
  /** Dispatch id and slot where it left a segment on its first hop; -1 and 0: nowhere. */
  hit: FIRST_WORD + 3,
  slot: FIRST_WORD + 4,
  /** Counter of its fare (fares.ts). */
  fare: FIRST_WORD + 5,
  /** Where the first hop masquerades: so many source tests (else -1) must say this of the node's address. */
  tests: FIRST_WORD + 6,
  signature: FIRST_WORD + 7,
  words: 2 * LINE.cells,
} as const

export interface Lines {
  readonly cells: Float64Array
  readonly words: Int32Array
}

/** Room for `count` lines, those of `lines` first. */
export function newLines(count: number, lines?: Lines): Lines {
  const cells = new Float64Array(count * LINE.cells)
  if (lines !== undefined) cells.set(lines.cells)
  return { cells, words: new Int32Array(cells.buffer) }
}
