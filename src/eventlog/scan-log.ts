/**
 * The index of a log with every record checked, and the bytes of one append checked against its record: the ground that opening,
 * verifying and recovering stand on. Nothing is decoded here, so damaged bytes cannot mislead it.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Problem } from '../problem/problem.ts'
import type { ByteSource, LogParts } from './byte-store.ts'
import { type LogHead, logHead } from './log-head.ts'
import { checksumOf, decodeRecord, type IndexRecord, RECORD_BYTES } from './log-index.ts'

export interface Scan {
  readonly head: LogHead
  /** What is wrong with the head or its record, which are known without them; empty when they are as written. */
  readonly headDamages: readonly Damage[]
  /** One an append: its record, or what is wrong with it. Bytes of half a record at the end are left aside. */
  readonly entries: readonly (IndexRecord | string)[]
}

/** Bytes `from` to `to` (not included) of a part are not what was written. */
export interface Damage {
  readonly part: string
  readonly from: number
  readonly to: number
  readonly what: string
}

/** What stands behind the appends that are kept. */
export interface Cut {
  /** Events of appends whose records are readable; there may have been more. */
  readonly eventCount: number
  readonly eventBytes: number
  readonly indexBytes: number
}

export function scanLog(source: LogParts<ByteSource>): E.Either<Problem, Scan> {
  const { events, index } = source
  const head = logHead()
  const wholeBytes = index.size - (index.size % RECORD_BYTES)
  const bytes = index.read(0, wholeBytes)
  if (E.isLeft(bytes)) return bytes
  const headDamages: Damage[] = []
  const first = wholeBytes === 0 ? 'is not whole' : decodeRecord(bytes.right.subarray(0, RECORD_BYTES), 'first')
  if (typeof first === 'string')
    headDamages.push({ part: index.name, from: 0, to: RECORD_BYTES, what: `the head's record ${first}` })
  else if (first.recordChecksum !== head.record.recordChecksum) return E.left(otherVersion(source))
  const headBytes = readAppend(source, head.record)
  if (E.isLeft(headBytes)) return headBytes
  if (typeof headBytes.right === 'string')
    headDamages.push({ part: events.name, from: 0, to: head.record.length, what: `the head ${headBytes.right}` })
  const entries: (IndexRecord | string)[] = []
  let before: IndexRecord | 'unknown' = head.record
  for (let at = RECORD_BYTES; at < wholeBytes; at += RECORD_BYTES) {
    const entry = decodeRecord(bytes.right.subarray(at, at + RECORD_BYTES), before)
    entries.push(entry)
    before = typeof entry === 'string' ? 'unknown' : entry
  }
  return E.right({ head, headDamages, entries })
}

/** The bytes that `record` speaks of, or what is wrong with them. */
export function readAppend(
  { events }: LogParts<ByteSource>,
  { position, length, checksum }: IndexRecord,
): E.Either<Problem, Uint8Array | string> {
  if (position + length > events.size) return E.right(`is cut short by ${position + length - events.size} bytes`)
  const bytes = events.read(position, length)
  if (E.isLeft(bytes)) return bytes
  return E.right(checksumOf(bytes.right) === checksum ? bytes.right : 'does not fit its checksum')
}

/** What is left of a log behind its first `kept` appends; undefined when nothing is. */
export function cutBehind({ events, index }: LogParts<ByteSource>, scan: Scan, kept: number): Cut | undefined {
  const last = kept === 0 ? scan.head.record : (scan.entries[kept - 1] as IndexRecord)
  const eventBytes = Math.max(0, events.size - last.position - last.length)
  const indexBytes = Math.max(0, index.size - (kept + 1) * RECORD_BYTES)
  if (eventBytes === 0 && indexBytes === 0) return undefined
  let eventCount = 0
  for (const entry of scan.entries.slice(kept)) if (typeof entry !== 'string') eventCount += entry.eventCount
  return { eventCount, eventBytes, indexBytes }
}

/** `cut` as the subject of a sentence. */
export function describeCut({ eventCount, eventBytes, indexBytes }: Cut): string {
  const events = eventCount === 0 ? 'a torn append' : `at least ${eventCount} events`
  return `${events} behind the last whole append (${eventBytes} bytes of events, ${indexBytes} of the index)`
}

/** Damage of append `i`'s index record, which is unreadable. */
export const recordDamage = ({ index }: LogParts<ByteSource>, { entries }: Scan, i: number): Damage => ({
  part: index.name,
  from: (i + 1) * RECORD_BYTES,
  to: (i + 2) * RECORD_BYTES,
  what: `the record of append ${i} ${entries[i]}`,
})

/** Damage of the append that `record` speaks of. */
export const appendDamage = ({ events }: LogParts<ByteSource>, record: IndexRecord, what: string): Damage => ({
  part: events.name,
  from: record.position,
  to: record.position + record.length,
  what: `the append of events ${record.firstSequence} to ${record.firstSequence + record.eventCount - 1} ${what}`,
})

export const describeDamage = ({ from, to, what }: Damage): string => `bytes ${from} to ${to - 1}: ${what}`

const otherVersion = ({ events }: LogParts<ByteSource>): Problem =>
  badInput(
    { file: events.name },
    'the log was written by another version of svcsim',
    'read it with that version, or make it anew',
  )
