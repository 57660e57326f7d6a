/** One run of a checked scenario into a (partial) folder: events, tables, run.json, summary, report, and what its thresholds say. */
import * as A from 'fp-ts/lib/Array.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ColumnTable } from '../arrow/column-table.ts'
import type { CostProfiles } from '../netfilter/cost/cost-profile.ts'
import { resultTables } from '../output/arrow-tables.ts'
import { metricNames } from '../output/metric-names.ts'
import type { Problem } from '../problem/problem.ts'
import type { ScenarioSource } from '../scenario/decode-scenario.ts'
import {
  checkThreshold,
  knownThreshold,
  parseThreshold,
  type Threshold,
  type ThresholdResult,
} from '../scenario/threshold.ts'
import type { ScenarioFiles } from './load-scenario.ts'
import { withNewLog } from './new-log.ts'
import type { Progress } from './progress.ts'
import { runScenario } from './run-scenario.ts'
import { type WrittenRun, writeResults } from './write-results.ts'

export interface RunTask {
  readonly source: ScenarioSource
  readonly files: ScenarioFiles
  readonly profiles: CostProfiles
  /** expectedThresholds(source, …). */
  readonly expected: readonly Threshold[]
  readonly workers?: number
  readonly progress: Progress
  readonly signal: AbortSignal
}

export interface FinishedRun extends WrittenRun {
  readonly tables: readonly ColumnTable[]
  readonly thresholds: readonly ThresholdResult[]
}

export const runInto = (partial: string, task: RunTask): TE.TaskEither<Problem, FinishedRun> => {
  const startMs = performance.now()
  const { source, expected, progress, signal } = task
  return pipe(
    withNewLog(partial, log => runScenario({ ...task, log })),
    TE.bindTo('outcome'),
    TE.bind('thresholds', ({ outcome }) =>
      TE.fromEither(
        A.traverse(E.Applicative)((t: Threshold) => checkThreshold(t, outcome.result.metrics))([...expected]),
      ),
    ),
    TE.chain(({ outcome, thresholds }) => {
      progress.phase('writing results')
      const tables = resultTables(outcome.result, outcome.sweep)
      const inputs = source.written as Record<string, unknown>
      return pipe(
        writeResults(partial, { outcome, tables, thresholds, inputs, startMs, signal }),
        TE.map(written => ({ ...written, tables, thresholds })),
      )
    }),
  )
}

/** The scenario's own thresholds, and those of the command line, all of numbers that a run of it may have. */
export const expectedThresholds = (
  { file, scenario }: ScenarioSource,
  more: readonly Threshold[],
): E.Either<Problem, readonly Threshold[]> =>
  pipe(
    [...scenario.expect],
    A.traverseWithIndex(E.Applicative)((i, text: string) => parseThreshold(text, { file, field: `expect[${i}]` })),
    E.chain(own => {
      const names = metricNames({ mode: scenario.proxy.mode, overTime: scenario.time !== undefined })
      return E.traverseArray((threshold: Threshold) => knownThreshold(threshold, names))([...own, ...more])
    }),
  )
