import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import type { Rule, Ruleset, Table, TableName } from '../ruleset/ruleset.ts'
import { compile } from './compile.ts'
import { newEngine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { internChains } from './intern-chains.ts'
import { OUTCOME } from './outcome.ts'
import type { Program } from './program.ts'
import { ruleTallies } from './rule-tallies.ts'
import {
  dnatTo,
  from,
  jumpTo,
  makeHostView,
  makePacket,
  makeRule,
  makeRuleset,
  makeTable,
  portRange,
  to,
  withChance,
} from './testing/make-rules.ts'
import { makeServiceRules } from './testing/make-service-rules.ts'
import { trace } from './trace.ts'

const accept: Rule = makeRule({ kind: 'accept' })

function compiled(...views: Ruleset[]): Program {
  const program = compile(views)
  if (E.isLeft(program)) throw new Error(describeProblem(program.left))
  return program.right
}

const refusal = (...tables: Table[]): string => {
  const program = compile([makeRuleset(tables)])
  return E.isLeft(program) ? describeProblem(program.left) : 'compiled'
}

const table = (name: TableName, chains: Record<string, Rule[]>): Table => makeTable(name, chains)

describe('compile refuses', () => {
  it.each<[string, Table[], RegExp]>([
    [
      'a missing chain',
      [table('nat', { PREROUTING: [accept, makeRule(jumpTo('GONE'))] })],
      /nat PREROUTING rule 2.*"GONE"/,
    ],
    ['a chain that calls itself', [table('filter', { A: [makeRule(jumpTo('A'))] })], /loop: A -> A/],
    [
      'a loop by jump and goto',
      [
        table('filter', {
          A: [makeRule(jumpTo('B'))],
          B: [makeRule({ kind: 'goto', chain: 'C' })],
          C: [makeRule(jumpTo('A'))],
        }),
      ],
      /table filter.*A -> B -> C -> A/,
    ],
    ['a jump to a built-in chain', [table('filter', { A: [makeRule(jumpTo('INPUT'))] })], /built-in chain "INPUT"/],
    ['DNAT in filter', [table('filter', { FORWARD: [makeRule(dnatTo('10.0.0.1'))] })], /dnat.*table filter/],
    [
      'MASQUERADE below PREROUTING',
      [
        table('nat', {
          PREROUTING: [makeRule(jumpTo('A'))],
          A: [makeRule({ kind: 'masquerade', randomFully: false })],
        }),
      ],
      /nat PREROUTING.*masquerade/,
    ],
    ['a table that stands twice', [table('nat', {}), table('nat', {})], /table nat.*twice/],
    [
      'an IPv6 prefix',
      [table('nat', { PREROUTING: [makeRule(undefined, from('fd00::/8'))] })],
      /IPv6 prefix in an IPv4/,
    ],
    ['an IPv6 backend', [table('nat', { PREROUTING: [makeRule(dnatTo('fd00::1'))] })], /IPv6 address in an IPv4/],
    [
      'ports without their protocol',
      [table('filter', { INPUT: [makeRule(undefined, { kind: 'ports', protocol: 'tcp' })] })],
      /filter INPUT rule 1.*-p tcp/,
    ],
    [
      'a port range the wrong way round',
      [
        table('filter', {
          INPUT: [
            makeRule(
              undefined,
              { kind: 'protocol', protocol: 'tcp', negated: false },
              { kind: 'ports', protocol: 'tcp', destination: portRange(9, 8) },
            ),
          ],
        }),
      ],
      /9:8/,
    ],
    [
      'a probability beyond 1',
      [table('filter', { INPUT: [makeRule(undefined, withChance(2 ** 31 + 1))] })],
      /threshold/,
    ],
    [
      'session affinity',
      [
        table('nat', {
          A: [makeRule(undefined, { kind: 'recent', operation: 'set', name: 'L', side: 'source', negated: false })],
        }),
      ],
      /nat A rule 1.*recent.*"L"/,
    ],
  ])('%s', (_, tables, text) => {
    expect(refusal(...tables)).toMatch(text)
  })

  it('rulesets of both families in one program', () => {
    expect(E.isLeft(compile([makeRuleset([], 4), makeRuleset([], 6)]))).toBe(true)
  })

  it('chains whose jumps multiply beyond measure', () => {
    const chains: Record<string, Rule[]> = { c40: [accept] }
    for (let n = 0; n < 40; n++) chains[`c${n}`] = [makeRule(jumpTo(`c${n + 1}`)), makeRule(jumpTo(`c${n + 1}`))]
    expect(refusal(table('filter', { INPUT: [makeRule(jumpTo('c0'))], ...chains }))).toMatch(/1,000,000,000 rules/)
  })
})

describe('trace refuses the same rules when a packet meets them', () => {
  it.each<[string, Record<string, Rule[]>, RegExp]>([
    ['a missing chain', { PREROUTING: [makeRule(jumpTo('GONE'))] }, /"GONE"/],
    [
      'a loop',
      { PREROUTING: [makeRule(jumpTo('A'))], A: [makeRule({ kind: 'goto', chain: 'B' })], B: [makeRule(jumpTo('A'))] },
      /A -> B -> A/,
    ],
    [
      'MASQUERADE below PREROUTING',
      { PREROUTING: [makeRule({ kind: 'masquerade', randomFully: true })] },
      /masquerade/,
    ],
    [
      'recent',
      {
        PREROUTING: [
          makeRule(undefined, { kind: 'recent', operation: 'rcheck', name: 'L', side: 'source', negated: false }),
        ],
      },
      /recent/,
    ],
  ])('%s', (_, chains, text) => {
    const traced = trace(makeRuleset([table('nat', chains)]), makeHostView(), makePacket(), () => 0)
    expect(E.isLeft(traced) ? describeProblem(traced.left) : 'traced').toMatch(text)
  })
})

describe('compile', () => {
  it('takes no ruleset, and rulesets without tables', () => {
    expect(compiled().viewCount).toBe(0)
    const program = compiled(makeRuleset([]), makeRuleset([]))
    expect([program.viewCount, program.ruleCount, program.blockCount]).toEqual([2, 0, 0])
  })

  it('stores a chain object of several views once', () => {
    const base = makeServiceRules({ services: 20, endpoints: 3 })
    const nat = base.tables.find(t => t.name === 'nat')!
    const changed = { ...nat.chains.get('KUBE-SEP-4-1')!, rules: [makeRule(dnatTo('10.1.1.1', 99))] }
    const other: Ruleset = {
      ...base,
      tables: base.tables.map(t =>
        t === nat ? { ...t, chains: new Map([...t.chains, ['KUBE-SEP-4-1', changed]]) } : t,
      ),
    }
    const one = compiled(base)
    const two = compiled(base, other)
    // New are the endpoint's chain and those that lead to it: its Service's, KUBE-SERVICES, PREROUTING and OUTPUT.
    expect(two.blockCount - one.blockCount).toBe(5)
    expect(two.ruleCount - one.ruleCount).toBe(1 + 4 + 21 + 1 + 1)
    expect([one.dnatCount, two.dnatCount]).toEqual([60, 61])
    expect(compiled(base, base).code).toEqual(one.code)
  })

  it('gives the same ids as interning again', () => {
    const base = makeServiceRules({ services: 9, endpoints: 2 })
    const program = compiled(base)
    const interned = internChains([base])
    if (E.isLeft(interned)) throw new Error('not interned')
    expect(interned.right.ruleCount).toBe(program.ruleCount)
    const block = interned.right.blocks.find(b => b.chain.name === 'KUBE-SEP-3-1')!
    expect(program.blockRuleStart[block.index]).toBe(block.firstRule)
    expect([...program.dnatRule]).toContain(block.firstRule + 1)
  })

  it('lies on shared memory, so that a clone shares it', () => {
    const program = compiled(makeServiceRules({ services: 10, endpoints: 2 }))
    const clone = structuredClone(program)
    for (const [name, value] of Object.entries(clone))
      if (ArrayBuffer.isView(value)) {
        expect([name, value.buffer]).toEqual([name, expect.any(SharedArrayBuffer)])
        expect(value).toEqual(program[name as keyof Program])
      }
  })

  it('walks chains nested as deep as memory allows', () => {
    const depth = 50_000
    const chains: Record<string, Rule[]> = {}
    for (let n = 0; n < depth; n++) chains[`c${n}`] = n === depth - 1 ? [accept] : [makeRule(jumpTo(`c${n + 1}`))]
    const program = compiled(makeRuleset([table('filter', { FORWARD: [makeRule(jumpTo('c0'))], ...chains })]))
    const engine = newEngine(program, { low: 1, high: 2 })
    expect(evaluate(engine, 0, makeHostView(), 0, makePacket(), 1)).toBe(OUTCOME.toUplink)
    expect(engine.rulesEvaluated).toBe(depth + 1)
  })

  it('keeps counters of two chains apart that share a Chain object across tables', () => {
    const canary = { name: 'CANARY', rules: [makeRule(undefined, to('10.96.0.1/32'))] }
    const withCanary = (name: TableName, hook: string): Table => {
      const made = table(name, { [hook]: [makeRule(jumpTo('CANARY'))] })
      return { name, chains: new Map([...made.chains, ['CANARY', canary]]) }
    }
    const ruleset = makeRuleset([withCanary('mangle', 'PREROUTING'), withCanary('filter', 'INPUT')])
    const interned = internChains([ruleset])
    if (E.isLeft(interned)) throw new Error('not interned')
    const engine = newEngine(compiled(ruleset), { low: 1, high: 2 })
    evaluate(engine, 0, makeHostView(), 0, makePacket(), 5)
    const { matched } = ruleTallies(engine)
    const count = (name: TableName): number =>
      matched[interned.right.blocks.find(b => b.table === name && b.chain === canary)!.firstRule]
    expect([count('mangle'), count('filter')]).toEqual([5, 0])
  })
})
