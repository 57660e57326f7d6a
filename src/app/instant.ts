/** An instant of simulated time as a flag gives it: a duration from the start. */
import * as E from 'fp-ts/lib/Either.js'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { parseDurationUs, type TimeUs } from '../sim/time.ts'

/** undefined when the flag is absent. */
export function parseInstant(flag: string, text: string | undefined): E.Either<Problem, TimeUs | undefined> {
  if (text === undefined) return E.right(undefined)
  const timeUs = parseDurationUs(text)
  return timeUs === undefined
    ? E.left(badUsage(`${flag} is ${quoted(text)}`, 'write a time from the start, as 90s, 1m30s or 250ms'))
    : E.right(timeUs)
}
