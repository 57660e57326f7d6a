/** Thresholds -> the end of a command: nothing, or the Problem that makes exit code 1. */
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../problem/problem.ts'
import type { ThresholdResult } from '../scenario/threshold.ts'

export function verdictOf(thresholds: readonly ThresholdResult[]): E.Either<Problem, void> {
  const failures = thresholds.filter(t => !t.passed).map(t => `${t.text} (it is ${t.actual})`)
  return failures.length === 0 ? E.right(undefined) : E.left({ _tag: 'ThresholdFailed', failures })
}
