/**
 * The variants of a scenario, one after the other, into folders below one result folder, then each compared with the first: comparison.md
 * for people, comparison.json for programs. The folder is whole or absent, as that of a single run.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { compareRuns } from '../output/compare/compare-runs.ts'
import { COMPARISON_SCHEMA_VERSION, comparisonJson } from '../output/compare/comparison-json.ts'
import { comparisonMarkdown } from '../output/compare/comparison-markdown.ts'
import type { RunComparison } from '../output/compare/run-comparison.ts'
import type { Problem } from '../problem/problem.ts'
import type { Variant } from '../scenario/variants.ts'
import { writeWhole } from './files.ts'
import { ioProblem } from './io-problem.ts'
import type { Progress } from './progress.ts'
import { type FinishedRun, type RunTask, runInto } from './run-into.ts'

export interface FinishedVariants {
  readonly runs: readonly (FinishedRun & { readonly name: string })[]
  readonly comparisons: readonly RunComparison[]
  /** comparison.json. */
  readonly json: object
}

/** `taskOf` says how a variant is run. */
export const runVariants = (
  partial: string,
  variants: readonly Variant[],
  taskOf: (variant: Variant) => TE.TaskEither<Problem, RunTask>,
): TE.TaskEither<Problem, FinishedVariants> =>
  pipe(
    variants,
    TE.traverseSeqArray(variant =>
      pipe(
        taskOf(variant),
        TE.chainFirst(() => newFolder(join(partial, variant.name))),
        TE.chain(task =>
          runInto(join(partial, variant.name), { ...task, progress: within(task.progress, `${variant.name}: `) }),
        ),
        TE.map(finished => ({ name: variant.name, ...finished })),
      ),
    ),
    TE.bindTo('runs'),
    TE.bind('comparisons', ({ runs: [first, ...others] }) =>
      TE.fromEither(E.traverseArray((other: typeof first) => compareRuns(first, other))(others)),
    ),
    TE.let('json', ({ runs, comparisons }) => ({
      schemaVersion: COMPARISON_SCHEMA_VERSION,
      scenario: runs[0].run.scenario,
      question: runs[0].run.question,
      variants: runs.map(({ name, run: { digest, thresholds } }) => ({ name, digest, thresholds })),
      comparisons: comparisons.map(c => comparisonJson(c, [])),
    })),
    TE.chainFirst(({ json, comparisons }) =>
      pipe(
        writeText(join(partial, 'comparison.md'), comparisons.map(c => comparisonMarkdown(c, [])).join('\n')),
        TE.chain(() => writeText(join(partial, 'comparison.json'), `${JSON.stringify(json, null, 2)}\n`)),
      ),
    ),
  )

const newFolder = (path: string): TE.TaskEither<Problem, void> =>
  TE.tryCatch(
    () => mkdir(path),
    error => ioProblem(path, 'write', error),
  )

const writeText = (path: string, text: string): TE.TaskEither<Problem, void> =>
  writeWhole(path, new TextEncoder().encode(text))

const within = (progress: Progress, label: string): Progress => ({
  ...progress,
  phase: (text, work) => progress.phase(`${label}${text}`, work),
})
