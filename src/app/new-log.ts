/** A new event log in a folder, as the sinks a run writes to; the files are closed whatever becomes of the run. */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { ByteSink, LogParts } from '../eventlog/byte-store.ts'
import type { Problem } from '../problem/problem.ts'
import { openSink } from './file-bytes.ts'

export const withNewLog =
  <A>(dir: string, use: (sinks: LogParts<ByteSink>) => TE.TaskEither<Problem, A>): TE.TaskEither<Problem, A> =>
  async () => {
    const events = openSink(join(dir, 'events.arrows'), 'create')
    if (E.isLeft(events)) return events
    try {
      const index = openSink(join(dir, 'events.idx'), 'create')
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
