/**
 * A result folder that is whole or not there: everything is written into NAME.partial, which takes its name at the very end. A folder
 * of that name is replaced only when it is empty or holds results (run.json), so a mistyped `--out` deletes nothing.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { ByteSink, LogParts } from '../eventlog/byte-store.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { syncFolder } from './files.ts'
import { ioProblem } from './io-problem.ts'
import { createLogFiles } from './log-files.ts'

/** A result folder in the making. */
export interface PartialDir {
  readonly path: string
  /** Makes the files of the event log; they are flushed and closed with the folder. */
  readonly log: TE.TaskEither<Problem, LogParts<ByteSink>>
  /** Writes one file of the folder. Names come from scenarios and runs, so they may be hostile: those are refused. */
  write(name: string, bytes: Uint8Array): TE.TaskEither<Problem, void>
}

/** `dir` itself, when results of `scenario` may take its place: `force` lets them replace another scenario's. */
export const checkResultDir =
  (dir: string, scenario: string, force: boolean): TE.TaskEither<Problem, string> =>
  async () => {
    try {
      const names = await namesIn(dir)
      if (names === undefined || names.length === 0) return E.right(dir)
      if (!names.includes('run.json'))
        return E.left(badUsage(`${dir} is not empty and holds no results`, 'choose another --out'))
      const owner = scenarioOf(await readFile(join(dir, 'run.json'), 'utf8'))
      if (force || owner === scenario) return E.right(dir)
      const whose = owner === undefined ? 'results that cannot be read' : `results of the scenario ${quoted(owner)}`
      return E.left(badUsage(`${dir} holds ${whose}`, 'choose another --out, or replace them with --force'))
    } catch (error) {
      return E.left(ioProblem(dir, 'write', error))
    }
  }

/** Makes `dir`, which was checked, of what `fill` writes; after a Problem nothing new is left, and an old `dir` is as it was. */
export const withResultDir =
  <A>(dir: string, fill: (partial: PartialDir) => TE.TaskEither<Problem, A>): TE.TaskEither<Problem, A> =>
  async () => {
    const target = resolve(dir)
    const path = `${target}.partial`
    try {
      await rm(path, { recursive: true, force: true })
      await mkdir(path, { recursive: true })
      const partial = new OpenPartialDir(path)
      const filled = await fill(partial)()
      const closed = partial.close()
      if (E.isRight(filled) && E.isRight(closed)) {
        await swap(path, target)
        return filled
      }
      await rm(path, { recursive: true, force: true })
      return E.isLeft(filled) ? filled : (closed as E.Left<Problem>)
    } catch (error) {
      await rm(path, { recursive: true, force: true }).catch(() => {})
      return E.left(ioProblem(dir, 'write', error))
    }
  }

class OpenPartialDir implements PartialDir {
  readonly path: string
  readonly log: TE.TaskEither<Problem, LogParts<ByteSink>>
  private closeLog: () => E.Either<Problem, void> = () => E.right(undefined)

  constructor(path: string) {
    this.path = path
    this.log = async () => {
      const files = createLogFiles(path)
      if (E.isRight(files)) this.closeLog = files.right.close
      return files
    }
  }

  write(name: string, bytes: Uint8Array): TE.TaskEither<Problem, void> {
    return async () => {
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(name))
        return E.left(
          badUsage(`${quoted(name)} is no name for a result`, 'use letters, digits, dots, hyphens and underscores'),
        )
      const path = join(this.path, name)
      try {
        const file = await open(path, 'wx')
        try {
          await file.writeFile(bytes)
          await file.sync()
        } finally {
          await file.close()
        }
        return E.right(undefined)
      } catch (error) {
        return E.left(ioProblem(path, 'write', error))
      }
    }
  }

  close(): E.Either<Problem, void> {
    return this.closeLog()
  }
}

/** `path` takes the place of `target`; what was there is moved aside first, so that no reader finds half of either. */
async function swap(path: string, target: string): Promise<void> {
  const aside = `${target}.replaced.partial`
  await rm(aside, { recursive: true, force: true })
  await rename(target, aside).catch(error => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  })
  try {
    await rename(path, target)
  } catch (error) {
    await rename(aside, target).catch(() => {})
    throw error
  }
  await syncFolder(dirname(target))
  await rm(aside, { recursive: true, force: true })
}

/** Names in a folder; undefined when there is no such folder. */
async function namesIn(path: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function scenarioOf(runJson: string): string | undefined {
  try {
    const { scenario } = JSON.parse(runJson) as { scenario?: unknown }
    return typeof scenario === 'string' ? scenario : undefined
  } catch {
    return undefined
  }
}
