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
import { printOut } from './print-out.ts'

const PARTS = [EVENTS_FILE, INDEX_FILE] as const

export const recoverLogFiles = (path: string): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(logFolder(path)),
    TE.chain(folder => recoverIn(folder)),
    TE.chainTaskK(text => () => printOut(text)),
  )

const recoverIn = (folder: string): TE.TaskEither<Problem, string> => {
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
        ? TE.right(`nothing to recover: all ${recovery.keptEventCount} events are whole\n`)
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
  (folder: string, copy: string, { keptEventCount, cut }: Recovery): TE.TaskEither<Problem, string> =>
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
    const what = cut === undefined ? 'mended the head' : `cut ${describeCut(cut)}`
    return E.right(
      `${what}; kept ${keptEventCount} events; the damaged files are beside it as ${PARTS[0]}.damaged and ${PARTS[1]}.damaged\n`,
    )
  }
