/** A comparison as JSON: the same as the Markdown, for programs. A number that is not defined is null. */
import type { ThresholdResult } from '../../scenario/threshold.ts'
import { ratioOf } from './comparison-metrics.ts'
import { comparisonAnswer } from './comparison-text.ts'
import type { RunComparison } from './run-comparison.ts'

export const COMPARISON_SCHEMA_VERSION = 1

export const comparisonJson = (comparison: RunComparison, thresholds: readonly ThresholdResult[]): object => ({
  schemaVersion: COMPARISON_SCHEMA_VERSION,
  ...comparison,
  answer: comparisonAnswer(comparison),
  metrics: comparison.metrics.map(({ metric, before, after, weight }) => ({
    metric,
    before,
    after,
    difference: after - before,
    ratio: ratioOf(before, after),
    weight,
  })),
  thresholds,
})
