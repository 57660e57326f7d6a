import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { parseIptables } from './parse-iptables.ts'
import { printSavedRuleset } from './print-saved-ruleset.ts'
import { randomSavedRuleset } from './testing/random-saved-ruleset.ts'

describe.each([4, 6] as const)('parseIptables, IPv%i', family => {
  it('reads back every ruleset that is printed', () => {
    fc.assert(
      fc.property(randomSavedRuleset(family), saved => {
        const text = printSavedRuleset(saved)
        const read = parseIptables(text, { family })
        if (E.isLeft(read)) throw new Error(`${describeProblem(read.left)}\n${text}`)
        expect(read.right.ruleset).toEqual(saved.ruleset)
        expect(read.right.tables).toEqual(saved.tables)
        expect(printSavedRuleset(read.right)).toBe(text)
      }),
      { numRuns: 60 },
    )
  })
})
