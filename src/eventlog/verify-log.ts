/**
 * All damage of a log: every record of the index and every byte of the events against their checksums, then the events themselves
 * (sequence without gaps, times that never fall, as many as the index says). Goes on behind damage, so that one report has it all.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { Problem } from '../problem/problem.ts'
import type { ByteSource, LogParts } from './byte-store.ts'
import { eventDecoder } from './event-stream.ts'
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
    const events = typeof bytes.right === 'string' ? bytes.right : decode(bytes.right)
    const fault = typeof events === 'string' ? events : faultOf(events, entry)
    if (fault === undefined) eventCount += events.length
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

function faultOf(events: readonly ClusterEvent[], record: IndexRecord): string | undefined {
  if (events.length !== record.eventCount) return `holds ${events.length} events, not ${record.eventCount}`
  let timeUs = record.firstTimeUs
  for (const [i, event] of events.entries()) {
    const sequence = record.firstSequence + i
    if (event.sequence !== sequence) return `holds event ${event.sequence} where ${sequence} comes next`
    if (event.timeUs < timeUs) return `holds event ${sequence} at ${event.timeUs} us, after one at ${timeUs} us`
    timeUs = event.timeUs
  }
  return events.length > 0 && (events[0].timeUs !== record.firstTimeUs || timeUs !== record.lastTimeUs)
    ? 'holds other times than the index says'
    : undefined
}
