/** Destinations of few rules and many, with an address and without, and a code that is read to its end. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Rule } from '../ruleset/ruleset.ts'
import { compile } from './compile.ts'
import { knownDestinations } from './known-destinations.ts'
import { OP, OP_WORDS } from './opcode.ts'
import type { Program } from './program.ts'
import { jumpTo, makeHostView, makeRule, makeRuleset, makeTable, portIs, to } from './testing/make-rules.ts'
import { makeServiceRules } from './testing/make-service-rules.ts'
import { randomViews } from './testing/random-ruleset.ts'

const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 200)

const programOf = (...views: Parameters<typeof compile>[0]): Program => {
  const compiled = compile(views)
  if (E.isLeft(compiled)) throw new Error(compiled.left._tag)
  return compiled.right
}

describe.each([4, 6] as const)('known destinations, IPv%i', family => {
  const host = makeHostView(family)

  it.each([0, 1, 2, 7, 8, 9, 100])('are all of %i Services', services => {
    expect(knownDestinations(programOf(makeServiceRules({ family, services, endpoints: 2 })), host)).toHaveLength(
      5 * services,
    )
  })

  it.each([1, 7, 8, 20])('are all addresses of the node for %i rules that name a port alone', count => {
    const rules = Array.from({ length: count }, (_, i) => makeRule(jumpTo('A'), ...portIs('udp', 30_000 + i)))
    const known = knownDestinations(
      programOf(makeRuleset([makeTable('nat', { PREROUTING: rules, A: [makeRule(undefined)] })], family)),
      host,
    )
    expect(known).toHaveLength(5 * count * host.localCount)
    const locals = Array.from({ length: host.localCount }, (_, a) =>
      Array.from(host.local.subarray(4 * a, 4 * a + 4), w => w | 0),
    )
    for (let i = 0; i < count; i++)
      for (const [a, local] of locals.entries()) {
        const at = known.findIndex(
          (_, n) =>
            n % 5 === 0 && known[n + 4] === ((17 << 16) | (30_000 + i)) && local.every((w, k) => known[n + k] === w),
        )
        expect([i, a, at]).not.toEqual([i, a, -1])
      }
  })

  it('are none where a rule leaves something open, or says what it is not', () => {
    const address = family === 4 ? '10.96.0.1' : 'fd00::1'
    const [protocol, port] = portIs('tcp', 80)
    const host1 = family === 4 ? 32 : 128
    const open: Rule[] = [
      makeRule(jumpTo('A'), to(`${address}/${host1}`), protocol),
      makeRule(jumpTo('A'), to(`${address}/${host1}`)),
      makeRule(jumpTo('A'), protocol),
      makeRule(jumpTo('A'), protocol, {
        kind: 'ports',
        protocol: 'tcp',
        destination: { from: 80, to: 81, negated: false },
      }),
      makeRule(jumpTo('A'), protocol, {
        kind: 'ports',
        protocol: 'tcp',
        destination: { from: 80, to: 80, negated: true },
      }),
      makeRule(jumpTo('A'), { ...protocol, negated: true } as typeof protocol),
    ]
    const known = (rules: readonly Rule[]): number[] =>
      knownDestinations(
        programOf(makeRuleset([makeTable('nat', { PREROUTING: [...rules], A: [makeRule(undefined)] })], family)),
        host,
      )
    expect(known(open)).toEqual([])
    expect(known([...open, makeRule(jumpTo('A'), to(`${address}/${host1}`), protocol, port), ...open])).toHaveLength(5)
  })

  it('are read from code whose operations end where the next begin', () => {
    fc.assert(
      fc.property(randomViews(family), views => {
        const { code, ruleCount } = programOf(...views)
        const rules = new Set<number>()
        let hits = 0
        let pc = 0
        for (; pc < code.length; pc += OP_WORDS[code[pc]]) {
          if (code[pc] === OP.RULE) rules.add(code[pc + 1])
          if (code[pc] === OP.HIT) hits++
        }
        expect(pc).toBe(code.length)
        expect(rules.size + hits).toBe(ruleCount)
      }),
      { numRuns: RUNS },
    )
  })
})
