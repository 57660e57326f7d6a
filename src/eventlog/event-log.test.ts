import { Buffer } from 'node:buffer'
import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as parquet from 'parquet-wasm'
import { describe, expect, it } from 'vitest'
import { arbitraryEvents } from '../../test/arbitrary-event.ts'
import { makeLog, makePod, makePodEvents, makeService, right } from '../../test/make-events.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { applyEvent, emptyState } from '../cluster/cluster-state.ts'
import type { LogParts } from './byte-store.ts'
import { continueLog, createLog } from './event-log.ts'
import type { MemoryBytes } from './memory-bytes.ts'
import { type EventLog, openLog } from './read-log.ts'

const eventsOf = (log: EventLog, ...span: Parameters<EventLog['appends']>): ClusterEvent[] =>
  [...log.appends(...span)].flatMap(a => right(a))

const replayed = (events: readonly ClusterEvent[]) => {
  const state = emptyState()
  for (const event of events) applyEvent(state, event)
  return state
}

const splits = fc.array(fc.nat({ max: 6 }), { maxLength: 8 })

/** `events` cut into appends of the given sizes, the rest in one. */
function cutInto(events: readonly ClusterEvent[], sizes: readonly number[]): (readonly ClusterEvent[])[] {
  const appends: (readonly ClusterEvent[])[] = []
  let at = 0
  for (const size of sizes) {
    appends.push(events.slice(at, at + size))
    at += size
  }
  return [...appends, events.slice(at)]
}

