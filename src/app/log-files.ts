/**
 * A log on the command line: a folder that holds `events.arrows` and `events.idx`, or the first of these, which stands for both. It is
 * closed when its use is over. What a crash tore off its end is said on stderr, once.
 */
import { statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { ByteSource, LogParts } from '../eventlog/byte-store.ts'
import { type EventLog, openLog } from '../eventlog/read-log.ts'
import { describeCut } from '../eventlog/scan-log.ts'
import { badInput, type Problem } from '../problem/problem.ts'
import { openSource } from './file-bytes.ts'

export const EVENTS_FILE = 'events.arrows'
export const INDEX_FILE = 'events.idx'

export const withLog = <A>(
  path: string,
  use: (log: EventLog) => TE.TaskEither<Problem, A>,
): TE.TaskEither<Problem, A> =>
  withLogSource(path, source => async () => {
    const log = openLog(source)
    if (E.isLeft(log)) return log
    if (log.right.torn !== undefined)
      process.stderr.write(
        `svcsim: ${path}: left aside ${describeCut(log.right.torn)}; svcsim log recover cuts it off\n`,
      )
    return use(log.right)()
  })

/** The same for the bytes themselves, damaged as they may be. */
export const withLogSource =
  <A>(path: string, use: (source: LogParts<ByteSource>) => TE.TaskEither<Problem, A>): TE.TaskEither<Problem, A> =>
  async () => {
    const folder = logFolder(path)
    if (E.isLeft(folder)) return folder
    const events = openSource(join(folder.right, EVENTS_FILE))
    if (E.isLeft(events)) return events
    try {
      const index = openSource(join(folder.right, INDEX_FILE))
      if (E.isLeft(index)) return index
      try {
        return await use({ events: events.right, index: index.right })()
      } finally {
        index.right.close()
      }
    } finally {
      events.right.close()
    }
  }

/** The folder that the two files are in. */
export function logFolder(path: string): E.Either<Problem, string> {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status === undefined) return E.left(badInput({ file: path }, 'there is no such log', 'check the path'))
  if (status.isDirectory()) return E.right(path)
  return basename(path) === EVENTS_FILE
    ? E.right(dirname(path))
    : E.left(badInput({ file: path }, 'it is no event log', `name a folder that holds ${EVENTS_FILE}, or that file`))
}
