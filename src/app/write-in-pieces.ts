/**
 * A file written a piece at a time, each on its way before the next is made: memory does not grow with the file. As in files.ts the
 * name stands for the whole file or the old one: a temporary name in the same folder, fsync, rename.
 */
import { closeSync, fsync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Problem } from '../problem/problem.ts'
import { syncFolder } from './files.ts'
import { ioProblem } from './io-problem.ts'

/** `make` hands over the pieces in order; a piece's memory may be used again when `take` returns. What else `make` throws goes on. */
export const writeInPieces =
  (path: string, make: (take: (bytes: Uint8Array) => void) => void | Promise<void>): TE.TaskEither<Problem, void> =>
  async () => {
    const partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`)
    try {
      const fd = openSync(partial, 'w')
      try {
        const made = make(bytes => {
          for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
        })
        // What is made already goes on its way before anything else is begun.
        if (made !== undefined) await made
        await synced(fd)
      } finally {
        closeSync(fd)
      }
      renameSync(partial, path)
      await syncFolder(dirname(path))
      return E.right(undefined)
    } catch (error) {
      removeIfThere(partial)
      // A broken invariant is no word of the operating system's: it goes on upwards.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
      return E.left(ioProblem(path, 'write', error))
    }
  }

/** Not at once: other files are made meanwhile. */
const synced = promisify(fsync)

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
