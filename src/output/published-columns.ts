/**
 * Figures that others measured beside what the steps of a sweep say of them. Hardware comes in as two constants, a base and a price a rule,
 * fitted to all points at once (least squares of relative errors, neither below 0); a rate is the inverse of a time.
 */
import { mean, percentile } from '../metrics/histogram.ts'
import { nonNegativeLeastSquares } from '../metrics/non-negative-least-squares.ts'
import type { Published } from '../scenario/scenario.ts'
import type { PublishedColumns, RunResult } from './run-result.ts'

/** Points whose value is none of the sweep's are left out. */
export function publishedColumns(
  published: Published,
  values: readonly number[],
  results: readonly RunResult[],
): PublishedColumns {
  const points = published.points.filter(p => values.includes(p.at))
  const rules = points.map(({ at, statistic }) => {
    const { rulesEvaluated } = results[values.indexOf(at)]
    return STATISTICS[statistic](published.hop === 'first' ? rulesEvaluated.firstHop : rulesEvaluated.total)
  })
  const [toTime, fromTime] = published.unit === 'us' ? [same, same] : [inverse, inverse]
  const times = points.map(p => toTime(p.value))
  const [baseUs, perRuleUs] = nonNegativeLeastSquares(
    times.map((us, i) => [1 / us, rules[i] / us]),
    times.map(() => 1),
  )
  const modelled = rules.map(r => fromTime(baseUs + perRuleUs * r))
  return {
    source: published.source,
    what: published.what,
    unit: published.unit,
    baseUs,
    perRuleNs: 1000 * perRuleUs,
    at: Float64Array.from(points, p => p.at),
    statistic: points.map(p => p.statistic),
    rules: Float64Array.from(rules),
    published: Float64Array.from(points, p => p.value),
    modelled: Float64Array.from(modelled),
    error: Float64Array.from(points, (p, i) => modelled[i] / p.value - 1),
  }
}

const STATISTICS = {
  mean,
  p50: (h: Parameters<typeof mean>[0]) => percentile(h, 50),
  p90: (h: Parameters<typeof mean>[0]) => percentile(h, 90),
  p99: (h: Parameters<typeof mean>[0]) => percentile(h, 99),
} as const

const same = (x: number): number => x
/** Between microseconds and events a second. */
const inverse = (x: number): number => 1_000_000 / x
