/**
 * Makes report.html again from the files of a run folder: run.json and its Arrow files. The digest in run.json must be that of the
 * tables, so the report never mixes two runs.
 */
import { join } from 'node:path'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { readArrowFile } from '../arrow/arrow-ipc.ts'
import type { ColumnTable } from '../arrow/column-table.ts'
import { RESULT_TABLES } from '../output/arrow-tables.ts'
import { digestTables } from '../output/digest.ts'
import { htmlReport } from '../output/html-report.ts'
import { readRunJson } from '../output/read-run-json.ts'
import type { RunJson } from '../output/run-json.ts'
import type { Problem } from '../problem/problem.ts'
import { readInput, writeWhole } from './files.ts'

/** Writes the report of `runDir` to `file`, or to report.html in it. */
export function remakeReport(runDir: string, file = join(runDir, 'report.html')): TE.TaskEither<Problem, void> {
  return pipe(
    readRun(runDir),
    TE.chain(({ run, tables }) => writeWhole(file, new TextEncoder().encode(htmlReport(run, tables)))),
  )
}

const sweepTables = ({ sweep }: RunJson): readonly string[] => [
  ...RESULT_TABLES,
  ...(sweep === null ? [] : ['sweep']),
  ...(sweep === null || sweep.published === null ? [] : ['published']),
]

function readRun(runDir: string): TE.TaskEither<Problem, { run: RunJson; tables: readonly ColumnTable[] }> {
  const path = join(runDir, 'run.json')
  return pipe(
    readInput(path),
    TE.chainEitherK(({ bytes }) => readRunJson(new TextDecoder().decode(bytes), path)),
    TE.bindTo('run'),
    TE.bind('tables', ({ run }) => readTables(runDir, sweepTables(run))),
    TE.filterOrElse(
      ({ run, tables }) => digestTables(tables) === run.digest,
      (): Problem => ({
        _tag: 'Damaged',
        path: runDir,
        what: 'its Arrow files do not have the digest that run.json names',
        mend: 'run the scenario again',
      }),
    ),
  )
}

const readTables = (runDir: string, names: readonly string[]): TE.TaskEither<Problem, readonly ColumnTable[]> =>
  TE.traverseSeqArray((name: string) => readTable(join(runDir, `${name}.arrow`)))(names)

const readTable = (path: string): TE.TaskEither<Problem, ColumnTable> =>
  pipe(
    readInput(path),
    TE.chainEitherK(({ bytes }) => readArrowFile(bytes, path)),
    TE.map(({ table }) => table),
  )
