/** Makes report.html again from the files of a run folder, whose tables must be run.json's own: the report never mixes two runs. */
import { join } from 'node:path'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { htmlReport } from '../output/html-report.ts'
import type { PacketPaths } from '../output/paths/packet-paths.ts'
import { PACKET_PATHS_FILE, readPacketPaths } from '../output/paths/read-packet-paths.ts'
import type { RunJson } from '../output/run-json.ts'
import type { Problem } from '../problem/problem.ts'
import { readInput, writeWhole } from './files.ts'
import { type FormatFlag, oneOf, TEXT_OR_JSON } from './one-of.ts'
import { pageScript } from './page-script.ts'
import { printFiles } from './print-files.ts'
import { readRun } from './read-run.ts'

export interface ReportFlags extends FormatFlag {
  /** By default report.html in the run's folder. */
  readonly output?: string
}

export function reportCommand(runDir: string, { output, format }: ReportFlags): TE.TaskEither<Problem, void> {
  const file = output ?? join(runDir, 'report.html')
  return pipe(
    TE.fromEither(oneOf('--format', format, TEXT_OR_JSON)),
    TE.chain(() => remakeReport(runDir, file)),
    TE.chainTaskK(() => () => printFiles([file], format)),
  )
}

/** Writes the report of `runDir` to `file`, or to report.html in it. */
export function remakeReport(runDir: string, file = join(runDir, 'report.html')): TE.TaskEither<Problem, void> {
  return pipe(
    readRun(runDir),
    TE.bind('paths', ({ run }) => readPaths(runDir, run)),
    TE.bind('script', () => TE.fromTask(pageScript)),
    TE.chain(({ run, tables, paths, script }) =>
      writeWhole(file, new TextEncoder().encode(htmlReport(run, tables, { script, paths }))),
    ),
  )
}

/** undefined: the run has none. */
const readPaths = (runDir: string, { files, digest }: RunJson): TE.TaskEither<Problem, PacketPaths | undefined> => {
  const path = join(runDir, PACKET_PATHS_FILE)
  if (!files.some(f => f.name === PACKET_PATHS_FILE)) return TE.right(undefined)
  return pipe(
    readInput(path),
    TE.chainEitherK(({ bytes }) => readPacketPaths(new TextDecoder().decode(bytes), path, digest)),
  )
}
