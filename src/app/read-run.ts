/**
 * A run folder read back: run.json, and all of its tables or those that are asked for. The tables are run.json's own: by digest where all
 * are read, else by their number of rows. What is missing, unfinished, of another version or cut short is one sentence.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ColumnTable } from '../arrow/column-table.ts'
import { readArrowFile } from '../arrow/ipc/read-arrow-file.ts'
import { RESULT_TABLES, TIME_RESULT_TABLES } from '../output/arrow-tables.ts'
import { digestTables } from '../output/digest.ts'
import { ofSchema } from '../output/of-schema.ts'
import { readRunJson } from '../output/read-run-json.ts'
import type { RunJson } from '../output/run-json.ts'
import { badInput, type Problem } from '../problem/problem.ts'
import { readInputOr } from './files.ts'

export interface ReadRun {
  readonly run: RunJson
  readonly tables: readonly ColumnTable[]
}

/** The run with all of its tables. */
export const readRun = (runDir: string): TE.TaskEither<Problem, ReadRun> =>
  pipe(
    readRunHead(runDir),
    TE.bindTo('run'),
    TE.bind('tables', ({ run }) => readTables(runDir, tableNames(run))),
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

/** The run with these tables alone, where the others may be large. */
export const readRunTables = (runDir: string, names: readonly string[]): TE.TaskEither<Problem, ReadRun> =>
  pipe(
    readRunHead(runDir),
    TE.bindTo('run'),
    TE.bind('tables', ({ run }) =>
      pipe(
        readTables(
          runDir,
          tableNames(run).filter(name => names.includes(name)),
        ),
        TE.chainEitherK(E.traverseArray(table => ofThisRun(runDir, run, table))),
      ),
    ),
  )

/** run.json alone. */
export const readRunHead = (runDir: string): TE.TaskEither<Problem, RunJson> => {
  const path = join(runDir, 'run.json')
  return pipe(
    TE.fromEither(finished(runDir, path)),
    TE.chain(found => readInputOr(found, 'run the scenario again')),
    TE.chainEitherK(({ bytes }) => readRunJson(new TextDecoder().decode(bytes), path)),
  )
}

function finished(runDir: string, path: string): E.Either<Problem, string> {
  if (!existsSync(path) && existsSync(join(runDir, 'comparison.json')))
    return E.left(badInput({ file: runDir }, 'it holds the variants of a scenario', 'name the folder of one of them'))
  const partial = /\.partial\/*$/.test(runDir) ? runDir : `${runDir.replace(/\/+$/, '')}.partial`
  if (existsSync(path)) return E.right(path)
  if (existsSync(partial))
    return E.left(
      badInput({ file: runDir }, `its run is still going on, or was cut short (${partial})`, 'wait for its end'),
    )
  const what = existsSync(runDir) ? 'it is no folder of results: there is no run.json in it' : 'there is no such folder'
  return E.left(badInput({ file: runDir }, what, 'name the folder of a run, as results/smoke'))
}

const tableNames = ({ sweep, time }: RunJson): readonly string[] => [
  ...RESULT_TABLES,
  ...(time === null ? [] : TIME_RESULT_TABLES),
  ...(sweep === null ? [] : ['sweep']),
  ...(sweep === null || sweep.published === null ? [] : ['published']),
]

function ofThisRun(runDir: string, run: RunJson, table: ColumnTable): E.Either<Problem, ColumnTable> {
  const file = `${table.name}.arrow`
  const rows = run.files.find(f => f.name === file)?.rows
  return rows === table.rowCount
    ? E.right(table)
    : E.left(
        badInput(
          { file: join(runDir, file) },
          `it has ${table.rowCount} rows where run.json says ${rows ?? 'there is no such file'}`,
          'run the scenario again',
        ),
      )
}

const readTables = (runDir: string, names: readonly string[]): TE.TaskEither<Problem, readonly ColumnTable[]> =>
  TE.traverseSeqArray((name: string) => readTable(join(runDir, `${name}.arrow`), name))(names)

const readTable = (path: string, name: string): TE.TaskEither<Problem, ColumnTable> =>
  pipe(
    readInputOr(path, 'export the run and ask a database, or run the scenario with fewer detailNodes'),
    TE.chainEitherK(({ bytes }) => readArrowFile(bytes, path)),
    TE.chainEitherK(({ table }) => ofSchema(table, name, path)),
  )
