/** Thresholds: `metric<value` with < <= > >= == !=, over the flat metrics of a run. */
import * as E from 'fp-ts/lib/Either.js'
import { didYouMean } from '../problem/near-names.ts'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'

export interface Threshold {
  readonly text: string
  readonly metric: string
  readonly operator: Operator
  readonly value: number
}

export interface ThresholdResult {
  readonly text: string
  readonly metric: string
  readonly actual: number
  readonly passed: boolean
}

const OPERATORS = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
  '==': (a: number, b: number) => a === b,
  '!=': (a: number, b: number) => a !== b,
} as const
type Operator = keyof typeof OPERATORS

export function parseThreshold(text: string, place: Place): E.Either<Problem, Threshold> {
  const match = /^\s*([A-Za-z][\w.-]*)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*$/.exec(text)
  if (match === null) {
    return E.left(badInput(place, `${quoted(text)} is no threshold`, 'write metric<value, with one of < <= > >= == !='))
  }
  return E.right({
    text: `${match[1]} ${match[2]} ${match[3]}`,
    metric: match[1],
    operator: match[2] as Operator,
    value: Number(match[3]),
  })
}

/** Left when a metric of that name does not exist. A metric that is NaN fails every comparison. */
export function checkThreshold(
  threshold: Threshold,
  metrics: Readonly<Record<string, number>>,
): E.Either<Problem, ThresholdResult> {
  const { text, metric, operator, value } = threshold
  if (!Object.hasOwn(metrics, metric)) {
    const known = Object.keys(metrics)
    return E.left(
      badInput(
        {},
        `threshold ${quoted(text)}: there is no metric ${metric}`,
        didYouMean(metric, known, `the metrics are ${known.join(', ')}`),
      ),
    )
  }
  const actual = metrics[metric]
  return E.right({ text, metric, actual, passed: !Number.isNaN(actual) && OPERATORS[operator](actual, value) })
}
