/**
 * A result folder that is whole or not there: made as NAME.partial, then renamed. A folder of that name is replaced only when it is
 * a result folder itself (it holds run.json or comparison.json) or empty, so a mistyped `--out` deletes nothing.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { syncFolder } from './files.ts'
import { ioProblem } from './io-problem.ts'
import { makeFolder } from './make-folder.ts'

/** Makes `dir` of what `fill` writes into the folder it is given; after a Problem nothing is left of it, and an old `dir` stays. */
export const withResultDir =
  <A>(dir: string, fill: (partialDir: string) => TE.TaskEither<Problem, A>): TE.TaskEither<Problem, A> =>
  async () => {
    const target = resolve(dir)
    const partial = `${target}.partial`
    try {
      const existing = await namesIn(target)
      if (existing !== undefined && existing.length > 0 && !RESULT_FILES.some(f => existing.includes(f)))
        return E.left(badUsage(`${dir} is not empty and no result folder`, 'choose another --out'))
      await rm(partial, { recursive: true, force: true })
      await makeFolder(dirname(partial))
      await mkdir(partial)
      const filled = await fill(partial)()
      if (E.isRight(filled)) await swap(partial, target)
      else await rm(partial, { recursive: true, force: true })
      return filled
    } catch (error) {
      await rm(partial, { recursive: true, force: true }).catch(() => {})
      // A broken invariant is no word of the operating system's: it goes on upwards.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
      return E.left(ioProblem(dir, 'write', error))
    }
  }

/** One of them makes a folder a result: of a run, or of a scenario's variants. */
export const RESULT_FILES = ['run.json', 'comparison.json'] as const

/** A path in a result folder; names come from scenarios and runs, so they may be hostile. */
export const resultPath = (dir: string, name: string): E.Either<Problem, string> =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(name)
    ? E.right(join(dir, name))
    : E.left(badUsage(`${quoted(name)} is no name for a result`, 'use letters, digits, dots, hyphens and underscores'))

/** `partial` takes the place of `target`; what was there is moved aside first, and back when that fails. */
async function swap(partial: string, target: string): Promise<void> {
  const aside = `${target}.replaced.partial`
  await rm(aside, { recursive: true, force: true })
  await rename(target, aside).catch(error => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  })
  try {
    await rename(partial, target)
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
