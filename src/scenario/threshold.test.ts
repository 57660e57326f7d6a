import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { checkThreshold, parseThreshold } from './threshold.ts'

const check = (text: string, metrics: Record<string, number>) =>
  E.matchW(
    describeProblem,
    (result: { passed: boolean }) => result.passed,
  )(E.chain((t: Parameters<typeof checkThreshold>[0]) => checkThreshold(t, metrics))(parseThreshold(text, {})))

describe('thresholds', () => {
  it.each([
    ['a.b<2', 1, true],
    ['a.b<2', 2, false],
    ['a.b <= 2', 2, true],
    ['a.b > -1.5e3', -1500, false],
    ['a.b>=2', 2, true],
    ['a.b == 262505', 262505, true],
    ['a.b != 0', 0, false],
    ['a.b < 1', Number.NaN, false],
    ['a.b != 1', Number.NaN, false],
  ])('%s with %d', (text, actual, passed) => {
    expect(check(text, { 'a.b': actual })).toBe(passed)
  })

  it('names the metric it does not know and what was meant', () => {
    expect(check('connectoins > 1', { connections: 1, packets: 2 })).toMatch(
      /there is no metric connectoins; did you mean connections\?/,
    )
    expect(check('toString > 1', { connections: 1 })).toMatch(/there is no metric toString/)
    expect(check('api.somethingElse > 1', { connections: 1, 'api.bytes': 2, 'api.changes': 3 })).toMatch(
      /; those of api are api\.bytes, api\.changes$/,
    )
    expect(check('quite.another > 1', { connections: 1, 'api.bytes': 2, 'api.changes': 3 })).toMatch(
      /; metrics begin with connections, api$/,
    )
  })

  it.each(['', 'a', 'a <', '< 3', 'a < b', 'a = 3', 'a < 3 4', 'a << 3'])('refuses %j', text => {
    expect(check(text, { a: 1 })).toMatch(/is no threshold; write metric<value/)
  })
})
