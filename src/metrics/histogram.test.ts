import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Histogram } from './histogram.ts'
import { buckets, mean, mergeInto, newHistogram, percentile, record } from './histogram.ts'

const makeHistogram = (values: readonly number[], weight = 1): Histogram => {
  const h = newHistogram()
  for (const v of values) record(h, v, weight)
  return h
}

const anyValues = fc.array(
  fc.oneof(fc.nat(3_000), fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(0, 2_047, 2_048, 0xffff_ffff)),
  { maxLength: 60 },
)

describe('histogram', () => {
  it('is empty at first', () => {
    const h = newHistogram()
    expect([h.count, h.sum, percentile(h, 50), mean(h), buckets(h)]).toEqual([0, 0, NaN, NaN, []])
  })

  it('answers every percentile of one value with it', () => {
    const h = makeHistogram([7], 3)
    expect([0, 50, 99.9, 100].map(p => percentile(h, p))).toEqual([7, 7, 7, 7])
    expect([h.count, h.sum, h.min, h.max, mean(h)]).toEqual([3, 21, 7, 7, 7])
  })

  it('takes the nearest rank', () => {
    const h = makeHistogram([...Array(1_000).keys()].map(i => i + 1))
    expect([0, 0.1, 50, 50.01, 99, 99.9, 100].map(p => percentile(h, p))).toEqual([1, 1, 500, 501, 990, 999, 1000])
  })

  it('keeps values below 2,048 apart and cuts powers of two into 1,024 above', () => {
    expect(buckets(makeHistogram([0, 2_047, 2_048, 2_049, 2_050]))).toEqual([
      { from: 0, to: 0, count: 1 },
      { from: 2_047, to: 2_047, count: 1 },
      { from: 2_048, to: 2_049, count: 2 },
      { from: 2_050, to: 2_051, count: 1 },
    ])
    expect(buckets(makeHistogram([0xffff_ffff]))).toEqual([
      { from: 0xffff_ffff - 2 ** 21 + 1, to: 0xffff_ffff, count: 1 },
    ])
  })

  it('puts any value into a bucket that holds it and is narrower than 0.1 %', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), value => {
        const [b] = buckets(makeHistogram([value]))
        expect(b.from <= value && value <= b.to).toBe(true)
        expect(b.to - b.from).toBeLessThanOrEqual(value < 2_048 ? 0 : value * 0.001)
      }),
    )
  })

  it('agrees with a sorted list', () => {
    fc.assert(
      fc.property(anyValues, fc.integer({ min: 1, max: 100 }), (values, p) => {
        fc.pre(values.length > 0)
        const h = makeHistogram(values)
        const sorted = Float64Array.from(values).sort()
        const exact = sorted[Math.ceil((p * values.length) / 100) - 1]
        const found = percentile(h, p)
        expect(found).toBeGreaterThanOrEqual(exact)
        expect(found).toBeLessThanOrEqual(exact < 2_048 ? exact : exact * 1.001)
        expect([h.min, h.max, h.sum]).toEqual([sorted[0], sorted.at(-1), sorted.reduce((a, b) => a + b, 0)])
      }),
    )
  })

  it('merges as if all had been recorded in one, in any order and grouping', () => {
    fc.assert(
      fc.property(anyValues, anyValues, anyValues, (a, b, c) => {
        const all = makeHistogram([...a, ...b, ...c])
        const left = makeHistogram(a)
        mergeInto(left, makeHistogram(b))
        mergeInto(left, makeHistogram(c))
        const tail = makeHistogram(c)
        mergeInto(tail, makeHistogram(b))
        mergeInto(tail, makeHistogram(a))
        expect(left).toEqual(all)
        expect(tail).toEqual(all)
      }),
      { numRuns: 20 },
    )
  })

  it('records a weight as that many values and nothing for weight 0', () => {
    expect(makeHistogram([5, 9_999], 4)).toEqual(makeHistogram([5, 5, 5, 5, 9_999, 9_999, 9_999, 9_999]))
    expect(makeHistogram([5], 0)).toEqual(newHistogram())
  })

  it.each([-1, 0.5, NaN, 2 ** 32, Infinity])('refuses the value %s', value => {
    expect(() => record(newHistogram(), value, 1)).toThrow('not a whole number')
  })

  it.each([-1, 100.1, NaN])('refuses the percentile %s', p => {
    expect(() => percentile(makeHistogram([1]), p)).toThrow('between 0 and 100')
  })

  it('survives a structured clone', () => {
    const h = makeHistogram([1, 5_000])
    expect(structuredClone(h)).toEqual(h)
  })
})
