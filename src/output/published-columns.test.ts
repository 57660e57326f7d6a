import { describe, expect, it } from 'vitest'
import { makeRunResult } from '../../test/make-run-result.ts'
import { newHistogram, record } from '../metrics/histogram.ts'
import { publishedColumns } from './published-columns.ts'
import type { RunResult } from './run-result.ts'

/** A step whose connections evaluate 1 … `most` rules on the first hop, and 100 more over both. */
function makeStep(most: number): RunResult {
  const [firstHop, secondHop, total] = [newHistogram(), newHistogram(), newHistogram()]
  for (let rules = 1; rules <= most; rules++) {
    record(firstHop, rules, 1)
    record(total, rules + 100, 1)
  }
  return { ...makeRunResult(), rulesEvaluated: { firstHop, secondHop, total } }
}

const STEPS = [makeStep(100), makeStep(1000)]
const VALUES = [100, 1000]

const PUBLISHED = {
  source: 'https://example.com/',
  what: 'latency',
  unit: 'us',
  hop: 'first',
} as const

describe('published figures', () => {
  it('that go with the rules are met, by the two constants that made them', () => {
    const points = [
      { at: 100, statistic: 'p50', value: 7 + 0.02 * 50 },
      { at: 1000, statistic: 'p99', value: 7 + 0.02 * 990 },
      { at: 1000, statistic: 'mean', value: 7 + 0.02 * 500.5 },
    ] as const
    const columns = publishedColumns({ ...PUBLISHED, points: [...points] }, VALUES, STEPS)
    expect(columns.baseUs).toBeCloseTo(7, 6)
    expect(columns.perRuleNs).toBeCloseTo(20, 6)
    expect([...columns.rules]).toEqual([50, 990, 500.5])
    for (const error of columns.error) expect(error).toBeCloseTo(0, 8)
  })

  it('that are rates go with the inverse of the time, over both hops if so wanted', () => {
    const points = [
      { at: 100, statistic: 'mean', value: 1_000_000 / (20 + 0.01 * 150.5) },
      { at: 1000, statistic: 'mean', value: 1_000_000 / (20 + 0.01 * 600.5) },
    ] as const
    const columns = publishedColumns(
      { ...PUBLISHED, unit: 'per second', hop: 'both', points: [...points] },
      VALUES,
      STEPS,
    )
    expect(columns.baseUs).toBeCloseTo(20, 6)
    expect(columns.perRuleNs).toBeCloseTo(10, 6)
    expect(columns.modelled[1]).toBeCloseTo(points[1].value, 4)
  })

  it('that do not fit have an error each, and no negative constant', () => {
    const points = [
      { at: 100, statistic: 'mean', value: 100 },
      { at: 1000, statistic: 'mean', value: 50 },
    ] as const
    const columns = publishedColumns({ ...PUBLISHED, points: [...points] }, VALUES, STEPS)
    expect(columns.perRuleNs).toBe(0)
    expect(columns.error[0]).toBeLessThan(0)
    expect(columns.error[1]).toBeGreaterThan(0)
  })

  it('of values that the sweep does not have are left out', () => {
    const columns = publishedColumns({ ...PUBLISHED, points: [{ at: 7, statistic: 'mean', value: 1 }] }, VALUES, STEPS)
    expect(columns.at).toHaveLength(0)
  })
})
