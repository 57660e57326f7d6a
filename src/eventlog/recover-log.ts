/**
 * A copy of a damaged log: the head, which is known, and every append before the first that is not whole, byte for byte. What is behind
 * cannot be kept, as its events would stand on a state that is not theirs.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../problem/problem.ts'
import type { ByteSink, ByteSource, LogParts } from './byte-store.ts'
import { RECORD_BYTES } from './log-index.ts'
import { type Cut, cutBehind, readAppend, scanLog } from './scan-log.ts'

export interface Recovery {
  readonly keptEventCount: number
  /** Absent when the log was whole; the copy is then the same bytes. */
  readonly cut?: Cut
}

export function recoverLog(source: LogParts<ByteSource>, sinks: LogParts<ByteSink>): E.Either<Problem, Recovery> {
  const scanned = scanLog(source)
  if (E.isLeft(scanned)) return scanned
  const { head, entries } = scanned.right
  let wrote = sinks.events.append(head.bytes)
  let kept = 0
  let keptEventCount = 0
  while (E.isRight(wrote) && kept < entries.length) {
    const entry = entries[kept]
    if (typeof entry === 'string') break
    const bytes = readAppend(source, entry)
    if (E.isLeft(bytes)) return bytes
    if (typeof bytes.right === 'string') break
    wrote = sinks.events.append(bytes.right)
    kept++
    keptEventCount += entry.eventCount
  }
  if (E.isRight(wrote)) wrote = sinks.index.append(head.recordBytes)
  const records = source.index.read(RECORD_BYTES, kept * RECORD_BYTES)
  if (E.isLeft(records)) return records
  if (E.isRight(wrote)) wrote = sinks.index.append(records.right)
  if (E.isLeft(wrote)) return wrote
  const cut = cutBehind(source, scanned.right, kept)
  return E.right({ keptEventCount, ...(cut === undefined ? {} : { cut }) })
}
