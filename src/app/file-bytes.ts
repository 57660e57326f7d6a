/** Files as the positions that the event log is read from and appended to. */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { ByteSink, ByteSource } from '../eventlog/byte-store.ts'
import { ioFailed, type Problem } from '../problem/problem.ts'
import { ioProblem } from './io-problem.ts'

export interface Closable {
  close(): void
}

/** The file as it is now; what is appended later is not seen. */
export function openSource(path: string): E.Either<Problem, ByteSource & Closable> {
  return attempt(path, 'read', () => {
    const fd = openSync(path, 'r')
    const { size } = fstatSync(fd)
    return {
      name: path,
      size,
      read: (position, length) => attempt(path, 'read', () => readFully(fd, position, length)),
      close: () => closeSync(fd),
    }
  })
}

/** `create` refuses a file that is there; `append` wants one. */
export function openSink(path: string, mode: 'create' | 'append'): E.Either<Problem, ByteSink & Closable> {
  return attempt(path, 'write', () => {
    const fd = openSync(path, mode === 'create' ? 'wx' : 'a')
    return {
      name: path,
      append: bytes =>
        attempt(path, 'write', () => {
          for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
        }),
      flush: () => attempt(path, 'write', () => fsyncSync(fd)),
      close: () => closeSync(fd),
    }
  })
}

function readFully(fd: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const count = readSync(fd, bytes, at, Math.min(length - at, MOST_READ), position + at)
    if (count === 0) throw new Error(`it ends ${length - at} bytes early`)
    at += count
  }
  return bytes
}

/** Linux reads at most this in one call. */
const MOST_READ = 0x7fff_f000

function attempt<A>(path: string, operation: string, work: () => A): E.Either<Problem, A> {
  try {
    return E.right(work())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      return E.left(ioFailed(path, operation, 'there is such a file already', 'choose another place, or remove it'))
    return E.left(ioProblem(path, operation, error))
  }
}
