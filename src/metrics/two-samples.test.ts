import { describe, expect, it } from 'vitest'
import { randomStream } from '../sim/random.ts'
import { compareCounts, compareMeans, compareShares } from './two-samples.ts'

describe('means', () => {
  it.each([
    // z = 2 / sqrt(4/100 + 9/300) = 7.559…; two-sided p of the normal distribution.
    [{ count: 100, mean: 10, variance: 4 }, { count: 300, mean: 12, variance: 9 }, 7.559289, 4.05e-14],
    [{ count: 400, mean: 5, variance: 16 }, { count: 400, mean: 5.4, variance: 16 }, Math.SQRT2, 0.157299],
    [{ count: 100, mean: 5, variance: 0 }, { count: 100, mean: 5, variance: 0 }, 0, 1],
    [{ count: 100, mean: 5, variance: 0 }, { count: 100, mean: 6, variance: 0 }, Infinity, 0],
  ])('%j and %j', (a, b, z, p) => {
    const { test, statistic, pValue } = compareMeans(a, b)
    expect(test).toBe('normal')
    expect(statistic).toBeCloseTo(z, 5)
    expect(pValue / p || 0).toBeCloseTo(p === 0 ? 0 : 1, 2)
  })

  it('says nothing of a handful', () => {
    const few = { count: 29, mean: 1, variance: 1 }
    expect(compareMeans(few, { count: 1e6, mean: 9, variance: 1 })).toMatchObject({ test: 'too few', pValue: NaN })
  })
})

describe('shares', () => {
  it('is Pearson’s chi-square of a table of four where it can be', () => {
    // R: chisq.test(matrix(c(20, 80, 40, 60), 2), correct = FALSE): X-squared = 9.5238, p-value = 0.002028
    const result = compareShares(20, 100, 40, 100)
    expect(result.test).toBe('chi-square')
    expect(result.statistic).toBeCloseTo(9.5238, 4)
    expect(result.pValue).toBeCloseTo(0.002028, 6)
  })

  it.each([
    // Of `rare` hits, each is in the second sample with the same chance as any trial: R's binom.test(k, n, 1/2).
    [0, 1000, 0, 1000, 1],
    [0, 1000, 3, 1000, 0.25],
    [0, 1000, 8, 1000, 0.0078125],
    [1000, 1000, 992, 1000, 0.0078125],
    [1, 1000, 8, 1000, 0.0390625],
  ])('is exact where something is rare: %i of %i, %i of %i', (hitsA, countA, hitsB, countB, p) => {
    const result = compareShares(hitsA, countA, hitsB, countB)
    expect(result.test).toBe('binomial, exact')
    expect(result.pValue).toBeCloseTo(p, 8)
  })

  it('does not compare with nothing', () => {
    expect(compareShares(0, 0, 5, 10).test).toBe('too few')
  })
})

describe('counts', () => {
  it('is the chi-square test of homogeneity', () => {
    // R: chisq.test(rbind(c(30, 50, 20), c(45, 35, 20))): X-squared = 5.6471, df = 2, p-value = 0.0594
    const result = compareCounts([30, 50, 20], [45, 35, 20])
    expect(result).toMatchObject({ test: 'chi-square', degreesOfFreedom: 2 })
    expect(result.statistic).toBeCloseTo(5.6471, 4)
    expect(result.pValue).toBeCloseTo(0.0594, 4)
  })

  it('joins what is thin, at the beginning, in the middle and at the end', () => {
    const joined = compareCounts([30, 50, 20], [45, 35, 20])
    expect(compareCounts([29, 1, 48, 1, 1, 18, 2, 0], [45, 0, 33, 1, 1, 18, 1, 1])).toMatchObject({
      degreesOfFreedom: joined.degreesOfFreedom,
    })
    expect(compareCounts([1, 1, 1], [1, 1, 1]).test).toBe('too few')
    expect(compareCounts([], []).test).toBe('too few')
    expect(compareCounts([100, 100], [0, 0]).test).toBe('too few')
  })

  it('calls equal proportions different as often as it says', () => {
    const stream = randomStream('svcsim', 'two samples')
    const trials = 2_000
    let below = 0
    for (let t = 0; t < trials; t++) {
      const [a, b] = [300, 700].map(count => {
        const cells = new Float64Array(8)
        for (let i = 0; i < count; i++) cells[Math.floor(8 * stream.next() ** 2)]++
        return cells
      })
      if (compareCounts(a, b).pValue < 0.05) below++
    }
    // 0.05 +- 4 standard deviations of 2,000 trials.
    expect(below / trials).toBeGreaterThan(0.05 - 4 * Math.sqrt((0.05 * 0.95) / trials))
    expect(below / trials).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / trials))
  })
})
