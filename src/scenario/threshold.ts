/** Thresholds: `metric<value` with < <= > >= == !=, over the flat metrics of a run. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
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

/** Left when no metric has that name. A metric that is NaN fails every comparison. */
export const checkThreshold = (
  threshold: Threshold,
  metrics: Readonly<Record<string, number>>,
): E.Either<Problem, ThresholdResult> =>
  pipe(
    knownThreshold(threshold, Object.keys(metrics)),
    E.map(({ text, metric, operator, value }) => {
      const actual = metrics[metric]
      return { text, metric, actual, passed: !Number.isNaN(actual) && OPERATORS[operator](actual, value) }
    }),
  )

/** The threshold, where its metric is one of these names. */
export const knownThreshold = (threshold: Threshold, names: readonly string[]): E.Either<Problem, Threshold> => {
  const { text, metric } = threshold
  if (names.includes(metric)) return E.right(threshold)
  const first = firstWord(metric)
  const related = names.filter(name => firstWord(name) === first)
  const some =
    related.length > 0
      ? `those of ${first} are ${related.join(', ')}`
      : `metrics begin with ${[...new Set(names.map(firstWord))].join(', ')}`
  return E.left(
    badInput({}, `threshold ${quoted(text)}: there is no metric ${metric}`, didYouMean(metric, names, some)),
  )
}

const firstWord = (name: string): string => name.split('.', 1)[0]
