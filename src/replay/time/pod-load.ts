/**
 * Packets that reached each pod, window by window: who carries the load, and how soon a new pod gets its share. Kept while pods times windows
 * are few enough for a picture; else there is no column at all.
 */
import type { TimeUs } from '../../sim/time.ts'
import type { TimedPlan } from './timed-plan.ts'

const MOST_CELLS = 2 ** 20

/** Windows a pod; 0: none are kept. */
export const loadWindows = ({ podNames, windowCount }: Pick<TimedPlan, 'podNames' | 'windowCount'>): number =>
  podNames.length * windowCount <= MOST_CELLS ? windowCount : 0

/** Packets `from` to `to` (excluded) of a flow that began at `startUs`, at equal distances. */
export interface PacketStretch {
  readonly from: number
  readonly to: number
  readonly startUs: TimeUs
  readonly gapUs: number
}

/** `load`: windowCount cells a pod, or none. A pod without a number counts nowhere, nor does what comes after the horizon. */
export function addPodLoad(
  { windowUs, windowCount, podNames }: TimedPlan,
  load: Float64Array,
  pod: number,
  { from, to, startUs, gapUs }: PacketStretch,
): void {
  if (load.length === 0 || pod >= podNames.length) return
  const row = pod * windowCount
  const timeOf = (packet: number): number => startUs + packet * gapUs
  for (let next = from; next < to; ) {
    const window = Math.floor(timeOf(next) / windowUs)
    if (window >= windowCount) return
    const endUs = (window + 1) * windowUs
    const after = gapUs === 0 ? to : Math.min(to, Math.max(next + 1, Math.ceil((endUs - startUs) / gapUs)))
    load[row + window] += after - next
    next = after
  }
}
