/**
 * What one node's nf_tables remember from packet to packet, plainly: connections, elements that rules added to sets, counters of numgen inc.
 */

import type { NftRule, NftRuleset, NftSet } from '../../ruleset/nft-ruleset.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { Tracker } from '../conntrack/tracker.ts'

export interface NftMemory {
  readonly tracker: Tracker
  /** Per set that rules add to: its elements by key text, with the instant at which each is gone. */
  readonly elements: Map<NftSet, Map<string, TimeUs>>
  /** Per rule with `numgen inc`: the number it gave last. */
  readonly numbers: Map<NftRule, number>
  nowUs: TimeUs
}

export function newNftMemory({ tables }: NftRuleset, tracker: Tracker): NftMemory {
  const elements: NftMemory['elements'] = new Map()
  for (const { sets } of tables)
    for (const set of sets.values()) {
      const forever = Number.POSITIVE_INFINITY
      const lives = Array.from(set.elements, ([key, { expiresMs }]): [string, TimeUs] => [
        key,
        expiresMs === undefined ? forever : expiresMs * 1_000,
      ])
      if (set.flags.includes('dynamic')) elements.set(set, new Map(lives))
    }
  return { tracker, elements, numbers: new Map(), nowUs: 0 }
}
