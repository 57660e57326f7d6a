/**
 * A worker's shift: takes jobs from a shared counter until none is left, then hands over its tallies, once. How jobs fall to workers
 * depends on the machine's mood; sums of integers do not. Light on purpose: it loads no library.
 */
import type { MessagePort } from 'node:worker_threads'
import { type Burst, type BurstPart, type BurstTallies, countBurst, foldBurst } from './burst.ts'
import { jobReplayer } from './job-replayer.ts'
import type { Job } from './jobs.ts'
import type { ReplayPlan } from './replay-plan.ts'
import type { Tallies } from './tallies.ts'
import { TimePasser, timeJobCount } from './time/pass-time.ts'
import type { TimeTallies } from './time/time-tallies.ts'
import type { TimedPlan } from './time/timed-plan.ts'

export interface Shift {
  readonly plan: ReplayPlan
  readonly jobs: readonly Job[]
  /** Shared by all workers of a run; cells by CONTROL. */
  readonly control: Int32Array
  /** Told after every job. */
  readonly progress: MessagePort
}

export const CONTROL = {
  /** Number of the next job to take. */
  next: 0,
  /** Not 0: stop after the job at hand. */
  stop: 1,
} as const

export function shift({ plan, jobs, control, progress }: Shift): Tallies {
  const replayer = jobReplayer(plan)
  while (Atomics.load(control, CONTROL.stop) === 0) {
    const next = Atomics.add(control, CONTROL.next, 1)
    if (next >= jobs.length) break
    replayer.replay(jobs[next])
    progress.postMessage(null)
  }
  progress.close()
  return replayer.finish()
}

export interface TimeShift {
  readonly plan: TimedPlan
  readonly control: Int32Array
  readonly progress: MessagePort
}

/** The same for passes 2 and 4 of a run over time. */
export function timeShift({ plan, control, progress }: TimeShift): TimeTallies {
  const passer = new TimePasser(plan)
  const jobs = timeJobCount(plan)
  while (Atomics.load(control, CONTROL.stop) === 0) {
    const job = Atomics.add(control, CONTROL.next, 1)
    if (job >= jobs) break
    passer.pass(job)
    progress.postMessage(null)
  }
  progress.close()
  return passer.tallies
}

/** A worker's part of a burst: takes pieces from a shared counter until none is left. */
export const countShift = ({ burst, control }: { readonly burst: Burst; readonly control: Int32Array }): BurstPart =>
  countBurst(burst, () => Atomics.add(control, CONTROL.next, 1))

/** A worker's part of the ways, once all connections are counted. */
export const foldShift = (fold: {
  readonly burst: Burst
  readonly cells: Uint32Array
  readonly from: number
  readonly to: number
}): BurstTallies => foldBurst(fold.burst, fold.cells, fold.from, fold.to)