describe('the event log', () => {
  it('gives back every event of every kind as it was appended', () => {
    fc.assert(
      fc.property(arbitraryEvents(), splits, (events, sizes) => {
        const log = right(openLog(makeLog(cutInto(events, sizes))))
        expect(eventsOf(log)).toEqual(events)
        expect(log.eventCount).toBe(events.length)
        expect(log.torn).toBeUndefined()
      }),
    )
  })

  it('folds to any position and any time as replaying does', () => {
    fc.assert(
      fc.property(arbitraryEvents(), splits, fc.nat({ max: 45 }), (events, sizes, position) => {
        const log = right(openLog(makeLog(cutInto(events, sizes))))
        expect(right(log.fold({ position }))).toEqual(replayed(events.slice(0, position)))
        const timeUs = events[Math.min(position, events.length - 1)]?.timeUs ?? 0
        expect(right(log.fold({ timeUs }))).toEqual(replayed(events.filter(e => e.timeUs <= timeUs)))
      }),
    )
  })

  it('keeps the order of creation in a fold', () => {
    const log = right(openLog(makeLog([makePodEvents(20), makePodEvents(20, 20)])))
    expect([...right(log.fold()).pods.keys()]).toEqual(makePodEvents(40).map(e => `default/${e.object.name}`))
  })

  it.each([0, 1, 1000])('holds %i events', count => {
    const log = right(openLog(makeLog([makePodEvents(count)])))
    expect([log.eventCount, log.lastTimeUs]).toEqual([count, Math.max(0, count - 1) * 1000])
    expect(eventsOf(log)).toEqual(makePodEvents(count))
  })

  it('reads a span of time', () => {
    const log = right(openLog(makeLog([makePodEvents(3), makePodEvents(3, 3), makePodEvents(3, 6)])))
    const sequences = eventsOf(log, { fromUs: 2000, toUs: 4000 }).map(e => e.sequence)
    expect(sequences).toEqual([2, 3, 4])
  })

  it('keeps text that is not ASCII, and keys that name a prototype', () => {
    const labels = JSON.parse('{"__proto__":"x","ключ":"значение","":""}') as Record<string, string>
    const [event] = makePodEvents(1)
    const log = right(openLog(makeLog([[{ ...event, object: makePod({ labels, nodeName: 'knötchen' }) }]])))
    const [{ object }] = eventsOf(log)
    expect(JSON.stringify(object.labels)).toBe(JSON.stringify(labels))
    expect(object).toMatchObject({ nodeName: 'knötchen' })
  })

  it('keeps the JSON of an imported object, and its changed fields win', () => {
    const source = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web-1', namespace: 'default', labels: { app: 'web' }, annotations: { note: 'kept' } },
      status: { phase: 'Pending' },
    }
    const [event] = makePodEvents(1)
    const imported = { ...event, object: makePod({ source }) }
    const read = eventsOf(right(openLog(makeLog([[imported]]))))
    const { source: written, ...fields } = read[0].object
    const { source: _, ...expected } = imported.object
    expect(fields).toEqual(expected)
    expect(written).toMatchObject({ metadata: { annotations: { note: 'kept' } }, status: { phase: 'Running' } })
    expect(eventsOf(right(openLog(makeLog([read]))))).toEqual(read)
  })

  it('goes on where it was left, without touching a byte', () => {
    const parts = makeLog([makePodEvents(2)])
    const before = [bytesOf(parts.events), bytesOf(parts.index)]
    const writer = right(continueLog(right(openLog(parts)), parts))
    expect(writer.nextSequence).toBe(2)
    right(writer.append(makePodEvents(2, 2)))
    expect(bytesOf(parts.events).subarray(0, before[0].length)).toEqual(before[0])
    expect(bytesOf(parts.index).subarray(0, before[1].length)).toEqual(before[1])
    expect(eventsOf(right(openLog(parts)))).toEqual(makePodEvents(4))
    expect(bytesOf(parts.events)).toEqual(bytesOf(makeLog([makePodEvents(2), makePodEvents(2, 2)]).events))
  })

  it('throws when the order of events is broken', () => {
    const parts = makeLog([makePodEvents(2)])
    const writer = right(continueLog(right(openLog(parts)), parts))
    expect(() => writer.append(makePodEvents(1))).toThrow('event 0 was appended where 2 comes next')
    const [late] = makePodEvents(1, 2)
    expect(() => writer.append([{ ...late, timeUs: 1 }])).toThrow('before 1000 us')
    expect(() => writer.append([{ ...late, timeUs: Number.NaN }])).toThrow('NaN')
  })

  it('refuses appends after one that failed', () => {
    const problem = { _tag: 'IoFailed', path: 'x', operation: 'write', cause: 'ENOSPC', mend: 'make room' } as const
    const parts = makeLog([])
    let full = false
    const sink = (part: MemoryBytes) => ({
      name: part.name,
      flush: () => E.right(undefined),
      append: (bytes: Uint8Array) => (full ? E.left(problem) : part.append(bytes)),
    })
    const writer = right(continueLog(right(openLog(parts)), { events: sink(parts.events), index: sink(parts.index) }))
    full = true
    expect(writer.append(makePodEvents(1))).toEqual(E.left(problem))
    full = false
    expect(writer.append(makePodEvents(1))).toEqual(E.left(problem))
    expect(right(openLog(parts)).eventCount).toBe(0)
  })

  it('is the same bytes for the same events', () => {
    const one = makeLog([makePodEvents(5)])
    const two = makeLog([makePodEvents(5)])
    expect(bytesOf(one.events)).toEqual(bytesOf(two.events))
    expect(bytesOf(one.index)).toEqual(bytesOf(two.index))
  })

  it('is an Arrow stream that arrow-rs reads, nested columns included', () => {
    const service: ClusterEvent = { sequence: 3, timeUs: 3000, type: 'ADDED', object: makeService() }
    const { events } = makeLog([makePodEvents(2), makePodEvents(1, 2), [service]])
    const table = parquet.Table.fromIPCStream(bytesOf(events))
    expect(table.recordBatches().map(b => b.numRows)).toEqual([2, 1, 1])
    // Written again by arrow-rs, the columns say the same.
    const rows = rowsOf(Buffer.from(table.intoIPCStream()))
    expect(rows).toEqual(rowsOf(bytesOf(events)))
    expect(rows[2]).toMatchObject({ kind: 'Pod', name: 'web-2', pod: { podIPs: ['10.0.0.1'], phase: 'Running' } })
  })

  it('creates nothing on a full disk', () => {
    const parts: LogParts<MemoryBytes> = makeLog([])
    const problem = { _tag: 'IoFailed', path: 'x', operation: 'write', cause: 'ENOSPC', mend: 'make room' } as const
    const full = { name: 'x', append: () => E.left(problem), flush: () => E.left(problem) }
    expect(createLog({ events: full, index: parts.index })).toEqual(E.left(problem))
  })
})

/** Rows of an Arrow stream as plain values. */
const rowsOf = (stream: Uint8Array): unknown[] =>
  [...tableFromIPC(stream)].map(row =>
    JSON.parse(JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? Number(v) : v))),
  )

const bytesOf = (part: MemoryBytes): Buffer => Buffer.from(right(part.read(0, part.size)))
