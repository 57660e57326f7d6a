/** `svcsim log show`: the events of a log, as words or as NDJSON that `log import` reads again. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { objectKey } from '../cluster/objects.ts'
import { toKubernetes } from '../cluster/to-kubernetes.ts'
import type { EventLog, Span } from '../eventlog/read-log.ts'
import type { Problem } from '../problem/problem.ts'
import { SECOND_US } from '../sim/time.ts'
import { parseInstant } from './instant.ts'
import { withLog } from './log-files.ts'
import { oneOf } from './one-of.ts'
import { printOut } from './print-out.ts'

export interface ShowFlags {
  readonly from?: string
  readonly to?: string
  readonly format: string
}

export const showLog = (path: string, flags: ShowFlags): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(requestOf(flags)),
    TE.chain(({ span, lineOf }) => withLog(path, log => printEvents(log, span, lineOf))),
  )

const jsonLine = ({ sequence, timeUs, type, object }: ClusterEvent): string =>
  `${JSON.stringify({ sequence, time: timeUs / SECOND_US, type, object: toKubernetes(object) })}\n`

const LINES: Readonly<Record<'text' | 'ndjson' | 'json', (event: ClusterEvent) => string>> = {
  text: ({ sequence, timeUs, type, object }) =>
    `${sequence} ${(timeUs / SECOND_US).toFixed(6)}s ${type} ${object.kind} ${printable(objectKey(object))}\n`,
  ndjson: jsonLine,
  // A log may be larger than memory, so it is no array: `json` is the same lines.
  json: jsonLine,
}

function requestOf(flags: ShowFlags) {
  return pipe(
    E.Do,
    E.bind('fromUs', () => parseInstant('--from', flags.from)),
    E.bind('toUs', () => parseInstant('--to', flags.to)),
    E.bind('lineOf', () =>
      pipe(
        oneOf('--format', flags.format, ['text', 'ndjson', 'json']),
        E.map(format => LINES[format]),
      ),
    ),
    E.map(({ fromUs, toUs, lineOf }) => ({ span: { fromUs, toUs }, lineOf })),
  )
}

const printEvents =
  (log: EventLog, span: Span, lineOf: (event: ClusterEvent) => string): TE.TaskEither<Problem, void> =>
  async () => {
    for (const events of log.appends(span)) {
      if (E.isLeft(events)) return events
      await printOut(events.right.map(lineOf).join(''))
    }
    return E.right(undefined)
  }

/** Imported names are hostile until they were decoded; a log may have been written by something else. */
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
