/**
 * Reading the event log: `openLog` takes it up to the last whole append and says what it left aside; every batch is compared with its
 * checksum when it is read. State is a fold of events; the index leads to the appends of a span of time without reading the others.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { Problem } from '../problem/problem.ts'
import type { TimeUs } from '../sim/time.ts'
import type { ByteSource, LogParts } from './byte-store.ts'
import { type EventRows, visitRows } from './event-batch.ts'
import { type EventDecoder, eventDecoder } from './event-stream.ts'
import type { IndexRecord } from './log-index.ts'
import {
  appendDamage,
  type Cut,
  cutBehind,
  type Damage,
  describeDamage,
  readAppend,
  recordDamage,
  type Scan,
  scanLog,
} from './scan-log.ts'
import { StateFold } from './state-fold.ts'

export interface EventLog {
  readonly eventCount: number
  /** Time of the last event; 0 when there is none. */
  readonly lastTimeUs: TimeUs
  /** The record of the last whole append, or of the head: where writing goes on. */
  readonly last: IndexRecord
  /** What was left aside behind the last whole append; absent when nothing was. */
  readonly torn?: Cut
  /** The events of a span, one array an append; nothing comes after a Problem. */
  appends(span?: Span): Generator<E.Either<Problem, readonly ClusterEvent[]>, void>
  /** The state after the events up to there, all by default; it is the caller's own. */
  fold(upTo?: UpTo): E.Either<Problem, ClusterState>
}

/** Both ends belong to it. */
export interface Span {
  readonly fromUs?: TimeUs
  readonly toUs?: TimeUs
}

/** The first `position` events, or all events up to and at `timeUs`. */
export type UpTo = { readonly position: number } | { readonly timeUs: TimeUs }

/**
 * Opens up to the last append that is there in full. What a crash leaves behind it (a batch without its record, half a record, a
 * record whose batch is cut short) is set aside; anything else that is not as written is damage, and a Problem.
 */
export function openLog(source: LogParts<ByteSource>): E.Either<Problem, EventLog> {
  const scanned = scanLog(source)
  if (E.isLeft(scanned)) return scanned
  const scan = scanned.right
  if (scan.headDamages.length > 0) return E.left(damaged(scan.headDamages[0]))
  const bad = scan.entries.findIndex(e => typeof e === 'string')
  if (bad >= 0) return E.left(damaged(recordDamage(source, scan, bad)))
  const records = scan.entries as readonly IndexRecord[]
  let kept = records.length
  while (kept > 0 && records[kept - 1].position + records[kept - 1].length > source.events.size) kept--
  return E.right(new OpenLog(source, scan, kept))
}

class OpenLog implements EventLog {
  readonly torn?: Cut
  readonly last: IndexRecord
  private readonly source: LogParts<ByteSource>
  private readonly head: Uint8Array
  private readonly records: readonly IndexRecord[]

  constructor(source: LogParts<ByteSource>, scan: Scan, kept: number) {
    this.source = source
    this.head = scan.head.bytes
    this.records = scan.entries.slice(0, kept) as IndexRecord[]
    this.last = this.records.at(-1) ?? scan.head.record
    const cut = cutBehind(source, scan, kept)
    if (cut !== undefined) this.torn = cut
  }

  get eventCount(): number {
    return this.last.firstSequence + this.last.eventCount
  }

  get lastTimeUs(): TimeUs {
    return this.last.lastTimeUs
  }

  *appends({
    fromUs = 0,
    toUs = Number.POSITIVE_INFINITY,
  }: Span = {}): Generator<E.Either<Problem, readonly ClusterEvent[]>, void> {
    const decode = eventDecoder(this.head)
    for (const record of this.records) {
      if (record.lastTimeUs < fromUs || record.firstTimeUs > toUs) continue
      const events: ClusterEvent[] = []
      const read = this.read(record, decode, rows =>
        visitRows(rows, event => {
          if (event.timeUs >= fromUs && event.timeUs <= toUs) events.push(event)
        }),
      )
      if (E.isLeft(read)) return yield read
      yield E.right(events)
    }
  }

  fold(upTo: UpTo = { position: Number.POSITIVE_INFINITY }): E.Either<Problem, ClusterState> {
    const position = 'position' in upTo ? upTo.position : Number.POSITIVE_INFINITY
    const timeUs = 'timeUs' in upTo ? upTo.timeUs : Number.POSITIVE_INFINITY
    const decode = eventDecoder(this.head)
    const fold = new StateFold()
    for (const record of this.records) {
      if (record.firstSequence >= position || record.firstTimeUs > timeUs) break
      const read = this.read(record, decode, rows => fold.add(rows, record, position, timeUs))
      if (E.isLeft(read)) return read
      const unmade = fold.settleWhenLarge()
      if (unmade !== undefined) return E.left(damaged(appendDamage(this.source, unmade.record, unmade.fault)))
    }
    const state = fold.state()
    return 'fault' in state ? E.left(damaged(appendDamage(this.source, state.record, state.fault))) : E.right(state)
  }

  private read(record: IndexRecord, decode: EventDecoder, use: (rows: EventRows) => void): E.Either<Problem, void> {
    const bytes = readAppend(this.source, record)
    if (E.isLeft(bytes)) return bytes
    const fault = typeof bytes.right === 'string' ? bytes.right : decode(bytes.right, use)
    return fault === undefined ? E.right(undefined) : E.left(damaged(appendDamage(this.source, record, fault)))
  }
}

function damaged(damage: Damage): Problem {
  return {
    _tag: 'Damaged',
    path: damage.part,
    what: describeDamage(damage),
    mend: 'svcsim log verify lists all damage, svcsim log recover keeps what is whole before it',
  }
}
