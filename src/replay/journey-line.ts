/** The words of a journey (journeys.ts) that every connection on it reads and writes, side by side for the cache. */
import { LANES } from '../netfilter/cost/program-prices.ts'

export const LINE = {
  connections: 0,
  laterPackets: 1,
  /** Rules that their nodes' orders added to `rules`, summed. */
  moved: 2,
  /** Rules evaluated by a first packet: on its first hop in the order as written, on the second; by each later packet on the first (-1: none is sent). */
  rules: 3,
  secondRules: 4,
  laterRules: 5,
  /** Dispatch id x 2^26 + slot where it left a segment on its first hop; -1: nowhere. */
  hit: 6,
  /** The backend's node, where the first hop must be; or -2 minus the backend's node, where it must not be. */
  home: 7,
  /** What source tests must say of the node's address where the first hop masquerades: their number x 2^31 + signature; else -1. */
  signature: 8,
  /** Per lane: what the first hop costs in the order as written, and each rule more that another order adds; what the second hop costs. */
  firstPs: 9,
  movedPs: 9 + LANES,
  secondPs: 9 + 2 * LANES,
  words: 9 + 3 * LANES,
} as const
