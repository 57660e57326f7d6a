/**
 * What every connection on a journey (journeys.ts) reads and writes: a line of 128 bytes a journey, two of the machine's cache lines, as doubles
 * and, in the same memory, as 32-bit words.
 */
import { LANES } from '../netfilter/cost/program-prices.ts'

/** Places among the doubles of a line. */
export const LINE = {
  connections: 0,
  laterPackets: 1,
  /** Rules that their nodes' orders added to `rules`, summed. */
  moved: 2,
  /** Per lane: what the first hop costs in the order as written, and each rule more that another order adds; what the second hop costs. */
  firstPs: 3,
  movedPs: 3 + LANES,
  secondPs: 3 + 2 * LANES,
  cells: 7 + 3 * LANES,
} as const

const FIRST_WORD = 2 * (3 + 3 * LANES)

/** Places among the words of a line. */
export const LINE_WORD = {
  /** Rules evaluated by a first packet: on its first hop in the order as written, on the second; by each later packet on the first (-1: none is sent). */
  rules: FIRST_WORD,
  secondRules: FIRST_WORD + 1,
  laterRules: FIRST_WORD + 2,
  /** The backend's node, where the first hop must be; or -2 minus the backend's node, where it must not be. */
  home: FIRST_WORD + 3,
  /** Dispatch id and slot where it left a segment on its first hop; -1: nowhere. */
  hit: FIRST_WORD + 4,
  slot: FIRST_WORD + 5,
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
