/**
 * One run, read from top to bottom: cluster, rules and traffic, replay, result. A sweep is the same run once for every value of one
 * key, on the same worker threads; its tables are those of the last step, with one row a step beside them.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ByteSink, LogParts } from '../eventlog/byte-store.ts'
import { MemoryBytes } from '../eventlog/memory-bytes.ts'
import type { CostProfiles } from '../netfilter/cost/cost-profile.ts'
import { aheadOfTallies } from '../output/ahead-of-tallies.ts'
import { assembleResult } from '../output/assemble-result.ts'
import { countText } from '../output/number-text.ts'
import { makePacketPaths } from '../output/paths/make-packet-paths.ts'
import type { PacketPaths } from '../output/paths/packet-paths.ts'
import type { RunResult, SweepColumns } from '../output/run-result.ts'
import { sweepColumns } from '../output/sweep-columns.ts'
import type { PassedNodes } from '../output/time-columns.ts'
import { badInput, type Problem, quoted } from '../problem/problem.ts'
import { type PlannedRun, planRun } from '../replay/plan-run.ts'
import { type ReplayPool, withPool } from '../replay/pool.ts'
import { apiBytes } from '../replay/time/api-bytes.ts'
import { planTime } from '../replay/time/plan-time.ts'
import { checkScenario, type ScenarioSource } from '../scenario/decode-scenario.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { parsePath, withSetting } from '../scenario/set-path.ts'
import { SYNC_TOOL_OF_MODE } from '../scenario/sync-profile.ts'
import type { ScenarioFiles } from './load-scenario.ts'
import { type PreparedCluster, prepareCluster } from './prepare-cluster.ts'
import type { Progress, Work } from './progress.ts'
import { readSyncProfile } from './read-sync-profiles.ts'
import { usualWorkers } from './usual-workers.ts'

export interface RunInput {
  readonly source: ScenarioSource
  readonly files: ScenarioFiles
  /** Absent: as many as the work is worth. */
  readonly workers?: number
  /** Where the event log goes. */
  readonly log: LogParts<ByteSink>
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Prices for nanoseconds. */
  readonly profiles: CostProfiles
}

export interface RunOutcome {
  readonly result: RunResult
  readonly sweep?: SweepColumns
  /** For the path of a packet in the report; of a sweep's last step. */
  readonly paths: Omit<PacketPaths, 'digest'>
  readonly warnings: readonly string[]
  /** Wall time by phase, in ms. */
  readonly wall: Readonly<Record<string, number>>
}

export const runScenario = (input: RunInput): TE.TaskEither<Problem, RunOutcome> =>
  pipe(
    TE.fromEither(scenarioSteps(input.source)),
    TE.chain(steps =>
      withPool(input.workers ?? usualWorkers(steps.map(step => step.scenario)), pool => runSteps(input, steps, pool)),
    ),
  )

interface Step {
  readonly scenario: Scenario
  readonly value: number
}

/** The scenario itself, or one for every value of its sweep. */
function scenarioSteps({ file, written, scenario }: ScenarioSource): E.Either<Problem, readonly Step[]> {
  if (scenario.sweep === undefined) return E.right([{ scenario, value: Number.NaN }])
  const { path: text, values } = scenario.sweep
  const path = parsePath(text)
  const place = { file, field: 'sweep.path' }
  if (path === undefined)
    return E.left(badInput(place, `${quoted(text)} is no path`, 'write keys as cluster.workloads[0].replicas'))
  return E.sequenceArray(
    values.map(value =>
      pipe(
        withSetting(written, { path, value }),
        E.chain(step => checkScenario(step, { file })),
        E.map(checked => ({ scenario: checked, value })),
      ),
    ),
  )
}

const runSteps =
  (input: RunInput, steps: readonly Step[], pool: ReplayPool): TE.TaskEither<Problem, RunOutcome> =>
  async () => {
    const wall: Record<string, number> = {}
    const results: RunResult[] = []
    const warnings = new Set<string>()
    let paths: StepOutcome['paths'] = () => {
      throw new Error('a run without steps')
    }
    for (const [i, { scenario, value }] of steps.entries()) {
      const last = i === steps.length - 1
      const label = steps.length === 1 ? '' : `step ${i + 1} of ${steps.length} (${value}): `
      const step = await runStep({ ...input, log: last ? input.log : throwAway() }, scenario, pool, wall, label)()
      if (E.isLeft(step)) return step
      results.push(step.right.result)
      paths = step.right.paths
      for (const warning of step.right.warnings) warnings.add(warning)
    }
    const { sweep } = input.source.scenario
    return E.right({
      result: results[results.length - 1],
      ...(sweep === undefined ? {} : { sweep: sweepColumns(sweep, results) }),
      paths: paths(),
      warnings: [...warnings],
      wall,
    })
  }

interface StepOutcome {
  readonly result: RunResult
  readonly warnings: readonly string[]
  /** Made when asked for: of the last step alone. */
  readonly paths: () => RunOutcome['paths']
}

