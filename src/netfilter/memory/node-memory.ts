/**
 * What one node's netfilter remembers from packet to packet: connections, lists of recent clients, counters of nth, buckets of limit.
 * Made for one Program; engines of a run that has no such rules and no connection table need none.
 */
import type { TimeUs } from '../../sim/time.ts'
import type { Tracker } from '../conntrack/tracker.ts'
import type { Program } from '../program.ts'
import { RecentLists } from './recent-lists.ts'

export interface NodeMemory {
  readonly tracker: Tracker
  readonly recent: RecentLists
  /** Per nth match: packets since the one it takes. */
  readonly nth: Int32Array
  /** Per limit match: microseconds of credit, and when they were last counted. */
  readonly credit: Float64Array
  readonly creditedUs: Float64Array
  nowUs: TimeUs
}

export function newNodeMemory(program: Program, tracker: Tracker): NodeMemory {
  const { nthStarts, limitCredits, recentStamps } = program
  return {
    tracker,
    recent: new RecentLists(recentStamps),
    nth: Int32Array.from(nthStarts),
    credit: Float64Array.from(limitCredits),
    creditedUs: new Float64Array(limitCredits.length),
    nowUs: 0,
  }
}
