/**
 * How the load of a run over time falls on pods: those that were there from the start against those that came later, and the busiest
 * against the mean. Per pod that is there for a whole window; over all Services together.
 */
import { loadWindows } from '../replay/time/pod-load.ts'
import type { TimeUs } from '../sim/time.ts'
import type { PassedNodes } from './time-columns.ts'

export interface PodShares {
  /** Packets of a window by a pod of each kind, mean; NaN without such pods, or where load by pod was not kept. */
  readonly perOldPod: Float64Array
  readonly perNewPod: Float64Array
  /** Pods that came while it ran. */
  readonly newPods: number
  /** What a new pod carries of an equal share, in the last window; NaN where new pods still come then, none is left of the old ones, or there are several Service ports. */
  readonly newShareAtEnd: number
  /** From the instant when the last of them was up until they first carried 90 % of an equal share; NaN: never. */
  readonly secondsToShare: number
  /** Busiest pod over mean in the first window, and in the last. */
  readonly maxOverMeanAtStart: number
  readonly maxOverMeanAtEnd: number
}

const S = 1_000_000
const A_SHARE = 0.9

export function podShares({ plan, tallies }: PassedNodes): PodShares {
  const { windowCount, windowUs, horizonUs, traffic } = plan
  const pods = loadWindows(plan) === 0 ? [] : podTimes(plan)
  const loadOf = (pod: number, w: number): number => tallies.podLoad[pod * windowCount + w]
  const alive = (w: number): PodTimes[] =>
    pods.filter(p => p.upUs <= w * windowUs && p.goneUs >= Math.min(horizonUs, (w + 1) * windowUs))
  const meanOf = (group: readonly PodTimes[], w: number): number =>
    group.reduce((sum, p) => sum + loadOf(p.pod, w), 0) / group.length
  const isNew = (p: PodTimes): boolean => p.upUs > 0
  const windows = Array.from({ length: windowCount }, (_, w) => {
    const there = alive(w)
    const fresh = there.filter(isNew)
    return {
      old: meanOf(
        there.filter(p => !isNew(p)),
        w,
      ),
      fresh: meanOf(fresh, w),
      share: meanOf(fresh, w) / meanOf(there, w),
      maxOverMean: Math.max(...there.map(p => loadOf(p.pod, w))) / meanOf(there, w),
    }
  })
  const newcomers = pods.filter(isNew)
  const lastUpUs = Math.max(0, ...newcomers.map(p => p.upUs))
  const reached = windows.findIndex(({ share }, w) => w * windowUs >= lastUpUs && share >= A_SHARE)
  const last = windows[windowCount - 1]
  // Where pods come without end, or all are new, there is no share to grow into; pods of Services that differ in size never have equal ones.
  const canShare = traffic.rowCount === 1 && lastUpUs <= (windowCount - 1) * windowUs && last.old > 0
  return {
    perOldPod: Float64Array.from(windows, w => w.old),
    perNewPod: Float64Array.from(windows, w => w.fresh),
    newPods: newcomers.length,
    newShareAtEnd: canShare ? last.share : Number.NaN,
    secondsToShare: reached < 0 || !canShare ? Number.NaN : (reached * windowUs - lastUpUs) / S,
    maxOverMeanAtStart: windows[0].maxOverMean,
    maxOverMeanAtEnd: last.maxOverMean,
  }
}

interface PodTimes {
  readonly pod: number
  /** First up; 0: from the start. */
  readonly upUs: TimeUs
  readonly goneUs: TimeUs
}

/** Of pods that ever answered, within the horizon. */
function podTimes({ lives, podNames, horizonUs }: PassedNodes['plan']): PodTimes[] {
  const first = new Float64Array(podNames.length).fill(Infinity)
  const last = new Float64Array(podNames.length)
  lives.podOfLife.forEach((pod, life) => {
    if (pod >= podNames.length) return
    first[pod] = Math.min(first[pod], lives.upUs[life])
    last[pod] = Math.max(last[pod], Math.min(lives.terminatingUs[life], lives.downUs[life]))
  })
  return podNames.flatMap((_, pod) =>
    first[pod] < horizonUs ? [{ pod, upUs: Math.max(0, first[pod]), goneUs: last[pod] }] : [],
  )
}
