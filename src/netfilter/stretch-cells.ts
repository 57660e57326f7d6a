/**
 * The remembered walks of stretch.ts: a hash table from a packet's state to what the stretch does with it, and how many packets took it
 * since the counters were last folded.
 */

import { LANES } from './cost/program-prices.ts'

export interface StretchCells {
  /** CELL_WORDS a cell; open addressing over CELL_COUNT of them. */
  readonly words: Int32Array
  /** Packets not yet in the counters. */
  readonly weights: Float64Array
  /** What the rules of each cell's walk cost, per lane (engine.costPs). */
  readonly costPs: Float64Array
  used: number
  /** The cells in use, in the order of their first packets. */
  readonly places: Int32Array
}

/** The first three words are the key. */
export const CELL = {
  /** View and STRETCH, plus 1: 0 marks an empty cell. */
  place: 0,
  /** Interfaces, conntrack state, and whether nat is consulted. */
  state: 1,
  mark: 2,
  fate: 3,
  rules: 4,
  natRules: 5,
  markAfter: 6,
  /** How the stretch ends: 1 + natPorts index in a MASQUERADE, -1 - REJECT_KINDS index in a REJECT, else 0. */
  ending: 7,
} as const

export const CELL_WORDS = 8

const CELL_COUNT = 8192

export const newStretchCells = (): StretchCells => ({
  words: new Int32Array(CELL_COUNT * CELL_WORDS),
  weights: new Float64Array(CELL_COUNT),
  costPs: new Float64Array(LANES * CELL_COUNT),
  used: 0,
  places: new Int32Array(CELL_COUNT),
})

/** The cell of a key, or the empty one where it belongs. There is always an empty one, as the table is emptied in time. */
export function findCell({ words }: StretchCells, place: number, state: number, mark: number): number {
  let h = Math.imul(place ^ Math.imul(state, 0x9e3779b1), 0x21f0aaad) ^ mark
  h = Math.imul(h ^ (h >>> 15), 0xd35a2d97)
  for (let cell = (h ^ (h >>> 15)) & (CELL_COUNT - 1); ; cell = (cell + 1) & (CELL_COUNT - 1)) {
    const at = cell * CELL_WORDS
    const taken = words[at]
    if (taken === 0 || (taken === place && words[at + 1] === state && words[at + 2] === mark)) return cell
  }
}

/** Time to empty the table: one packet takes at most six more cells. */
export const isFull = (cells: StretchCells): boolean => cells.used > CELL_COUNT / 2
