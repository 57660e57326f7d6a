import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Segment, SegmentedMap } from './segmented-map.ts'

const segment: fc.Arbitrary<Segment<number>> = fc.array(
  fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), fc.nat(99)),
  { maxLength: 4 },
)

/** What a plain Map makes of the same entries. */
function plain(segments: readonly Segment<number>[]): Map<string, number> {
  return new Map(segments.flat())
}

describe('SegmentedMap', () => {
  it('is the plain map of its entries, before and after segments changed', () => {
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 5 }),
        fc.array(fc.tuple(fc.nat(4), segment), { maxLength: 3 }),
        (segments, changes) => {
          const map = new SegmentedMap(segments)
          const changed = new Map(changes.filter(([i]) => i < segments.length))
          for (const [actual, expected] of [
            [map, plain(segments)],
            [map.with(changed), plain(segments.map((s, i) => changed.get(i) ?? s))],
            [map, plain(segments)],
          ] as const) {
            expect([...actual]).toEqual([...expected])
            expect([...actual.keys()]).toEqual([...expected.keys()])
            expect([...actual.values()]).toEqual([...expected.values()])
            expect(actual.size).toBe(expected.size)
            for (const key of 'abcdefgh') {
              expect(actual.get(key)).toBe(expected.get(key))
              expect(actual.has(key)).toBe(expected.has(key))
            }
          }
        },
      ),
    )
  })

  it('visits each entry once', () => {
    const visits: unknown[] = []
    const map = new SegmentedMap([[['a', 1]], [['b', 2]], [['a', 3]]])
    map.forEach((value, key) => {
      visits.push([key, value])
    })
    expect(visits).toEqual([
      ['a', 3],
      ['b', 2],
    ])
  })

  it('shares values with the map it came from', () => {
    const value = {}
    const map = new SegmentedMap([[['a', value]], [['b', {}]]])
    expect(map.with(new Map([[1, []]])).get('a')).toBe(value)
  })
})
