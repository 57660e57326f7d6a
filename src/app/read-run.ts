/**
 * A run folder read back: run.json, and all of its tables or those that are asked for, each the very file that run.json names. What is
 * missing, unfinished, of another version, cut short or changed is one sentence.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ColumnTable } from '../arrow/column-table.ts'
import { readArrowFile } from '../arrow/ipc/read-arrow-file.ts'
import { RESULT_TABLES, TIME_RESULT_TABLES } from '../output/arrow-tables.ts'
import { ofSchema } from '../output/of-schema.ts'
import { readRunJson } from '../output/read-run-json.ts'
import type { RunJson } from '../output/run-json.ts'
import { badInput, type Problem } from '../problem/problem.ts'
import { fileOfRun } from './file-of-run.ts'
import { readInputOr } from './files.ts'

export interface ReadRun {
  readonly run: RunJson
  readonly tables: readonly ColumnTable[]
}

/** The run with all of its tables, or with these alone, where the others may be large. */
export const readRun = (runDir: string, names?: readonly string[]): TE.TaskEither<Problem, ReadRun> =>
  pipe(
    readRunHead(runDir),
    TE.bindTo('run'),
    TE.bind('tables', ({ run }) =>
      pipe(
        tableNames(run).filter(name => names?.includes(name) ?? true),
        TE.traverseSeqArray(name => readTable(runDir, run, name)),
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

const readTable = (runDir: string, run: RunJson, name: string): TE.TaskEither<Problem, ColumnTable> => {
  const path = join(runDir, `${name}.arrow`)
  return pipe(
    readInputOr(path, 'export the run and ask a database, or run the scenario with fewer detailNodes'),
    TE.chainEitherK(({ bytes }) =>
      pipe(
        readArrowFile(bytes, path),
        E.chain(({ table }) => ofSchema(table, name, path)),
        E.chainFirst(() => fileOfRun(run, path, createHash('sha256').update(bytes).digest('hex'))),
      ),
    ),
  )
}
