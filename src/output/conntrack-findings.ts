/** What connection tables that may fill made of a run over time, in sentences. Nothing is escaped here. */
import type { ColumnTable } from '../arrow/column-table.ts'
import { numbersOf } from './column-values.ts'
import { countText, percentText } from './number-text.ts'

/** Nothing where tables never fill. */
export function conntrackSentences(metrics: Readonly<Record<string, number>>): readonly string[] {
  const max = metrics['conntrack.max']
  if (max === undefined) return []
  const [peak, dropped, share] = ['peakEntries', 'dropped', 'droppedShare'].map(name => metrics[`conntrack.${name}`])
  const room = `the fullest had ${countText(peak)} at a time`
  return [
    dropped === 0
      ? `A node's connection table has room for ${countText(max)} entries; ${room}, and nothing was dropped for it.`
      : `A node's connection table has room for ${countText(max)} entries; ${room}, and ${countText(dropped)} connections (${percentText(share)}) lost a packet to a full one.`,
  ]
}

/** Along a sweep: from which rate on a table is full, and what is lost at the highest. */
export function conntrackSweepSentences(
  horizonS: number,
  metrics: Readonly<Record<string, number>>,
  sweep: ColumnTable,
): readonly string[] {
  if (!hasConntrack(sweep)) return []
  const [connections, share] = ['connections', 'conntrackDroppedShare'].map(c => numbersOf(sweep, c))
  const rate = (step: number): string => `${countText(Math.round(connections[step] / horizonS))}`
  const steps = Array.from(share, (_, step) => step).sort((a, b) => connections[a] - connections[b])
  const full = steps.findIndex(step => share[step] > 0)
  const fastest = steps[steps.length - 1]
  const verdict =
    full < 0
      ? `it never fills, up to ${rate(fastest)} new connections a second`
      : `it fills at ${rate(steps[full])} new connections a second${full === 0 ? '' : ` (at ${rate(steps[full - 1])} it does not)`}, and at ${rate(fastest)} ${percentText(share[fastest])} of them are lost`
  return [`A node's connection table has room for ${countText(metrics['conntrack.max'])} entries: ${verdict}.`]
}

export const hasConntrack = (sweep: ColumnTable): boolean => sweep.columns.some(c => c.name === 'conntrackDroppedShare')
