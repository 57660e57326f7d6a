import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makeLog, makePodEvents, makeService, right } from '../../test/make-events.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { LogParts } from './byte-store.ts'
import { createLog } from './event-log.ts'
import { eventEncoder } from './event-stream.ts'
import { logHead } from './log-head.ts'
import { checksumOf, encodeRecord } from './log-index.ts'
import { MemoryBytes } from './memory-bytes.ts'
import { openLog } from './read-log.ts'
import { recoverLog } from './recover-log.ts'
import { verifyLog } from './verify-log.ts'

const NAMES = { events: 'events.arrows', index: 'events.idx' } as const
type Part = keyof typeof NAMES

const bytesOf = (part: MemoryBytes): Buffer => Buffer.from(right(part.read(0, part.size)))

/** The parts of a log with one of them replaced. */
const withPart = (log: LogParts<MemoryBytes>, part: Part, bytes: Uint8Array): LogParts<MemoryBytes> => ({
  ...log,
  [part]: new MemoryBytes(NAMES[part], bytes),
})

function recovered(log: LogParts<MemoryBytes>) {
  const copy = { events: new MemoryBytes(NAMES.events), index: new MemoryBytes(NAMES.index) }
  return { copy, recovery: right(recoverLog(log, copy)) }
}

const service: ClusterEvent = { sequence: 3, timeUs: 3000, type: 'ADDED', object: makeService() }
const whole = makeLog([makePodEvents(2), makePodEvents(1, 2), [service]])
/** Events up to the end of each append, from none. */
const EVENTS_AFTER = [0, 2, 3, 4]
const sizesAfter = [0, 1, 2, 3].map(n => {
  const { events } = makeLog([makePodEvents(2), makePodEvents(1, 2), [service]].slice(0, n))
  return events.size
})

/** The flips of single bits in bytes `from` to `to` of a part that are not found, or not where they are. */
function unfoundFlips(log: LogParts<MemoryBytes>, part: Part, from: number, to: number): string[] {
  const bytes = bytesOf(log[part])
  const flipped = withPart(log, part, bytes)
  const unfound: string[] = []
  for (let at = from; at < to; at++)
    for (let bit = 0; bit < 8; bit++) {
      bytes[at] ^= 1 << bit
      const { damages } = right(verifyLog(flipped))
      if (!damages.some(d => d.part === NAMES[part] && d.from <= at && at < d.to))
        unfound.push(`bit ${bit} of byte ${at}`)
      bytes[at] ^= 1 << bit
    }
  return unfound
}

