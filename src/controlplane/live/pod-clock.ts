/**
 * When a kubelet does what to a pod: pure arithmetic on instants. Probes come at whole periods after the container's start and the initial
 * delay; a pod is ready with the last of `successThreshold` successes, and not ready with the last of `failureThreshold` failures.
 * Deviations: a probe takes no time; the probe worker keeps no jitter of its own.
 */
import type { TimeUs } from '../../sim/time.ts'

export interface Probe {
  readonly initialDelayUs: TimeUs
  /** Above 0. */
  readonly periodUs: TimeUs
  readonly successThreshold: number
  readonly failureThreshold: number
}

/** When the probe of a container that started at `startUs` and answers from `upUs` on has succeeded often enough. */
export const probedReadyUs = (probe: Probe, startUs: TimeUs, upUs: TimeUs): TimeUs =>
  probeAtOrAfter(probe, startUs, upUs) + (probe.successThreshold - 1) * probe.periodUs

/** When the probe of a container that started at `startUs` and stopped answering at `downUs` has failed often enough. */
export const probedUnreadyUs = (probe: Probe, startUs: TimeUs, downUs: TimeUs): TimeUs =>
  probeAtOrAfter(probe, startUs, downUs) + (probe.failureThreshold - 1) * probe.periodUs

export interface Termination {
  /** SIGTERM; the preStop hook is over or was cut short. */
  readonly signalUs: TimeUs
  /** No new connections from here on. */
  readonly downUs: TimeUs
  /** The process has ended, by itself or by SIGKILL. */
  readonly goneUs: TimeUs
}

/** What a preStop hook that uses up the grace period is left with (kubelet: minimumGracePeriodInSeconds). */
const LEAST_GRACE_US = 2_000_000

/**
 * How a container goes down whose deletion the kubelet learned of at `heardUs`. The grace period runs from there and covers the hook; a hook
 * that takes all of it leaves SIGTERM two seconds. A grace period of 0 kills at once.
 */
export function terminate(
  heardUs: TimeUs,
  { preStopUs, graceUs }: { readonly preStopUs: TimeUs; readonly graceUs: TimeUs },
  closeListenerUs: TimeUs,
  exitUs: TimeUs,
): Termination {
  const signalUs = heardUs + Math.min(preStopUs, graceUs)
  const left = graceUs - (signalUs - heardUs)
  const killUs = signalUs + (graceUs === 0 ? 0 : preStopUs === 0 ? left : Math.max(left, LEAST_GRACE_US))
  const goneUs = Math.min(signalUs + exitUs, killUs)
  return { signalUs, downUs: Math.min(signalUs + closeListenerUs, goneUs), goneUs }
}

/** Wait before restart number `restart` (from 0) of a crashing container: none, then the first back-off, doubled each time up to the longest. */
export const crashBackOffUs = (restart: number, firstUs: TimeUs, longestUs: TimeUs): TimeUs =>
  restart === 0 ? 0 : Math.min(longestUs, firstUs * 2 ** (restart - 1))

function probeAtOrAfter({ initialDelayUs, periodUs }: Probe, startUs: TimeUs, timeUs: TimeUs): TimeUs {
  const firstUs = startUs + initialDelayUs
  return firstUs + Math.max(0, Math.ceil((timeUs - firstUs) / periodUs)) * periodUs
}
