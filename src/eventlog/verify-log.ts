/**
 * All damage of a log: every record of the index and every byte of the events against their checksums, then the events themselves
 * (sequence without gaps, times that never fall, as many as the index says). Goes on behind damage, so that one report has it all.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../problem/problem.ts'
import type { ByteSource, LogParts } from './byte-store.ts'
import { visitRows } from './event-batch.ts'
import { type EventDecoder, eventDecoder } from './event-stream.ts'
import { type IndexRecord, RECORD_BYTES } from './log-index.ts'
import { appendDamage, type Damage, readAppend, recordDamage, type Scan, scanLog } from './scan-log.ts'

export interface Verification {
  readonly eventCount: number
  readonly appendCount: number
  readonly byteCount: number
  /** In order of append; empty when the log is whole. */
  readonly damages: readonly Damage[]
}

export function verifyLog(source: LogParts<ByteSource>): E.Either<Problem, Verification> {
  const scanned = scanLog(source)
  if (E.isLeft(scanned)) return scanned
  const { head, headDamages, entries } = scanned.right
  const decode = eventDecoder(head.bytes)
  const damages = [...headDamages]
  let eventCount = 0
  for (const [i, entry] of entries.entries()) {
    if (typeof entry === 'string') {
      damages.push(recordDamage(source, scanned.right, i))
      continue
    }
    const bytes = readAppend(source, entry)
    if (E.isLeft(bytes)) return bytes
    const fault = typeof bytes.right === 'string' ? bytes.right : faultOf(bytes.right, decode, entry)
    if (fault === undefined) eventCount += entry.eventCount
    else damages.push(appendDamage(source, entry, fault))
  }
  damages.push(...uncovered(source, scanned.right))
  const byteCount = source.events.size + source.index.size
  return E.right({ eventCount, appendCount: entries.length, byteCount, damages })
}

/** Bytes at the ends that no record speaks of. */
function uncovered({ events, index }: LogParts<ByteSource>, { head, entries }: Scan): Damage[] {
  const last = entries.findLast(e => typeof e !== 'string') ?? head.record
  const parts = [
    { part: events.name, from: last.position + last.length, to: events.size },
    { part: index.name, from: Math.max(1, entries.length + 1) * RECORD_BYTES, to: index.size },
  ]
  return parts.filter(p => p.from < p.to).map(p => ({ ...p, what: 'left behind by a torn append' }))
}

function faultOf(bytes: Uint8Array, decode: EventDecoder, record: IndexRecord): string | undefined {
  let sequence = record.firstSequence
  let timeUs = record.firstTimeUs
  let fault: string | undefined
  const undecoded = decode(bytes, rows =>
    visitRows(rows, event => {
      if (event.sequence !== sequence) fault ??= `holds event ${event.sequence} where ${sequence} comes next`
      if (event.timeUs < timeUs) fault ??= `holds event ${event.sequence} at ${event.timeUs} us, after ${timeUs} us`
      sequence = event.sequence + 1
      timeUs = event.timeUs
    }),
  )
  if (undecoded !== undefined || fault !== undefined) return undecoded ?? fault
  const next = record.firstSequence + record.eventCount
  if (sequence !== next) return `ends before event ${sequence}, not ${next}`
  return timeUs === record.lastTimeUs ? undefined : `ends at ${timeUs} us, not ${record.lastTimeUs} us`
}
