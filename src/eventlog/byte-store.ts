/**
 * Bytes by position, without files: what the log reads from and appends to. app/ gives the ones that are files. Synchronous, as the
 * log is written and read in one straight line; a failure is a Problem.
 */
import type * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../problem/problem.ts'

export interface ByteSource {
  /** For messages. */
  readonly name: string
  readonly size: number
  /** The bytes from `position` on; the caller asks for no more than there are. */
  read(position: number, length: number): E.Either<Problem, Uint8Array>
}

export interface ByteSink {
  readonly name: string
  /** All of `bytes` at the end, or a Problem: then an unknown part of them is there. */
  append(bytes: Uint8Array): E.Either<Problem, void>
  /** Returns when the bytes would outlive a loss of power. */
  flush(): E.Either<Problem, void>
}

/** A log's two parts. */
export interface LogParts<T> {
  readonly events: T
  readonly index: T
}
