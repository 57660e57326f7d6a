import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadBins, type Place } from './load-bands.ts'
import { loadScale } from './load-scale.ts'

const makePlace = (load: number, expected = 10): Place => ({
  load,
  expected,
  bandLow: expected - 1,
  bandHigh: expected + 1,
})

describe('loadBins', () => {
  it('has no bins for no places', () => {
    expect(loadBins([], 10)).toEqual([])
  })

  it('gives each of a few places a bin, ranked by what is expected, then by load', () => {
    const bins = loadBins([makePlace(1), makePlace(3), makePlace(2, 50)], 10)
    expect(bins.map(b => [b.from, b.to, b.most, b.expected])).toEqual([
      [1, 1, 2, 50],
      [2, 2, 3, 10],
      [3, 3, 1, 10],
    ])
  })

  it('keeps the quantiles of a bin of many', () => {
    const [bin] = loadBins(
      [...Array(101).keys()].map(i => makePlace(100 - i)),
      1,
    )
    expect(bin).toEqual({
      from: 1,
      to: 101,
      least: 0,
      p10: 10,
      median: 50,
      p90: 90,
      most: 100,
      expected: 10,
      bandLow: 9,
      bandHigh: 11,
    })
  })

  it('ranks many places by load where all expect the same, and leaves them in order where they do not', () => {
    const places = [...Array(100).keys()].map(i => makePlace(i % 10))
    expect(loadBins(places, 10).map(b => b.median)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    expect(loadBins([...places, makePlace(0, 5)], 10)[0]).toMatchObject({ least: 0, most: 9 })
  })

  it('takes for equal what agrees in three digits', () => {
    expect(loadBins([makePlace(1, 10.0001), makePlace(3, 10)], 10).map(b => b.most)).toEqual([3, 1])
  })

  it('covers every place once, in bins of sizes that differ by one at most', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1_000), { minLength: 1, maxLength: 500 }),
        fc.integer({ min: 1, max: 60 }),
        (loads, most) => {
          const bins = loadBins(
            loads.map(load => makePlace(load)),
            most,
          )
          const sizes = bins.map(b => b.to - b.from + 1)
          expect(bins.length).toBe(Math.min(most, loads.length))
          expect(bins.map(b => b.from)).toEqual([1, ...bins.slice(0, -1).map(b => b.to + 1)])
          expect(bins.at(-1)!.to).toBe(loads.length)
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
          expect(Math.max(...bins.map(b => b.most))).toBe(Math.max(...loads))
          expect(Math.min(...bins.map(b => b.least))).toBe(Math.min(...loads))
        },
      ),
    )
  })
})

describe('loadScale', () => {
  it('is linear for loads of one size, and for none', () => {
    expect(loadScale([10, 12, 9]).type).toBeUndefined()
    expect(loadScale([]).type).toBeUndefined()
  })

  it('has ticks at 0 and powers of ten for loads of many sizes', () => {
    expect(loadScale([0, 1, 2, 5_000])).toMatchObject({
      type: 'symlog',
      ticks: [0, 1, 10, 100, 1_000, 10_000],
      domain: [0, 10_000],
    })
  })
})
