/**
 * A file written a piece at a time, each on its way before the next is made: memory does not grow with the file. For folders that
 * appear under their name when they are whole (result-dir.ts): the file itself has its name from the start, and is gone after a Problem.
 */
import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../problem/problem.ts'
import { ioProblem } from './io-problem.ts'

/** `make` hands over the pieces in order; a piece's memory may be used again when `take` returns. */
export function writeInPieces(
  path: string,
  make: (take: (bytes: Uint8Array) => void) => void,
): E.Either<Problem, void> {
  let fd: number | undefined
  try {
    fd = openSync(path, 'w')
    const to = fd
    make(bytes => {
      for (let at = 0; at < bytes.length; ) at += writeSync(to, bytes, at)
    })
    fsyncSync(fd)
    closeSync(fd)
    return E.right(undefined)
  } catch (error) {
    if (fd !== undefined) {
      closeSync(fd)
      unlinkSync(path)
    }
    // A broken invariant is no word of the operating system's: it goes on upwards.
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    return E.left(ioProblem(path, 'write', error))
  }
}
