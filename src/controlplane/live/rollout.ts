/**
 * The Deployment controller's decision (pkg/controller/deployment: rolling.go): how many pods of the new template to make and which
 * old ones to delete now, so that never more than replicas + maxSurge exist and never fewer than replicas - maxUnavailable are
 * available. Pods that are being deleted count for nothing. Without old pods it is a plain scale, up or down.
 */
import type { TimeUs } from '../../sim/time.ts'

/** A pod as its controller sees it. */
export interface RolloutPod {
  readonly number: number
  readonly isNew: boolean
  readonly isBound: boolean
  /** Ready for minReadySeconds. */
  readonly isAvailable: boolean
  /** When it became ready; Infinity when it is not. */
  readonly readyUs: TimeUs
}

export interface RolloutLimits {
  readonly replicas: number
  readonly maxSurge: number
  readonly maxUnavailable: number
}

export interface RolloutStep {
  readonly createCount: number
  /** Numbers of pods. */
  readonly remove: readonly number[]
}

export function rolloutStep(pods: readonly RolloutPod[], limits: RolloutLimits): RolloutStep {
  const { replicas } = limits
  const old = pods.filter(p => !p.isNew)
  const fresh = pods.filter(p => p.isNew)
  if (fresh.length > replicas || old.length === 0)
    return {
      createCount: Math.max(0, replicas - pods.length),
      remove: leastWanted(fresh, fresh.length - replicas),
    }
  const createCount = Math.min(replicas - fresh.length, Math.max(0, replicas + limits.maxSurge - pods.length))
  return { createCount, remove: removableOld(old, fresh, limits) }
}

/** Old pods that are not available go first: nobody misses them. Then as many as the available ones allow. */
function removableOld(
  old: readonly RolloutPod[],
  fresh: readonly RolloutPod[],
  { replicas, maxUnavailable }: RolloutLimits,
): readonly number[] {
  const least = replicas - maxUnavailable
  const freshAvailable = fresh.filter(p => p.isAvailable).length
  const freshUnavailable = fresh.length - freshAvailable
  const most = old.length + fresh.length - least - freshUnavailable
  if (most <= 0) return []
  const unavailable = old.filter(p => !p.isAvailable)
  const cleaned = leastWanted(unavailable, Math.min(most, unavailable.length))
  const available = old.filter(p => p.isAvailable)
  const scaledDown = leastWanted(available, Math.max(0, available.length + freshAvailable - least))
  return [...cleaned, ...scaledDown]
}

/**
 * The order in which a ReplicaSet gives pods up (controller.ActivePodsWithRanks, without ranks of nodes, costs and restarts): without a
 * node first, then not ready, then ready for the shortest time, then the youngest.
 */
function leastWanted(pods: readonly RolloutPod[], count: number): readonly number[] {
  if (count <= 0) return []
  return [...pods]
    .sort(
      (a, b) =>
        Number(a.isBound) - Number(b.isBound) ||
        (a.readyUs === b.readyUs ? 0 : b.readyUs - a.readyUs) ||
        b.number - a.number,
    )
    .slice(0, count)
    .map(p => p.number)
}

/** A share (`25%` or a count) of the replicas in whole pods, percentages rounded up for surge and down for unavailability. */
export function shareOf(share: number | string, replicas: number, round: 'up' | 'down'): number {
  if (typeof share === 'number') return share
  const exact = (Number.parseInt(share, 10) * replicas) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}

/** maxSurge and maxUnavailable in pods; both 0 would never move, so one may then be missing (ResolveFenceposts). */
export function rolloutLimits(
  replicas: number,
  maxSurge: number | string,
  maxUnavailable: number | string,
): RolloutLimits {
  const surge = shareOf(maxSurge, replicas, 'up')
  const unavailable = shareOf(maxUnavailable, replicas, 'down')
  return { replicas, maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}
