/**
 * `svcsim run`: flags become settings, the scenario runs, its results become a folder, and its thresholds decide the exit code. The
 * folder is whole or absent: everything is written into DIR.partial, which takes its name at the very end.
 */

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import * as A from 'fp-ts/lib/Array.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { resultTables } from '../output/arrow-tables.ts'
import { runJsonText } from '../output/run-json.ts'
import { terminalSummary } from '../output/terminal-summary.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { type PathSetting, parseSetting } from '../scenario/set-path.ts'
import { checkThreshold, parseThreshold, type Threshold } from '../scenario/threshold.ts'
import { withInterrupt } from './interrupt.ts'
import { listScenarios, loadScenario, readScenarioFiles } from './load-scenario.ts'
import { withNewLog } from './new-log.ts'
import { makeProgress, type Progress } from './progress.ts'
import { readCostProfiles } from './read-cost-profiles.ts'
import { withResultDir } from './result-dir.ts'
import { checkOwner } from './result-owner.ts'
import { runScenario } from './run-scenario.ts'
import { verdictOf } from './verdict.ts'
import { writeResults } from './write-results.ts'

export interface RunFlags {
  readonly seed?: string
  readonly workers?: string
  readonly packets?: string
  readonly proxyMode?: string
  readonly set: readonly string[]
  readonly threshold: readonly string[]
  readonly out?: string
  readonly costProfile?: string
  readonly format: string
  readonly force: boolean
  readonly quiet: boolean
  readonly list: boolean
}

export function runCommand(name: string | undefined, flags: RunFlags): TE.TaskEither<Problem, void> {
  if (flags.list) return printList()
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
  readonly workers: number
  readonly out?: string
  readonly costProfile?: string
  readonly format: 'text' | 'json'
  readonly force: boolean
  readonly quiet: boolean
}

function requestOf(name: string, flags: RunFlags): E.Either<Problem, RunRequest> {
  const workers = flags.workers === undefined ? availableParallelism() : Number(flags.workers)
  if (!Number.isInteger(workers) || workers < 0 || workers > 256 || flags.workers === '') {
    return E.left(badUsage(`--workers is ${quoted(flags.workers)}`, 'use a whole number from 0 to 256'))
  }
  if (flags.format !== 'text' && flags.format !== 'json')
    return E.left(badUsage(`--format is ${quoted(flags.format)}`, 'use text or json'))
  if (flags.proxyMode !== undefined && flags.proxyMode !== 'iptables') {
    return E.left(badUsage(`--proxy-mode is ${quoted(flags.proxyMode)}`, 'use iptables, the one mode there is so far'))
  }
  const settings = [
    ...flags.set,
    ...(flags.seed === undefined ? [] : [`seed=${JSON.stringify(flags.seed)}`]),
    ...(flags.packets === undefined ? [] : [`traffic.packets=${flags.packets}`]),
    ...(flags.proxyMode === undefined ? [] : [`proxy.mode=${flags.proxyMode}`]),
  ]
  return pipe(
    E.Do,
    E.bind('settings', () => A.traverse(E.Applicative)(parseSetting)(settings)),
    E.bind('thresholds', () =>
      A.traverse(E.Applicative)((text: string) => parseThreshold(text, { field: '--threshold' }))([...flags.threshold]),
    ),
    E.map(parsed => ({ ...parsed, ...flags, name, workers, format: flags.format as 'text' | 'json' })),
  )
}

const runRequest = (request: RunRequest, progress: Progress, signal: AbortSignal): TE.TaskEither<Problem, void> => {
  const startMs = performance.now()
  return pipe(
    loadScenario(request.name, request.settings),
    TE.bindTo('source'),
    TE.bind('expected', ({ source }) =>
      TE.fromEither(expectedThresholds(source.scenario.expect, source.file, request.thresholds)),
    ),
    TE.bind('profiles', () => readCostProfiles(request.costProfile)),
    TE.bind('files', ({ source }) => readScenarioFiles(source, request.settings)),
    TE.let('dir', ({ source }) => request.out ?? join('results', source.scenario.name)),
    TE.chainFirst(({ source, dir }) => checkOwner(dir, source.scenario.name, request.force)),
    TE.chain(({ source, expected, profiles, files, dir }) =>
      withResultDir(dir, partial =>
        pipe(
          withNewLog(partial, log =>
            runScenario({ source, files, workers: request.workers, log, progress, signal, profiles }),
          ),
          TE.bindTo('outcome'),
          TE.bind('thresholds', ({ outcome }) =>
            TE.fromEither(
              A.traverse(E.Applicative)((t: Threshold) => checkThreshold(t, outcome.result.metrics))(expected),
            ),
          ),
          TE.chain(({ outcome, thresholds }) => {
            progress.phase('writing results')
            const tables = resultTables(outcome.result, outcome.sweep)
            const inputs = source.written as Record<string, unknown>
            return pipe(
              writeResults(partial, { outcome, tables, thresholds, inputs, startMs, signal }),
              TE.map(run => ({ run, tables, thresholds, dir })),
            )
          }),
        ),
      ),
    ),
    endProgress(progress),
    TE.chain(({ run, tables, thresholds, dir }) => {
      if (!request.quiet) process.stderr.write(`svcsim: results in ${dir}\n`)
      process.stdout.write(request.format === 'json' ? runJsonText(run) : terminalSummary(run, tables))
      return TE.fromEither(verdictOf(thresholds))
    }),
  )
}

const endProgress =
  (progress: Progress) =>
  <T>(task: TE.TaskEither<Problem, T>): TE.TaskEither<Problem, T> =>
  async () => {
    const result = await task()
    progress.end()
    return result
  }

const expectedThresholds = (
  expect: readonly string[],
  file: string,
  more: readonly Threshold[],
): E.Either<Problem, Threshold[]> =>
  pipe(
    [...expect],
    A.traverseWithIndex(E.Applicative)((i, text: string) => parseThreshold(text, { file, field: `expect[${i}]` })),
    E.map(own => [...own, ...more]),
  )

const printList = (): TE.TaskEither<Problem, void> =>
  pipe(
    listScenarios(),
    TE.chainIOK(scenarios => () => {
      const width = Math.max(...scenarios.map(s => s.name.length))
      process.stdout.write(scenarios.map(s => `${s.name.padEnd(width)}  ${s.question}\n`).join(''))
    }),
  )
