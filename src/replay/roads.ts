/**
 * Journeys (journeys.ts) by destination and way of the first hop's draw, so that a connection finds its own in two look-ups: where its backend is
 * on another node than the sender's, and no route but that of the backend's own node tells nodes apart. Filled from what other connections
 * have shown; a road that is not known yet is taken the long way.
 */

import { RUN_COUNT_MASK, type Run } from '../netfilter/draw-rows.ts'
import { BLOCK, type HopMemo } from '../netfilter/hop-records.ts'
import { newWordList, reserve, type WordList } from '../netfilter/word-list.ts'

export interface Roads {
  /** Two words a destination: its first way (0 unknown, -1 never to be taken), and the run of its draw (draw-rows.ts). */
  readonly starts: Int32Array
  /** Two words a way: its journey (0 unknown, -1 none), and the backend's node, where connections take the long way. */
  readonly ways: WordList
}

export const newRoads = (destinations: number): Roads => {
  const ways = newWordList()
  // Way 0 is none.
  ways.length = 2
  return { starts: new Int32Array(2 * destinations), ways }
}

/** Makes the ways of a destination whose block the memory knows. */
export function openRoads({ starts, ways }: Roads, destination: number, memo: HopMemo, block: number): void {
  const run: Run = memo.blocks.words[block + BLOCK.run]
  const count = run & RUN_COUNT_MASK
  reserve(ways, 2 * count)
  starts[2 * destination] = ways.length / 2
  starts[2 * destination + 1] = run
  ways.words.fill(0, ways.length, ways.length + 2 * count)
  ways.length += 2 * count
}

export const closeRoads = ({ starts }: Roads, destination: number): void => {
  starts[2 * destination] = -1
}
