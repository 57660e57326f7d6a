/**
 * `svcsim log import`: kubectl's lists and watch streams as an event log, just as they are: no control plane adds to them. What has no
 * time comes first, at the start.
 */
import { readdirSync, statSync } from 'node:fs'
import process from 'node:process'
import * as A from 'fp-ts/lib/Array.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ByteSink, LogParts } from '../eventlog/byte-store.ts'
import { createLog, EVENTS_PER_APPEND } from '../eventlog/event-log.ts'
import { type ImportedChange, type ReadInputs, readInputs } from '../eventlog/import-kubectl.ts'
import { badUsage, type Problem } from '../problem/problem.ts'
import { readInput } from './files.ts'
import { withNewLog } from './new-log.ts'
import { type FormatFlag, oneOf, TEXT_OR_JSON } from './one-of.ts'
import { printJson } from './print-json.ts'
import { withResultDir } from './result-dir.ts'

export interface ImportFlags extends FormatFlag {
  readonly out: string
  readonly reorder: boolean
}

export const importLog = (
  files: readonly string[],
  { out, reorder, format }: ImportFlags,
): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(oneOf('--format', format, TEXT_OR_JSON)),
    TE.chainEitherK(() => checkFree(out)),
    TE.chain(() => A.traverse(TE.ApplicativeSeq)(readInput)([...files])),
    TE.chainEitherK(read => readInputs(read, { reorder })),
    TE.chainFirst(({ items }) =>
      withResultDir(out, partial => withNewLog(partial, sinks => TE.fromEither(writeItems(sinks, items)))),
    ),
    TE.chainTaskK(read => async () => {
      process.stderr.write(reportOf(read, out))
      if (format === 'json')
        await printJson({ log: out, events: read.items.length, leftAside: Object.fromEntries(read.unknownKinds) })
    }),
  )

/** A log is never written over: it may be the only one of its kind. */
function checkFree(out: string): E.Either<Problem, void> {
  const status = statSync(out, { throwIfNoEntry: false })
  const isFree = status === undefined || (status.isDirectory() && readdirSync(out).length === 0)
  return isFree ? E.right(undefined) : E.left(badUsage(`${out} is there already`, 'choose another place, or remove it'))
}

function writeItems(sinks: LogParts<ByteSink>, items: readonly ImportedChange[]): E.Either<Problem, void> {
  const log = createLog(sinks)
  if (E.isLeft(log)) return log
  for (let first = 0; first < items.length; first += EVENTS_PER_APPEND) {
    const events = items
      .slice(first, first + EVENTS_PER_APPEND)
      .map(({ type, timeUs, object }, i) => ({ sequence: first + i, timeUs: timeUs ?? 0, type, object }))
    const appended = log.right.append(events)
    if (E.isLeft(appended)) return appended
  }
  return log.right.flush()
}

function reportOf({ items, unknownKinds }: ReadInputs, out: string): string {
  const aside = [...unknownKinds].map(([kind, count]) => `${count} ${kind}`)
  return `svcsim: ${items.length} events in ${out}${aside.length === 0 ? '' : `; left aside: ${aside.join(', ')}`}\n`
}
