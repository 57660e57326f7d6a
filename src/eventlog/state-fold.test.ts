import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryEvents } from '../../test/arbitrary-event.ts'
import { makePod, makePodEvents } from '../../test/make-events.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { applyEvent, type ClusterState, emptyState } from '../cluster/cluster-state.ts'
import { eventDecoder, eventEncoder } from './event-stream.ts'
import type { IndexRecord } from './log-index.ts'
import { StateFold, type Unmade } from './state-fold.ts'

/** Folds `events` in appends of `batchSize`, as a log would; an append counts a byte an event. */
function folded(events: readonly ClusterEvent[], batchSize: number, mostKeptBytes?: number): ClusterState | Unmade {
  const { head, encode } = eventEncoder()
  const decode = eventDecoder(head)
  const fold = new StateFold(mostKeptBytes)
  for (let from = 0; from < events.length; from += batchSize) {
    const batch = events.slice(from, from + batchSize)
    const record = { length: batch.length } as IndexRecord
    expect(
      decode(encode(batch), rows => fold.add(rows, record, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)),
    ).toBeUndefined()
    expect(fold.settleWhenLarge()).toBeUndefined()
  }
  return fold.state()
}

function applied(events: readonly ClusterEvent[]): ClusterState {
  const state = emptyState()
  for (const event of events) applyEvent(state, event)
  return state
}

/** Keys with their order, which `toEqual` of Maps does not look at. */
const orderOf = (state: ClusterState | Unmade) => ('fault' in state ? [] : Object.values(state).map(m => [...m.keys()]))

/** Changes of few objects, so that most of them replace, delete or add one anew that is there already. */
const crowded = fc
  .tuple(arbitraryEvents(), fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 60, maxLength: 60 }))
  .map(([events, names]) =>
    events.map((event, i): ClusterEvent => {
      const { source: _, ...object } = event.object
      const namespace = object.namespace === '' ? '' : names[(i * 7) % names.length]
      return { ...event, object: { ...object, namespace, name: names[i % names.length] } as ClusterEvent['object'] }
    }),
  )

describe('StateFold', () => {
  it('equals the fold of events, in the order of creation too', () => {
    fc.assert(
      fc.property(crowded, fc.integer({ min: 1, max: 12 }), fc.constantFrom(0, 3, 20), (events, size, kept) => {
        const state = folded(events, size, kept)
        expect(state).toEqual(applied(events))
        expect(orderOf(state)).toEqual(orderOf(applied(events)))
      }),
      { numRuns: 300 },
    )
  })

  it.each([7, 5000])('grows past objects that are gone, %i events an append', batchSize => {
    const created = makePodEvents(3000)
    const last = created.length - 1
    const events = [...created, ...created.map(e => ({ ...e, type: 'DELETED' as const })).slice(0, 2900), ...created]
      .map((e, sequence) => ({ ...e, sequence, timeUs: sequence * 10 }))
      .map(e => (e.sequence > last + 2900 && e.sequence % 3 === 0 ? { ...e, type: 'MODIFIED' as const } : e))
    const state = folded(events, batchSize)
    expect(state).toEqual(applied(events))
    expect(orderOf(state)).toEqual(orderOf(applied(events)))
  })

  it('does not take one key for another', () => {
    const events = [
      { namespace: 'a', name: 'bc' },
      { namespace: 'ab', name: 'c' },
      { namespace: 'a'.repeat(400), name: 'b'.repeat(300) },
      { namespace: 'a'.repeat(401), name: 'b'.repeat(299) },
    ].map(
      (names, sequence): ClusterEvent => ({
        sequence,
        timeUs: 0,
        type: 'ADDED',
        object: { ...makePod(), ...names },
      }),
    )
    expect(orderOf(folded(events, 2))).toEqual(orderOf(applied(events)))
  })
})