const runStep = (
  { files, log, progress, signal, profiles }: RunInput,
  scenario: Scenario,
  pool: ReplayPool,
  wall: Record<string, number>,
  label: string,
): TE.TaskEither<Problem, StepOutcome> => {
  const timed = stopwatch(wall)
  return pipe(
    phase(progress, signal, `${label}making the cluster`),
    TE.chainEitherK(() => timed('clusterMs', () => prepareCluster(scenario, files, log))),
    TE.bindTo('cluster'),
    TE.chainFirst(() => phase(progress, signal, `${label}writing and compiling the rules of every node`)),
    TE.bind('run', ({ cluster }) => TE.fromEither(timed('rulesMs', () => planRun(cluster.state, scenario, profiles)))),
    TE.chainFirst(({ run }) =>
      phase(progress, signal, `${label}replaying ${countText(run.plan.traffic.connections)} connections`, {
        total: run.plan.traffic.connections,
        unit: 'connections',
      }),
    ),
    TE.bind('replayed', ({ run }) =>
      timedTask(
        wall,
        'replayMs',
        meanwhile(pool.replay(run.plan, { signal, onProgress: (done, jobs) => progress.part(done / jobs) }), () => {
          // The report's modules come while this thread has little to do; who needs them hears if they cannot.
          import('../output/html-report.ts').catch(() => undefined)
          return aheadOfTallies(run)
        }),
      ),
    ),
    TE.bind('passed', ({ cluster, run }) => passTime(scenario, cluster, run, { pool, progress, signal, wall, label })),
    TE.chainFirst(() => phase(progress, signal, `${label}adding up`)),
    TE.map(({ cluster: { state, events, warnings }, run, replayed: [tallies, ahead], passed }) => {
      const known = { scenario, state, events, run, tallies, ahead, profiles }
      const finished = { ...known, ...(passed === undefined ? {} : { passed }) }
      const result = timed('resultMs', () => assembleResult(finished))
      return {
        result,
        paths: () => timed('pathsMs', () => makePacketPaths(finished, result.services)),
        warnings: [
          ...warnings,
          ...run.plan.traffic.silent.map(s => `traffic.sources.${SOURCES[s.asked]} sends nothing: ${s.why}`),
        ],
      }
    }),
  )
}

interface Passing {
  readonly pool: ReplayPool
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly wall: Record<string, number>
  readonly label: string
}

/** Passes 2 and 4 of a run over time; nothing to do without. */
function passTime(
  scenario: Scenario,
  { simulated, proxied }: PreparedCluster,
  run: PlannedRun,
  { pool, progress, signal, wall, label }: Passing,
): TE.TaskEither<Problem, PassedNodes | undefined> {
  const { time } = scenario
  if (time === undefined || simulated === undefined) return TE.right(undefined)
  return pipe(
    phase(progress, signal, `${label}every node's own view in time`),
    TE.chain(() => readSyncProfile(scenario.proxy.syncTool ?? SYNC_TOOL_OF_MODE[run.config.mode])),
    TE.chainEitherK(prices =>
      stopwatch(wall)('versionsMs', () => planTime(scenario, time, { ...simulated, events: proxied }, run, prices)),
    ),
    TE.bindTo('plan'),
    TE.bind('tallies', ({ plan }) =>
      timedTask(
        wall,
        'timeMs',
        pool.passTime(plan, { signal, onProgress: (done, jobs) => progress.part(done / jobs) }),
      ),
    ),
    TE.map(passed => ({ ...passed, apiBytes: apiBytes(proxied, passed.plan) })),
  )
}

/** Classes of traffic in the order plan-run.ts asks for them. */
const SOURCES = ['pod', 'node', 'outside'] as const

/** Says what comes next, and lets Ctrl-C in before it. */
const phase =
  (progress: Progress, signal: AbortSignal, text: string, work?: Work): TE.TaskEither<Problem, void> =>
  async () => {
    progress.phase(text, work)
    await new Promise(resolve => setImmediate(resolve))
    return signal.aborted ? E.left({ _tag: 'Interrupted' }) : E.right(undefined)
  }

const stopwatch =
  (wall: Record<string, number>) =>
  <T>(name: string, work: () => T): T => {
    const start = performance.now()
    const value = work()
    wall[name] = (wall[name] ?? 0) + performance.now() - start
    return value
  }

/** What `task` answers, and what `work` made while it ran. */
const meanwhile =
  <A, B>(task: TE.TaskEither<Problem, A>, work: () => B): TE.TaskEither<Problem, readonly [A, B]> =>
  async () => {
    const running = task()
    const made = work()
    return E.map((answer: A) => [answer, made] as const)(await running)
  }

const timedTask =
  <T>(wall: Record<string, number>, name: string, task: TE.TaskEither<Problem, T>): TE.TaskEither<Problem, T> =>
  async () => {
    const start = performance.now()
    const value = await task()
    wall[name] = (wall[name] ?? 0) + performance.now() - start
    return value
  }

/** The log of a sweep's step that is not the last. */
const throwAway = (): LogParts<ByteSink> => ({
  events: new MemoryBytes('events.arrows'),
  index: new MemoryBytes('events.idx'),
})
