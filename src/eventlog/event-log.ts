/**
 * Writing the event log: `events.arrows` is an Arrow IPC stream that only grows, one record batch an append; `events.idx` has one
 * checksummed record for each (log-index.ts). The batch is written first and its record second, so an append counts when its record
 * stands: what a crash leaves behind is bytes without one, which readers cut off. Nothing written is ever written again.
 *
 * An append outlives the death of this process at once, and a loss of power after `flush`; whatever order the disk writes in, the
 * checksums tell whole appends from torn ones.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { badInput, type Problem } from '../problem/problem.ts'
import type { ByteSink, LogParts } from './byte-store.ts'
import { eventEncoder } from './event-stream.ts'
import { logHead } from './log-head.ts'
import { checksumOf, encodeRecord, type IndexRecord } from './log-index.ts'
import type { EventLog } from './read-log.ts'
import { describeCut } from './scan-log.ts'

/** How many events are worth one append where the writer may choose: large enough for speed, small enough to read a part. */
export const EVENTS_PER_APPEND = 16_384

export interface LogWriter {
  /** Sequence that the next event must have. */
  readonly nextSequence: number
  /** All of `events` or, after a Problem, none of them for any reader. No events are no append. Throws when their order is broken. */
  append(events: readonly ClusterEvent[]): E.Either<Problem, void>
  flush(): E.Either<Problem, void>
}

/** A new log, with its head written; the sinks are empty. */
export function createLog(sinks: LogParts<ByteSink>): E.Either<Problem, LogWriter> {
  const { bytes, record, recordBytes } = logHead()
  const written = appendBoth(sinks, bytes, recordBytes)
  return E.isLeft(written) ? written : E.right(writerAfter(record, sinks))
}

/** Goes on with a log that ends whole; the sinks append to what `log` was read from. */
export function continueLog(log: EventLog, sinks: LogParts<ByteSink>): E.Either<Problem, LogWriter> {
  if (log.torn === undefined) return E.right(writerAfter(log.last, sinks))
  const what = `the log cannot grow: there is ${describeCut(log.torn)}`
  return E.left(badInput({ file: sinks.events.name }, what, 'repair it with svcsim log recover first'))
}

function writerAfter(last: IndexRecord, sinks: LogParts<ByteSink>): LogWriter {
  const { encode } = eventEncoder()
  let before = last
  let failure: E.Left<Problem> | undefined
  const nextSequence = (): number => before.firstSequence + before.eventCount

  return {
    get nextSequence() {
      return nextSequence()
    },
    append(events) {
      if (failure !== undefined) return failure
      if (events.length === 0) return E.right(undefined)
      assertOrder(events, nextSequence(), before.lastTimeUs)
      const batch = encode(events)
      const { bytes, record } = encodeRecord(
        {
          position: before.position + before.length,
          length: batch.length,
          firstSequence: events[0].sequence,
          firstTimeUs: events[0].timeUs,
          lastTimeUs: events[events.length - 1].timeUs,
          eventCount: events.length,
          checksum: checksumOf(batch),
        },
        before,
      )
      const wrote = appendBoth(sinks, batch, bytes)
      if (E.isLeft(wrote)) failure = wrote
      else before = record
      return wrote
    },
    flush() {
      const flushed = sinks.events.flush()
      return E.isLeft(flushed) ? flushed : sinks.index.flush()
    },
  }
}

function appendBoth(sinks: LogParts<ByteSink>, batch: Uint8Array, record: Uint8Array): E.Either<Problem, void> {
  const wrote = sinks.events.append(batch)
  return E.isLeft(wrote) ? wrote : sinks.index.append(record)
}

function assertOrder(events: readonly ClusterEvent[], firstSequence: number, lastTimeUs: number): void {
  let timeUs = lastTimeUs
  for (let i = 0; i < events.length; i++) {
    const event = events[i]
    if (event.sequence !== firstSequence + i)
      throw new Error(`event ${event.sequence} was appended where ${firstSequence + i} comes next`)
    if (!(event.timeUs >= timeUs))
      throw new Error(`event ${event.sequence} is at ${event.timeUs} us, before ${timeUs} us`)
    timeUs = event.timeUs
  }
}
