/**
 * Runs a replay on worker threads, or in this one (0 workers): the same jobs and code, the same bytes. Threads are started once and
 * serve every replay of a sweep. Each worker takes jobs from a shared counter and returns its tallies once, so neither the plan nor
 * the counters of 262,000 rules cross threads more than once a worker.
 * Ctrl-C stops every worker after the job at hand. This file alone imports piscina.
 */
import { extname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Piscina } from 'piscina'
import type { Problem } from '../problem/problem.ts'
import { badUsage, ioFailed } from '../problem/problem.ts'
import { addBurst, type Burst, type BurstPart, type BurstTallies, countBurst, foldBurst } from './burst.ts'
import { jobReplayer } from './job-replayer.ts'
import { jobsOf } from './jobs.ts'
import type { ReplayPlan } from './replay-plan.ts'
import type { Tallies } from './tallies.ts'
import { mergeTallies } from './tallies.ts'
import { TimePasser, timeJobCount } from './time/pass-time.ts'
import { mergeTimeTallies, type TimeTallies } from './time/time-tallies.ts'
import type { TimedPlan } from './time/timed-plan.ts'
import type { Shift, TimeShift } from './worker.ts'
import { CONTROL } from './worker.ts'

export interface ReplayOptions {
  /** Told as jobs finish; the last call has doneJobs = jobs. */
  readonly onProgress?: (doneJobs: number, jobs: number) => void
  readonly signal?: AbortSignal
}

export interface ReplayPool {
  /** Interrupted when the signal fires first; IoFailed when a worker dies (out of memory). Rejects on a broken invariant only. */
  replay(plan: ReplayPlan, options?: ReplayOptions): TE.TaskEither<Problem, Tallies>
  /** Passes 2 and 4 of a run over time, with the same problems. */
  passTime(plan: TimedPlan, options?: ReplayOptions): TE.TaskEither<Problem, TimeTallies>
  /** Rejects when a worker dies. */
  send(burst: Burst): Promise<BurstTallies>
}

const MAX_WORKERS = 256

/** Starts `workers` threads (0: none), hands the pool to `use`, and ends the threads whatever became of it. */
export function withPool<A>(
  workers: number,
  use: (pool: ReplayPool) => TE.TaskEither<Problem, A>,
): TE.TaskEither<Problem, A> {
  return async () => {
    if (!Number.isInteger(workers) || workers < 0 || workers > MAX_WORKERS)
      return E.left(badUsage(`${workers} workers cannot be started`, `use a whole number from 0 to ${MAX_WORKERS}`))
    if (workers === 0) return use({ replay: replayHere, passTime: passHere, send: sendHere })()
    const threads = await startThreads(workers)
    try {
      return await use({
        replay: (plan, options) => () => replayOn(threads, workers, plan, options),
        passTime: (plan, options) => () => passOn(threads, workers, plan, options),
        send: burst => sendOn(threads, workers, burst),
      })()
    } finally {
      await threads.destroy()
    }
  }
}

async function startThreads(workers: number): Promise<Piscina> {
  const { Piscina } = await import('piscina')
  return new Piscina({
    // worker.ts here, worker.js in the package.
    filename: new URL(`./worker${extname(import.meta.filename)}`, import.meta.url).href,
    name: 'shift',
    minThreads: workers,
    maxThreads: workers,
    recordTiming: false,
  })
}

const replayHere: ReplayPool['replay'] =
  (plan, { onProgress, signal } = {}) =>
  async () => {
    const replayer = jobReplayer(plan)
    const jobs = jobsOf(plan.traffic)
    for (const [j, job] of jobs.entries()) {
      // Lets a signal or a progress line in between jobs.
      await setImmediate()
      if (signal?.aborted) return E.left({ _tag: 'Interrupted' })
      replayer.replay(job)
      onProgress?.(j + 1, jobs.length)
    }
    return E.right(mergeTallies(plan, [replayer.finish()]))
  }

const passHere: ReplayPool['passTime'] =
  (plan, { onProgress, signal } = {}) =>
  async () => {
    const passer = new TimePasser(plan)
    const jobs = timeJobCount(plan)
    for (let job = 0; job < jobs; job++) {
      await setImmediate()
      if (signal?.aborted) return E.left({ _tag: 'Interrupted' })
      passer.pass(job)
      onProgress?.(job + 1, jobs)
    }
    return E.right(passer.tallies)
  }

