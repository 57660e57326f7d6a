import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryEvents } from '../../test/arbitrary-event.ts'
import { makePod } from '../../test/make-events.ts'
import type { ClusterEvent, ClusterEventType } from './cluster-event.ts'
import { applyEvent, type ClusterState, emptyState, evolve } from './cluster-state.ts'

/** Maps as lists, so that order counts. */
const inOrder = (state: ClusterState): unknown =>
  Object.entries(state).map(([kind, objects]: [string, ReadonlyMap<string, unknown>]) => [kind, [...objects]])

const fold = (events: readonly ClusterEvent[]): ClusterState => {
  const state = emptyState()
  for (const event of events) applyEvent(state, event)
  return state
}

const change = (type: ClusterEventType, name: string, timeUs: number): ClusterEvent => ({
  sequence: timeUs,
  timeUs,
  type,
  object: makePod({ name, phase: type === 'MODIFIED' ? 'Failed' : 'Running' }),
})

/** Few names, so that events meet the same objects again. */
const collidingEvents = arbitraryEvents().map((events): ClusterEvent[] =>
  events.map(event => ({ ...event, object: { ...event.object, name: `n${event.sequence % 3}`, namespace: 'a' } })),
)

describe('the state', () => {
  it('is the same fold by applyEvent and by evolve', () => {
    fc.assert(
      fc.property(fc.oneof(arbitraryEvents(), collidingEvents), events => {
        expect(inOrder(fold(events))).toEqual(inOrder(events.reduce(evolve, emptyState())))
      }),
    )
  })

  it('evolves without a change of the state before', () => {
    fc.assert(
      fc.property(collidingEvents, events => {
        let state = emptyState()
        for (const event of events) {
          const before = JSON.stringify(inOrder(state))
          const next = evolve(state, event)
          expect(JSON.stringify(inOrder(state))).toBe(before)
          state = next
        }
      }),
    )
  })

  it('iterates in order of creation, whatever is modified later', () => {
    const state = fold([
      change('ADDED', 'c', 1),
      change('ADDED', 'a', 2),
      change('ADDED', 'b', 3),
      change('MODIFIED', 'c', 4),
      change('DELETED', 'a', 5),
      change('ADDED', 'a', 6),
    ])
    expect([...state.pods].map(([key, { createdUs }]) => [key, createdUs])).toEqual([
      ['default/c', 1],
      ['default/b', 3],
      ['default/a', 6],
    ])
    expect(state.pods.get('default/c')?.object.phase).toBe('Failed')
  })

  it('goes back to the end of the line when it is added again without having been deleted', () => {
    const state = fold([change('ADDED', 'a', 1), change('ADDED', 'b', 2), change('ADDED', 'a', 3)])
    expect([...state.pods].map(([key, { createdUs }]) => [key, createdUs])).toEqual([
      ['default/b', 2],
      ['default/a', 3],
    ])
  })

  it('adds what is modified unseen, and leaves what is deleted unseen', () => {
    const state = fold([change('DELETED', 'x', 1), change('MODIFIED', 'a', 2)])
    expect([...state.pods.keys()]).toEqual(['default/a'])
  })
})
