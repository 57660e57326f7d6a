/**
 * `svcsim run`: flags become settings, the scenario runs, its results become a folder, and its thresholds decide the exit code. The
 * folder is whole or absent: everything is written into DIR.partial, which takes its name at the very end.
 */

import { join } from 'node:path'
import process from 'node:process'
import { styleText } from 'node:util'
import * as A from 'fp-ts/lib/Array.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { variantsText } from '../output/compare/variants-text.ts'
import { type JunitSuite, junitXml } from '../output/junit-xml.ts'
import { type RunJson, runJsonText } from '../output/run-json.ts'
import { terminalSummary } from '../output/terminal-summary.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { PROXY_MODES } from '../proxier/proxier-config.ts'
import type { ScenarioSource } from '../scenario/decode-scenario.ts'
import { type PathSetting, parseSetting } from '../scenario/set-path.ts'
import { parseThreshold, type Threshold, type ThresholdResult } from '../scenario/threshold.ts'
import { variantsOf } from '../scenario/variants.ts'
import { writeWhole } from './files.ts'
import { withInterrupt } from './interrupt.ts'
import { listScenarios, loadScenario, readScenarioFiles } from './load-scenario.ts'
import { oneOf, TEXT_OR_JSON } from './one-of.ts'
import { makeProgress, type Progress } from './progress.ts'
import { readCostProfiles } from './read-cost-profiles.ts'
import { withResultDir } from './result-dir.ts'
import { checkOwner } from './result-owner.ts'
import { expectedThresholds, type FinishedRun, type RunTask, runInto } from './run-into.ts'
import { type FinishedVariants, runVariants } from './run-variants.ts'
import { verdictOf } from './verdict.ts'

export interface RunFlags {
  readonly seed?: string
  readonly workers?: string
  readonly packets?: string
  readonly proxyMode?: string
  readonly budget?: string
  readonly set: readonly string[]
  readonly threshold: readonly string[]
  readonly out?: string
  readonly junit?: string
  readonly costProfile?: string
  readonly format: string
  readonly force: boolean
  readonly quiet: boolean
  readonly list: boolean
}

export function runCommand(name: string | undefined, flags: RunFlags): TE.TaskEither<Problem, void> {
  if (flags.list) return printList(flags.format)
  if (name === undefined)
    return TE.left(badUsage('which scenario?', 'name one, as svcsim run smoke; svcsim run --list shows them'))
  return pipe(
    TE.fromEither(requestOf(name, flags)),
    TE.chain(request => withInterrupt(signal => runRequest(request, makeProgress(request.quiet), signal))),
  )
}

interface RunRequest {
  readonly name: string
  readonly settings: readonly PathSetting[]
  readonly thresholds: readonly Threshold[]
  /** Absent: as many as the work is worth. */
  readonly workers?: number
  readonly out?: string
  readonly junit?: string
  readonly costProfile?: string
  readonly format: 'text' | 'json'
  readonly force: boolean
  readonly quiet: boolean
}

function requestOf(name: string, flags: RunFlags): E.Either<Problem, RunRequest> {
  const workers = flags.workers === undefined ? undefined : Number(flags.workers)
  const isCount = workers === undefined || (Number.isInteger(workers) && workers >= 0 && workers <= 256)
  if (!isCount || flags.workers === '')
    return E.left(badUsage(`--workers is ${quoted(flags.workers)}`, 'use a whole number from 0 to 256'))
  if (flags.proxyMode !== undefined && !PROXY_MODES.some(mode => mode === flags.proxyMode))
    return E.left(badUsage(`--proxy-mode is ${quoted(flags.proxyMode)}`, `use ${PROXY_MODES.join(' or ')}`))
  const settings = [
    ...flags.set,
    ...(flags.seed === undefined ? [] : [`seed=${JSON.stringify(flags.seed)}`]),
    ...(flags.packets === undefined ? [] : [`traffic.packets=${flags.packets}`]),
    ...(flags.proxyMode === undefined ? [] : [`proxy.mode=${flags.proxyMode}`]),
    ...(flags.budget === undefined ? [] : [`budget=${flags.budget}`]),
  ]
  return pipe(
    E.Do,
    E.bind('settings', () => A.traverse(E.Applicative)(parseSetting)(settings)),
    E.bind('thresholds', () =>
      A.traverse(E.Applicative)((text: string) => parseThreshold(text, { field: '--threshold' }))([...flags.threshold]),
    ),
    E.bind('format', () => oneOf('--format', flags.format, TEXT_OR_JSON)),
    E.map(parsed => ({ ...flags, ...parsed, name, workers })),
  )
}