const sendHere: ReplayPool['send'] = async burst => {
  let piece = 0
  const { cells, missed } = countBurst(burst, () => piece++)
  const whole = foldBurst(burst, cells, 0, cells.length)
  if (missed !== undefined) addBurst(whole, missed)
  return whole
}

/** Each worker counts, then each folds a part of what all have counted. */
async function sendOn(threads: Pick<Piscina, 'run'>, workers: number, burst: Burst): Promise<BurstTallies> {
  const control = new Int32Array(new SharedArrayBuffer(8))
  const { wayCount } = burst.table
  const parts: BurstPart[] = await Promise.all(
    Array.from({ length: workers }, () => threads.run({ burst, control }, { name: 'countShift' })),
  )
  const cells = new Uint32Array(new SharedArrayBuffer(4 * wayCount))
  for (const part of parts) for (let way = 0; way < part.cells.length; way++) cells[way] += part.cells[way]
  const bound = (w: number): number => Math.floor((wayCount * w) / workers)
  const folds: BurstTallies[] = await Promise.all(
    parts.map((_, w) => threads.run({ burst, cells, from: bound(w), to: bound(w + 1) }, { name: 'foldShift' })),
  )
  const [whole, ...others] = folds
  for (const { missed } of parts) if (missed !== undefined) others.push(missed)
  for (const part of others) addBurst(whole, part)
  return whole
}

/** Exported for the tests of workers that die. */
export async function replayOn(
  threads: Pick<Piscina, 'run'>,
  workers: number,
  plan: ReplayPlan,
  options: ReplayOptions = {},
): Promise<E.Either<Problem, Tallies>> {
  const jobs = jobsOf(plan.traffic)
  const parts = await inShifts(workers, jobs.length, options, (control, progress): Promise<Tallies> => {
    const task: Shift = { plan, jobs, control, progress }
    return threads.run(task, { transferList: [progress] })
  })
  return E.map((all: readonly Tallies[]) => mergeTallies(plan, all))(parts)
}

async function passOn(
  threads: Pick<Piscina, 'run'>,
  workers: number,
  plan: TimedPlan,
  options: ReplayOptions = {},
): Promise<E.Either<Problem, TimeTallies>> {
  const parts = await inShifts(workers, timeJobCount(plan), options, (control, progress): Promise<TimeTallies> => {
    const task: TimeShift = { plan, control, progress }
    return threads.run(task, { name: 'timeShift', transferList: [progress] })
  })
  return E.map((all: readonly TimeTallies[]) => mergeTimeTallies(plan, all))(parts)
}

/** One shift a worker, all of them at one counter of jobs. */
async function inShifts<T>(
  workers: number,
  jobCount: number,
  { onProgress, signal }: ReplayOptions,
  begin: (control: Int32Array, progress: MessagePort) => Promise<T>,
): Promise<E.Either<Problem, readonly T[]>> {
  const control = new Int32Array(new SharedArrayBuffer(8))
  const stop = (): void => {
    Atomics.store(control, CONTROL.stop, 1)
  }
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  let done = 0
  let told = 0
  const tell = (): void => {
    told++
    // This thread may have been busy: words of jobs wait, but all that were taken and are not at hand are done.
    const known = Math.min(jobCount, Math.max(told, Atomics.load(control, CONTROL.next) - workers))
    if (known <= done) return
    done = known
    onProgress?.(done, jobCount)
  }
  const shifts = Array.from({ length: workers }, async () => {
    const { port1, port2 } = new MessageChannel()
    port1.on('message', tell)
    try {
      return await begin(control, port2)
    } catch (error) {
      // The others would work on for nothing.
      stop()
      throw error
    } finally {
      port1.close()
    }
  })
  const ended = await Promise.allSettled(shifts)
  signal?.removeEventListener('abort', stop)
  if (signal?.aborted) return E.left({ _tag: 'Interrupted' })
  const failed = ended.find(e => e.status === 'rejected')
  if (failed !== undefined) return E.left(problemOfDeath(failed.reason))
  // A worker's last words may be lost with its port: what was not told one by one is told at once.
  if (done < jobCount) {
    done = jobCount
    onProgress?.(done, jobCount)
  }
  return E.right(ended.flatMap(e => (e.status === 'fulfilled' ? [e.value] : [])))
}

/** A thread that died for want of memory is the machine's word; anything else is a broken invariant and goes on upwards. */
function problemOfDeath(cause: unknown): Problem {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const exited = cause instanceof Error && cause.message.startsWith('worker exited')
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY' && !exited) throw cause
  return ioFailed('replay worker', 'go on', String(cause), 'use fewer workers or a smaller scenario')
}
