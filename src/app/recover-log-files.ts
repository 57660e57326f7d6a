/**
 * `svcsim log recover`: the whole part of a damaged log takes its place; the damaged files stay beside it under a second name,
 * `.damaged`. They get that name first, so a crash in between leaves a log that can be recovered again. A whole log is left alone.
 */
import { existsSync } from 'node:fs'
import { link, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type Recovery, recoverLog } from '../eventlog/recover-log.ts'
import { describeCut, scanLog } from '../eventlog/scan-log.ts'
import { badUsage, type Problem } from '../problem/problem.ts'
import { syncFolder } from './files.ts'
import { ioProblem } from './io-problem.ts'
import { EVENTS_FILE, INDEX_FILE, logFolder, withLogSource } from './log-files.ts'
import { withNewLog } from './new-log.ts'
import { type FormatFlag, oneOf, TEXT_OR_JSON } from './one-of.ts'
import { printJson } from './print-json.ts'
import { printOut } from './print-out.ts'

const PARTS = [EVENTS_FILE, INDEX_FILE] as const

export const recoverLogFiles = (path: string, flags: FormatFlag): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(oneOf('--format', flags.format, TEXT_OR_JSON)),
    TE.bindTo('format'),
    TE.bind('folder', () => TE.fromEither(logFolder(path))),
    TE.bind('recovered', ({ folder }) => recoverIn(folder)),
    TE.chainTaskK(({ format, recovered }) =>
      format === 'json' ? () => printJson({ cut: null, ...recovered }) : () => printOut(words(recovered)),
    ),
  )

interface Recovered extends Recovery {
  /** Something was done; else all was whole. */
  readonly recovered: boolean
}

function words({ recovered, keptEventCount, cut }: Recovered): string {
  if (!recovered) return `nothing to recover: all ${keptEventCount} events are whole\n`
  const what = cut === undefined ? 'mended the head' : `cut ${describeCut(cut)}`
  const beside = PARTS.map(part => `${part}.damaged`).join(' and ')
  return `${what}; kept ${keptEventCount} events; the damaged files are beside it as ${beside}\n`
}

const recoverIn = (folder: string): TE.TaskEither<Problem, Recovered> => {
  const copy = join(folder, 'recovered.partial')
  return pipe(
    TE.tryCatch(
      async () => {
        await rm(copy, { recursive: true, force: true })
        await mkdir(copy)
      },
      error => ioProblem(copy, 'write', error),
    ),
    TE.chain(() =>
      withLogSource(folder, source =>
        withNewLog(copy, sinks =>
          TE.fromEither(
            pipe(
              recoverLog(source, sinks),
              E.chainFirst(() => sinks.events.flush()),
              E.chainFirst(() => sinks.index.flush()),
              E.bindTo('recovery'),
              E.bind('scan', () => scanLog(source)),
            ),
          ),
        ),
      ),
    ),
    TE.chain(({ recovery, scan }) =>
      recovery.cut === undefined && scan.headDamages.length === 0
        ? TE.right({ ...recovery, recovered: false })
        : putInPlace(folder, copy, recovery),
    ),
    result => async () => {
      const done = await result()
      await rm(copy, { recursive: true, force: true }).catch(() => {})
      return done
    },
  )
}

const putInPlace =
  (folder: string, copy: string, recovery: Recovery): TE.TaskEither<Problem, Recovered> =>
  async () => {
    const taken = PARTS.map(part => join(folder, `${part}.damaged`)).find(existsSync)
    if (taken !== undefined)
      return E.left(badUsage(`${taken} is there already, of an earlier recovery`, 'move it away first'))
    try {
      for (const part of PARTS) await link(join(folder, part), join(folder, `${part}.damaged`))
      for (const part of PARTS) await rename(join(copy, part), join(folder, part))
      await syncFolder(folder)
    } catch (error) {
      return E.left(ioProblem(folder, 'write', error))
    }
    return E.right({ ...recovery, recovered: true })
  }
