/**
 * What one node remembers from packet to packet, plainly: the slow twin of NodeMemory, for trace. Keys are texts that say where a match
 * stands.
 */

import type { Ruleset } from '../../ruleset/ruleset.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { Tracker } from '../conntrack/tracker.ts'
import type { PlainRecent } from './plain-recent.ts'
import { recentStamps } from './recent-stamps.ts'

export interface TraceMemory {
  readonly tracker: Tracker
  readonly recent: PlainRecent
  /** Per list: sightings kept of a client, the most that any rule asks for. */
  readonly recentStamps: ReadonlyMap<string, number>
  /** Per nth match: packets it has been asked about. */
  readonly nth: Map<string, number>
  readonly buckets: Map<string, { creditUs: number; atUs: TimeUs }>
  nowUs: TimeUs
}

export function newTraceMemory(ruleset: Ruleset, tracker: Tracker): TraceMemory {
  const stamps = new Map<string, number>()
  for (const table of ruleset.tables)
    for (const chain of table.chains.values())
      for (const { matches } of chain.rules)
        for (const m of matches)
          if (m.kind === 'recent') stamps.set(m.name, Math.max(stamps.get(m.name) ?? 0, recentStamps(m.hitcount ?? 0)))
  return { tracker, recent: new Map(), recentStamps: stamps, nth: new Map(), buckets: new Map(), nowUs: 0 }
}
