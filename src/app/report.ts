/** Makes report.html again from the files of a run folder, whose tables must be run.json's own: the report never mixes two runs. */
import { join } from 'node:path'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { htmlReport } from '../output/html-report.ts'
import type { Problem } from '../problem/problem.ts'
import { writeWhole } from './files.ts'
import { readRun } from './read-run.ts'

/** Writes the report of `runDir` to `file`, or to report.html in it. */
export function remakeReport(runDir: string, file = join(runDir, 'report.html')): TE.TaskEither<Problem, void> {
  return pipe(
    readRun(runDir),
    TE.chain(({ run, tables }) => writeWhole(file, new TextEncoder().encode(htmlReport(run, tables)))),
  )
}
