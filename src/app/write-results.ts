/** The files of a run, written into its (partial) folder: Arrow tables, run.json, summary.md, report.html. The event log is there already. */
import { createHash } from 'node:crypto'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ColumnTable } from '../arrow/column-table.ts'
import { streamArrowFile } from '../arrow/ipc/write-arrow-file.ts'
import { type Findings, findings } from '../output/findings.ts'
import type { PacketPaths } from '../output/paths/packet-paths.ts'
import { PACKET_PATHS_FILE } from '../output/paths/read-packet-paths.ts'
import { makeRunJson, type RunFacts, type RunJson, runJsonText } from '../output/run-json.ts'
import { summaryMarkdown } from '../output/summary.ts'
import type { Problem } from '../problem/problem.ts'
import type { ThresholdResult } from '../scenario/threshold.ts'
import { writeWhole } from './files.ts'
import { pageScript } from './page-script.ts'
import { resultPath } from './result-dir.ts'
import type { RunOutcome } from './run-scenario.ts'
import { ownVersion } from './version.ts'
import { writeInPieces } from './write-in-pieces.ts'

export interface ResultFacts {
  readonly outcome: RunOutcome
  readonly tables: readonly ColumnTable[]
  readonly thresholds: readonly ThresholdResult[]
  readonly inputs: Readonly<Record<string, unknown>>
  /** performance.now() when the run began. */
  readonly startMs: number
  readonly signal: AbortSignal
}

const OTHER_FILES: RunFacts['otherFiles'] = [
  { name: 'events.arrows', description: 'the event log: an Arrow IPC stream, one record batch an append' },
  { name: 'events.idx', description: 'offset, length and checksum of every append of the log' },
  { name: 'summary.md', description: 'the answer in words and tables' },
  { name: PACKET_PATHS_FILE, description: 'rules that packets in the report are walked through' },
  { name: 'report.html', description: 'the same with charts' },
]

export interface WrittenRun {
  /** As it was written. */
  readonly run: RunJson
  readonly found: Findings
}

export const writeResults = (dir: string, facts: ResultFacts): TE.TaskEither<Problem, WrittenRun> =>
  pipe(
    TE.fromIO(bundledScript),
    TE.bindTo('script'),
    // Each is made while the ones before it are on their way to the disk.
    TE.bind('sums', () => TE.traverseArray((table: ColumnTable) => writeTable(dir, table, facts))([...facts.tables])),
    TE.bind('run', ({ sums }) => TE.right(runJson(facts, sums))),
    TE.let('found', ({ run }) => findings(run, facts.tables)),
    TE.chainFirst(({ run, found }) =>
      writeResult(dir, 'summary.md', facts.signal, () => encode(summaryMarkdown(run, found))),
    ),
    TE.let('paths', ({ run }): PacketPaths => ({ digest: run.digest, ...facts.outcome.paths })),
    TE.chainFirst(({ paths }) =>
      writeResult(dir, PACKET_PATHS_FILE, facts.signal, () => encode(JSON.stringify(paths))),
    ),
    TE.chainFirst(({ run, found, paths, script }) =>
      writeResult(dir, 'report.html', facts.signal, async () => {
        const { htmlReport } = await import('../output/html-report.ts')
        return encode(htmlReport(run, facts.tables, { script: await script, paths }, found))
      }),
    ),
    // Last, so that its wall times cover the rest, and so that a folder with a run.json is a whole one.
    TE.map(({ run, found }) => ({ run: { ...run, wall: wallTimes(facts) }, found })),
    TE.chainFirst(({ run }) => writeResult(dir, 'run.json', facts.signal, () => encode(runJsonText(run)))),
  )

/** The report's script on its way: the bundler is a process of its own, and works while tables are written. */
function bundledScript(): Promise<string | undefined> {
  const script = pageScript()
  // Who waits for it hears of it.
  script.catch(() => undefined)
  return script
}

/** Answers with the SHA-256 of the file. */
const writeTable = (
  dir: string,
  table: ColumnTable,
  { outcome, signal }: ResultFacts,
): TE.TaskEither<Problem, string> => {
  const { scenario, seed } = outcome.result.head
  const hash = createHash('sha256')
  return pipe(
    nextFile(dir, `${table.name}.arrow`, signal),
    TE.chain(path =>
      writeInPieces(path, take =>
        streamArrowFile(table, { 'svcsim.scenario': scenario, 'svcsim.seed': seed }, piece => {
          hash.update(piece)
          take(piece)
        }),
      ),
    ),
    TE.map(() => hash.digest('hex')),
  )
}

const writeResult = (
  dir: string,
  name: string,
  signal: AbortSignal,
  bytes: () => Uint8Array | Promise<Uint8Array>,
): TE.TaskEither<Problem, void> =>
  pipe(
    nextFile(dir, name, signal),
    TE.chain(path =>
      pipe(
        TE.fromTask<Uint8Array, Problem>(async () => bytes()),
        TE.chain(written => writeWhole(path, written)),
      ),
    ),
  )

/** The path of a file of the run, unless Ctrl-C came before it. */
const nextFile = (dir: string, name: string, signal: AbortSignal): TE.TaskEither<Problem, string> =>
  TE.fromEither(signal.aborted ? E.left<Problem>({ _tag: 'Interrupted' }) : resultPath(dir, name))

const runJson = (facts: ResultFacts, sums: readonly string[]): RunJson =>
  makeRunJson({
    result: facts.outcome.result,
    ...(facts.outcome.sweep === undefined ? {} : { sweep: facts.outcome.sweep }),
    tables: facts.tables,
    sums,
    inputs: facts.inputs,
    versions: { svcsim: ownVersion(), node: process.version },
    thresholds: facts.thresholds,
    warnings: facts.outcome.warnings,
    otherFiles: OTHER_FILES,
    wall: wallTimes(facts),
  })

/** Milliseconds by phase, the whole run's so far, and the most memory this process held, in MiB. */
const wallTimes = ({ outcome, startMs }: ResultFacts): Record<string, number> => ({
  ...Object.fromEntries(Object.entries(outcome.wall).map(([name, ms]) => [name, Math.round(ms)])),
  totalMs: Math.round(performance.now() - startMs),
  peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
})

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
