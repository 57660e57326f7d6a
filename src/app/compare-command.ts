/** `svcsim compare`: two result folders of one scenario side by side; thresholds on what differs decide the exit code. */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { COMPARED_TABLES, type ComparedRun, compareRuns } from '../output/compare/compare-runs.ts'
import { comparisonJson } from '../output/compare/comparison-json.ts'
import { comparisonMarkdown } from '../output/compare/comparison-markdown.ts'
import { comparisonMetrics } from '../output/compare/comparison-metrics.ts'
import type { RunComparison } from '../output/compare/run-comparison.ts'
import type { Problem } from '../problem/problem.ts'
import { checkThreshold, parseThreshold, type ThresholdResult } from '../scenario/threshold.ts'
import { oneOf } from './one-of.ts'
import { readRun } from './read-run.ts'
import { verdictOf } from './verdict.ts'

export interface CompareFlags {
  readonly threshold: readonly string[]
  readonly format: string
}

export const compareCommand = (before: string, after: string, flags: CompareFlags): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(oneOf('--format', flags.format, FORMATS)),
    TE.map(format => ({ print: PRINTERS[format] })),
    TE.bind('thresholds', () =>
      TE.fromEither(E.traverseArray((text: string) => parseThreshold(text, { field: '--threshold' }))(flags.threshold)),
    ),
    TE.bind('a', () => comparedRun(before)),
    TE.bind('b', () => comparedRun(after)),
    TE.bind('comparison', ({ a, b }) => TE.fromEither(compareRuns(a, b))),
    TE.bind('results', ({ comparison, thresholds }) => {
      const metrics = comparisonMetrics(comparison)
      return TE.fromEither(E.traverseArray((t: (typeof thresholds)[number]) => checkThreshold(t, metrics))(thresholds))
    }),
    TE.chainEitherK(({ print, comparison, results }) => {
      process.stdout.write(print(comparison, results))
      return verdictOf(results)
    }),
  )

const comparedRun = (dir: string): TE.TaskEither<Problem, ComparedRun> =>
  pipe(
    readRun(dir, COMPARED_TABLES),
    TE.map(read => ({ name: dir, ...read })),
  )

const FORMATS = ['md', 'json'] as const

type Print = (comparison: RunComparison, thresholds: readonly ThresholdResult[]) => string

const PRINTERS: Readonly<Record<(typeof FORMATS)[number], Print>> = {
  md: comparisonMarkdown,
  json: (comparison, thresholds) => `${JSON.stringify(comparisonJson(comparison, thresholds), null, 2)}\n`,
}