describe('a damaged log', () => {
  it('has no damage before it is damaged', () => {
    expect(right(verifyLog(whole))).toEqual({
      eventCount: 4,
      appendCount: 3,
      byteCount: whole.events.size + whole.index.size,
      damages: [],
    })
  })

  it('shows a flipped bit anywhere, and where', () => {
    const empty = makeLog([])
    const one = makeLog([makePodEvents(1)])
    const headBytes = empty.events.size
    expect(unfoundFlips(empty, 'events', 0, headBytes)).toEqual([])
    expect(unfoundFlips(one, 'events', headBytes, one.events.size)).toEqual([])
    expect(unfoundFlips(one, 'index', 0, one.index.size)).toEqual([])
  })

  it('is recovered up to the append that holds the flipped bit', () => {
    const position = fc.nat({ max: whole.events.size - 1 })
    fc.assert(
      fc.property(position, fc.nat({ max: 7 }), (at, bit) => {
        const bytes = bytesOf(whole.events)
        bytes[at] ^= 1 << bit
        const { copy, recovery } = recovered(withPart(whole, 'events', bytes))
        const damagedAppend = sizesAfter.findIndex(size => at < size)
        // The head is known: a log whose head alone is damaged loses nothing.
        const kept = damagedAppend === 0 ? 4 : EVENTS_AFTER[damagedAppend - 1]
        expect(recovery.keptEventCount).toBe(kept)
        expect(recovery.cut?.eventCount ?? 0).toBe(4 - kept)
        expect(right(verifyLog(copy)).damages).toEqual([])
        expect(right(openLog(copy)).eventCount).toBe(kept)
      }),
      { numRuns: 200 },
    )
  })

  it('opens up to the last whole append, wherever a crash cut the events', () => {
    const before = sizesAfter[2]
    for (let size = before; size < whole.events.size; size++) {
      // The batch is written first: while it is short, its record is not there.
      const events = bytesOf(whole.events).subarray(0, size)
      const index = bytesOf(whole.index).subarray(0, whole.index.size - 64)
      const torn = withPart(withPart(whole, 'events', events), 'index', index)
      const log = right(openLog(torn))
      expect([size, log.eventCount, log.torn?.eventBytes]).toEqual([
        size,
        3,
        size === before ? undefined : size - before,
      ])
    }
  })

  it('opens up to the last whole append, wherever a crash cut the index', () => {
    for (let size = whole.index.size - 64; size < whole.index.size; size++) {
      const torn = withPart(whole, 'index', bytesOf(whole.index).subarray(0, size))
      const log = right(openLog(torn))
      expect([size, log.eventCount, log.torn !== undefined]).toEqual([size, 3, true])
      const { copy, recovery } = recovered(torn)
      expect(recovery.keptEventCount).toBe(3)
      expect(bytesOf(copy.events)).toEqual(bytesOf(whole.events).subarray(0, sizesAfter[2]))
    }
  })

  it('opens without the appends whose events were lost though their records were not', () => {
    const log = right(openLog(withPart(whole, 'events', bytesOf(whole.events).subarray(0, sizesAfter[1] + 5))))
    expect([log.eventCount, log.torn]).toEqual([2, { eventCount: 2, eventBytes: 5, indexBytes: 128 }])
  })

  it('is refused when the damage is before the last append', () => {
    const index = bytesOf(whole.index)
    index[64] ^= 1
    const opened = openLog(withPart(whole, 'index', index))
    expect(opened).toMatchObject({ left: { _tag: 'Damaged', path: 'events.idx' } })
    expect(E.isLeft(opened) && 'what' in opened.left && opened.left.what).toContain('bytes 64 to 127')
  })

  it('is refused when the last record is damaged: that is no torn append', () => {
    const index = bytesOf(whole.index)
    index[index.length - 1] ^= 1
    expect(openLog(withPart(whole, 'index', index))).toMatchObject({ left: { _tag: 'Damaged', path: 'events.idx' } })
  })

  it('is refused when it is read, with the events that are damaged', () => {
    const events = bytesOf(whole.events)
    events[sizesAfter[0] + 200] ^= 1
    const folded = right(openLog(withPart(whole, 'events', events))).fold()
    expect(folded).toMatchObject({ left: { _tag: 'Damaged', what: expect.stringContaining('events 0 to 1') } })
    const read = [...right(openLog(withPart(whole, 'events', events))).appends()]
    expect(read.map(E.isLeft)).toEqual([true])
  })

  it('is refused when there is nothing at all, and recovered as an empty one', () => {
    const nothing = { events: new MemoryBytes(NAMES.events), index: new MemoryBytes(NAMES.index) }
    expect(openLog(nothing)).toMatchObject({ left: { _tag: 'Damaged' } })
    expect(right(verifyLog(nothing)).damages.length).toBe(2)
    const { copy, recovery } = recovered(nothing)
    expect([recovery.keptEventCount, right(openLog(copy)).eventCount]).toEqual([0, 0])
  })

  it('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (events, index) => {
        const junk = { events: new MemoryBytes(NAMES.events, events), index: new MemoryBytes(NAMES.index, index) }
        expect(E.isLeft(openLog(junk))).toBe(true)
        expect(right(verifyLog(junk)).damages.length).toBeGreaterThan(0)
      }),
    )
  })

  it('is found out when its checksums fit and its events do not', () => {
    const forge = (events: readonly ClusterEvent[], garbage?: Uint8Array) => {
      const log = { events: new MemoryBytes(NAMES.events), index: new MemoryBytes(NAMES.index) }
      right(createLog(log))
      const { record } = logHead()
      const batch = garbage ?? eventEncoder().encode(events)
      const { bytes } = encodeRecord(
        {
          position: record.length,
          length: batch.length,
          firstSequence: 0,
          firstTimeUs: 0,
          lastTimeUs: 2000,
          eventCount: 3,
          checksum: checksumOf(batch),
        },
        record,
      )
      right(log.events.append(batch))
      right(log.index.append(bytes))
      return right(verifyLog(log)).damages.map(d => d.what)
    }
    const [a, b, c] = makePodEvents(3)
    expect(forge([a, b, c])).toEqual([])
    expect(forge([a, c, b])).toEqual([expect.stringContaining('holds event 2 where 1 comes next')])
    expect(forge([a, { ...b, timeUs: 2000 }, { ...c, timeUs: 1999 }])).toEqual([
      expect.stringContaining('holds event 2 at 1999 us, after 2000 us'),
    ])
    expect(forge([a, b])).toEqual([expect.stringContaining('ends before event 2, not 3')])
    expect(forge([], new Uint8Array(64))).toEqual([expect.stringContaining('cannot be decoded')])
  })
})
