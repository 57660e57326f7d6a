/** How full the nodes' connection tables became in a run over time, and what was lost for it. */
import { CAUSE, CAUSES } from '../replay/time/outcome.ts'
import type { TimeTallies } from '../replay/time/time-tallies.ts'
import type { TimedPlan } from '../replay/time/timed-plan.ts'

export interface ConntrackHead {
  /** nf_conntrack_max of every node. */
  readonly max: number
  /** Of the fullest table. */
  readonly peakEntries: number
  /** Entries given up for others. */
  readonly earlyDrops: number
  /** Connections that lost a packet to a full table, and their share of all. */
  readonly dropped: number
  readonly droppedShare: number
}

/** undefined: tables never fill in this run. */
export function conntrackHead(
  { conntrack }: TimedPlan,
  { connections, nodes }: TimeTallies,
): ConntrackHead | undefined {
  if (conntrack === null) return undefined
  let [all, dropped] = [0, 0]
  connections.forEach((count, cell) => {
    all += count
    if (cell % CAUSES === CAUSE.tableFull) dropped += count
  })
  return {
    max: conntrack.max,
    peakEntries: nodes.peakEntries.reduce((a, b) => Math.max(a, b), 0),
    earlyDrops: nodes.earlyDrops.reduce((a, b) => a + b, 0),
    dropped,
    droppedShare: all === 0 ? Number.NaN : dropped / all,
  }
}

export const conntrackMetrics = (head: ConntrackHead): Record<string, number> =>
  Object.fromEntries(Object.entries(head).map(([name, value]) => [`conntrack.${name}`, value]))