const runRequest = (request: RunRequest, progress: Progress, signal: AbortSignal): TE.TaskEither<Problem, void> =>
  pipe(
    loadScenario(request.name, request.settings),
    TE.bindTo('source'),
    TE.bind('variants', ({ source }) => TE.fromEither(variantsOf(source))),
    // All of them before the first one runs.
    TE.chainFirstEitherK(({ source, variants }) =>
      E.traverseArray((one: ScenarioSource) => expectedThresholds(one, request.thresholds))(
        variants.length === 0 ? [source] : variants.map(variant => variant.source),
      ),
    ),
    TE.bind('profiles', () => readCostProfiles(request.costProfile)),
    TE.let('dir', ({ source }) => request.out ?? join('results', source.scenario.name)),
    TE.chainFirst(({ source, dir }) => checkOwner(dir, source.scenario.name, request.force)),
    TE.bind('done', ({ source, variants, profiles, dir }) => {
      const taskOf = (one: ScenarioSource): TE.TaskEither<Problem, RunTask> =>
        pipe(
          TE.fromEither(expectedThresholds(one, request.thresholds)),
          TE.bindTo('expected'),
          TE.bind('files', () => readScenarioFiles(one, request.settings)),
          TE.map(read => ({ ...read, source: one, profiles, workers: request.workers, progress, signal })),
        )
      return withResultDir(dir, partial =>
        variants.length === 0
          ? pipe(
              taskOf(source),
              TE.chain(task => runInto(partial, task)),
              TE.map(printedRun),
            )
          : pipe(
              runVariants(partial, variants, variant => taskOf(variant.source)),
              TE.map(printedVariants),
            ),
      )
    }),
    endProgress(progress),
    TE.chainFirst(({ done }) => writeJunit(request.junit, done.suites)),
    TE.chainEitherK(({ done, dir }) => {
      if (!request.quiet) process.stderr.write(`svcsim: results in ${dir}\n`)
      process.stdout.write(request.format === 'text' ? painted(done.text()) : done.json())
      return verdictOf(done.thresholds)
    }),
  )

/** The scenario and its question, and what failed, stand out on a terminal that takes colours (NO_COLOR and pipes do not). */
const painted = (text: string): string =>
  text
    .replace(/^.*/, line => styleText('bold', line, { stream: process.stdout }))
    .replace(/\bFAILED$/gm, word => styleText(['bold', 'red'], word, { stream: process.stdout }))

/** What a command prints and answers when all is done. */
interface Printed {
  readonly text: () => string
  readonly json: () => string
  readonly suites: readonly JunitSuite[]
  readonly thresholds: readonly ThresholdResult[]
}

const printedRun = ({ run, found, thresholds }: FinishedRun): Printed => ({
  text: () => terminalSummary(run, found),
  json: () => runJsonText(run),
  suites: [suiteOf(run.scenario, run, thresholds)],
  thresholds,
})

const printedVariants = ({ runs, comparisons, json }: FinishedVariants): Printed => ({
  text: () => variantsText(runs, comparisons),
  json: () => `${JSON.stringify(json, null, 2)}\n`,
  suites: runs.map(({ name, run, thresholds }) => suiteOf(`${run.scenario}/${name}`, run, thresholds)),
  thresholds: runs.flatMap(({ name, thresholds }) => thresholds.map(t => ({ ...t, text: `${name}: ${t.text}` }))),
})

const suiteOf = (name: string, { wall }: RunJson, thresholds: readonly ThresholdResult[]): JunitSuite => ({
  name,
  seconds: (wall['totalMs'] ?? 0) / 1000,
  thresholds,
})

const writeJunit = (file: string | undefined, suites: readonly JunitSuite[]): TE.TaskEither<Problem, void> =>
  file === undefined ? TE.right(undefined) : writeWhole(file, new TextEncoder().encode(junitXml(suites)))

const endProgress =
  (progress: Progress) =>
  <T>(task: TE.TaskEither<Problem, T>): TE.TaskEither<Problem, T> =>
  async () => {
    const result = await task()
    progress.end()
    return result
  }

const printList = (format: string): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(oneOf('--format', format, TEXT_OR_JSON)),
    TE.chain(listScenarios),
    TE.chainIOK(scenarios => () => {
      const width = Math.max(...scenarios.map(s => s.name.length))
      process.stdout.write(
        format === 'json'
          ? `${JSON.stringify(scenarios, null, 2)}\n`
          : scenarios.map(s => `${s.name.padEnd(width)}  ${s.question}\n`).join(''),
      )
    }),
  )
