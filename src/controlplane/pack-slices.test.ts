import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeSlice } from '../../test/make-cluster-objects.ts'
import type { Endpoint } from '../cluster/objects.ts'
import { endpointKey } from './desired-endpoints.ts'
import { packSlices } from './pack-slices.ts'

const makeEndpoint = (n: number, more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [`10.0.${n >> 8}.${n & 255}`],
  ready: true,
  serving: true,
  terminating: false,
  nodeName: 'node-0',
  zone: '',
  podName: `pod-${n}`,
  ...more,
})
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => makeEndpoint(from + i))
const pack = (existing: readonly (readonly Endpoint[])[], desired: readonly Endpoint[], stale = false) => {
  const slices = existing.map((endpoints, i) => makeSlice(`slice-${i}`, { endpoints }))
  const { create, update, remove } = packSlices(slices, desired, 100, () => stale)
  return {
    create: create.map(e => e.length),
    update: Object.fromEntries(update.map(u => [u.slice.name, u.endpoints.length])),
    remove: remove.map(s => s.name),
  }
}

describe('packSlices', () => {
  it.each([
    ['nothing', [], 0, { create: [], update: {}, remove: [] }],
    ['one', [], 1, { create: [1], update: {}, remove: [] }],
    ['100 in one slice', [], 100, { create: [100], update: {}, remove: [] }],
    ['101 in two', [], 101, { create: [100, 1], update: {}, remove: [] }],
    ['250 in three', [], 250, { create: [100, 100, 50], update: {}, remove: [] }],
    ['no change', [range(0, 100), range(100, 150)], 150, { create: [], update: {}, remove: [] }],
    [
      'one more goes where it fits',
      [range(0, 100), range(100, 150)],
      151,
      { create: [], update: { 'slice-1': 51 }, remove: [] },
    ],
    [
      'the fullest slice with room takes all',
      [range(0, 10), range(10, 70)],
      90,
      { create: [], update: { 'slice-1': 80 }, remove: [] },
    ],
    [
      'a new slice where no one takes all',
      [range(0, 60), range(60, 120)],
      170,
      { create: [50], update: {}, remove: [] },
    ],
    ['all gone', [range(0, 60), range(60, 120)], 0, { create: [], update: {}, remove: ['slice-0', 'slice-1'] }],
    ['the last slice gone', [range(0, 60), range(60, 120)], 60, { create: [], update: {}, remove: ['slice-1'] }],
  ])('%s', (_name, existing, count, expected) => {
    expect(pack(existing, range(0, count))).toEqual(expected)
  })

  it('fills slices that change anyway first, the fullest first', () => {
    const existing = [range(0, 50), range(50, 120), range(200, 220)]
    const desired = [...range(1, 50), ...range(51, 120), ...range(200, 220), ...range(300, 335)]
    expect(pack(existing, desired)).toEqual({ create: [], update: { 'slice-0': 53, 'slice-1': 100 }, remove: [] })
  })

  it('rewrites a slice for each state an endpoint can change, and for stale labels', () => {
    const changes: Partial<Endpoint>[] = [
      { ready: false },
      { serving: false },
      { terminating: true },
      { zone: 'b' },
      { nodeName: 'node-1' },
    ]
    for (const change of changes)
      expect(pack([[makeEndpoint(1), makeEndpoint(2)]], [makeEndpoint(1, change), makeEndpoint(2)]).update).toEqual({
        'slice-0': 2,
      })
    expect(pack([[makeEndpoint(1)]], [makeEndpoint(1)], true).update).toEqual({ 'slice-0': 1 })
  })

  it('always ends with exactly the desired endpoints, once each, no slice over its size', () => {
    const set = fc.uniqueArray(fc.nat(40), { maxLength: 30 })
    fc.assert(
      fc.property(fc.array(set, { maxLength: 5 }), set, (before, after) => {
        const seen = new Set<number>()
        const existing = before.map((ids, i) => {
          const fresh = ids.filter(n => !seen.has(n)).slice(0, 5)
          for (const n of fresh) seen.add(n)
          return makeSlice(`slice-${i}`, { endpoints: fresh.map(n => makeEndpoint(n)) })
        })
        const { create, update, remove } = packSlices(
          existing,
          after.map(n => makeEndpoint(n)),
          5,
          () => false,
        )
        const slices = new Map(existing.map(s => [s.name, s.endpoints]))
        for (const { slice, endpoints } of update) slices.set(slice.name, endpoints)
        for (const { name } of remove) slices.delete(name)
        const all = [...slices.values(), ...create]
        expect(all.every(e => e.length >= 1 && e.length <= 5)).toBe(true)
        expect(all.flat().map(endpointKey).sort()).toEqual(after.map(n => endpointKey(makeEndpoint(n))).sort())
      }),
    )
  })
})
