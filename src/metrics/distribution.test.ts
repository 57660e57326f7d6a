import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distribution } from './distribution.ts'

const even = (n: number): number[] => Array(n).fill(1 / n)

describe('distribution', () => {
  it('of no endpoints is undefined throughout', () => {
    expect(distribution([], [])).toEqual({
      count: 0,
      mean: NaN,
      max: 0,
      maxOverMean: NaN,
      coefficientOfVariation: NaN,
      gini: NaN,
      jain: NaN,
      chiSquare: NaN,
      degreesOfFreedom: 0,
      pValue: NaN,
      smallestExpected: NaN,
      idle: 0,
    })
  })

  it('of no connections has idle endpoints and no ratios', () => {
    expect(distribution([0, 0, 0], even(3))).toMatchObject({
      count: 3,
      mean: 0,
      max: 0,
      maxOverMean: NaN,
      coefficientOfVariation: NaN,
      gini: NaN,
      jain: NaN,
      chiSquare: NaN,
      degreesOfFreedom: 2,
      pValue: NaN,
      idle: 3,
    })
  })

  it('of one endpoint is even and has nothing to test', () => {
    expect(distribution([42], [1])).toMatchObject({
      mean: 42,
      max: 42,
      maxOverMean: 1,
      coefficientOfVariation: 0,
      gini: 0,
      jain: 1,
      chiSquare: 0,
      degreesOfFreedom: 0,
      pValue: NaN,
      smallestExpected: 42,
      idle: 0,
    })
  })

  it('of 1, 2, 3, 4 is as by hand', () => {
    const d = distribution(new Float64Array([3, 1, 4, 2]), even(4))
    expect(d.maxOverMean).toBe(1.6)
    expect(d.coefficientOfVariation).toBeCloseTo(Math.sqrt(1.25) / 2.5, 15)
    expect(d.gini).toBe(0.25)
    expect(d.jain).toBeCloseTo(100 / (4 * 30), 15)
    expect(d.chiSquare).toBeCloseTo((2.25 + 0.25 + 0.25 + 2.25) / 2.5, 14)
    expect([d.degreesOfFreedom, d.smallestExpected, d.idle]).toEqual([3, 2.5, 0])
    expect(d.pValue).toBeCloseTo(0.5724067044708797, 12)
  })

  it('of all on one of n reaches the ends of every measure', () => {
    expect(distribution([10, 0, 0, 0, 0], even(5))).toMatchObject({
      maxOverMean: 5,
      coefficientOfVariation: 2,
      gini: 0.8,
      jain: 0.2,
      chiSquare: 40,
      idle: 4,
    })
  })

  it("finds Mendel's peas as expected (Fisher 1936: chi-square 0.47 with 3 degrees of freedom, p 0.925)", () => {
    const d = distribution([315, 101, 108, 32], [9 / 16, 3 / 16, 3 / 16, 1 / 16])
    expect(d.chiSquare).toBeCloseTo(0.47, 3)
    expect(d.pValue).toBeCloseTo(0.9254, 4)
    expect(d.smallestExpected).toBe(34.75)
  })

  it('leaves endpoints that expect nothing out of the test, unless they got something', () => {
    expect(distribution([5, 5, 0], [0.5, 0.5, 0])).toMatchObject({
      chiSquare: 0,
      degreesOfFreedom: 1,
      pValue: 1,
      idle: 1,
    })
    expect(distribution([5, 5, 1], [0.5, 0.5, 0])).toMatchObject({
      chiSquare: Infinity,
      degreesOfFreedom: 1,
      pValue: 0,
    })
    expect(distribution([1, 0], [0, 0])).toMatchObject({ chiSquare: Infinity, degreesOfFreedom: 0, pValue: 0 })
  })

  it('refuses shares of another number of endpoints', () => {
    expect(() => distribution([1, 2], [1])).toThrow('2 counts but 1 expected shares')
  })

  const counts = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 40 }).filter(c => c.some(x => x > 0))

  it('agrees with the definitions', () => {
    fc.assert(
      fc.property(counts, c => {
        const n = c.length
        const mean = c.reduce((a, b) => a + b) / n
        const pairs = c.flatMap(a => c.map(b => Math.abs(a - b))).reduce((a, b) => a + b)
        const variance = c.reduce((a, x) => a + (x - mean) ** 2, 0) / n
        const d = distribution(c, even(n))
        expect(d.gini).toBeCloseTo(pairs / (2 * n * n * mean), 12)
        expect(d.coefficientOfVariation).toBeCloseTo(Math.sqrt(variance) / mean, 12)
        expect(d.jain).toBeCloseTo(1 / (1 + variance / (mean * mean)), 12)
        expect(d.chiSquare).toBeCloseTo((n * variance) / mean, 6)
      }),
    )
  })

  it('does not depend on the order of endpoints', () => {
    fc.assert(
      fc.property(counts, c => {
        const { gini, jain, coefficientOfVariation, maxOverMean, idle } = distribution(c, even(c.length))
        expect(distribution([...c].reverse(), even(c.length))).toMatchObject({
          gini,
          jain,
          coefficientOfVariation,
          maxOverMean,
          idle,
        })
      }),
    )
  })
})
