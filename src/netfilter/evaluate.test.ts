import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../net/ip.ts'
import { copyPacket } from '../net/packet.ts'
import type { Rule, Ruleset } from '../ruleset/ruleset.ts'
import { draw32 } from '../sim/random.ts'
import { encodeProgram } from './compile.ts'
import type { Engine } from './engine.ts'
import { newEngine } from './engine.ts'
import { evaluate, evaluateEstablished } from './evaluate.ts'
import type { HostView } from './host.ts'
import type { Interned } from './intern-chains.ts'
import { internChains } from './intern-chains.ts'
import { beginNode, endNode } from './node-order.ts'
import { orderedRuleset } from './ordered-ruleset.ts'
import { HOOK_CHAINS, HOOK_COUNT } from './program.ts'
import { ruleTallies } from './rule-tallies.ts'
import { makeHostView } from './testing/make-rules.ts'
import type { RandomStep } from './testing/random-ruleset.ts'
import { randomStep, randomViews } from './testing/random-ruleset.ts'
import type { TraceCounters } from './trace.ts'
import { trace } from './trace.ts'

/** Rulesets a family; each meets up to 45 packets in several orders. */
const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 400)

const SEED = { low: 0x1234_5678, high: 0x9abc_def0 }

/** A node of the run, its own packets, and between them packets on another node in another order. */
const randomNode = (family: IpFamily) =>
  fc.record({
    orderKey: fc.constantFrom(0, 1, 0xdead_beef | 0, 77),
    own: fc.array(randomStep(family), { maxLength: 5 }),
    elsewhere: fc.array(fc.tuple(randomStep(family), fc.constantFrom(0, 1, 5)), { maxLength: 2 }),
  })

describe.each([4, 6] as const)('evaluate, IPv%i', family => {
  it(
    'equals trace in every number, on random rulesets',
    () => {
      fc.assert(
        fc.property(
          randomViews(family),
          fc.array(randomNode(family), { minLength: 1, maxLength: 3 }),
          fc.boolean(),
          (views, nodes, homeless) => {
            const interned = right(internChains(views))
            const engine = newEngine(encodeProgram(interned), SEED)
            const host = makeHostView(family, homeless ? [] : undefined)
            const counters = views.map((): TraceCounters => ({ rules: new Map(), policies: new Map() }))
            for (const { orderKey, own, elsewhere } of nodes) {
              beginNode(engine, orderKey)
              for (const step of own) {
                compareStep(engine, interned, host, views, orderKey, step, counters)
                for (const [other, otherKey] of elsewhere)
                  compareStep(engine, interned, host, views, otherKey, other, counters)
              }
              endNode(engine)
            }
            compareCounters(engine, interned, views, counters)
          },
        ),
        { numRuns: RUNS },
      )
    },
    120_000 + 100 * RUNS,
  )
})

function compareStep(
  engine: Engine,
  interned: Interned,
  host: HostView,
  views: readonly Ruleset[],
  orderKey: number,
  step: RandomStep,
  counters: readonly TraceCounters[],
): void {
  const packet = copyPacket(step.packet)
  const ruleset = orderedRuleset(views[step.view], orderKey)
  const draw = (n: number): number => draw32(SEED.low, SEED.high, packet.flowLow, packet.flowHigh, n)
  const options = { counters: counters[step.view], weight: step.weight }
  const first = right(trace(ruleset, host, packet, draw, options))
  const outcome = evaluate(engine, step.view, host, orderKey, packet, step.weight)
  expect({
    outcome,
    dnat: engine.dnat < 0 ? undefined : ruleOfId(interned, engine.program.dnatRule[engine.dnat]),
    packet,
    rules: engine.rulesEvaluated,
    natRules: engine.natRulesEvaluated,
  }).toEqual({
    outcome: first.outcome,
    dnat: first.dnat,
    packet: first.packet,
    rules: first.rulesEvaluated,
    natRules: first.natRulesEvaluated,
  })
  if (step.laterWeight === 0) return
  const later = right(trace(ruleset, host, packet, draw, { ...options, weight: step.laterWeight, established: true }))
  const laterOutcome = evaluateEstablished(engine, step.view, host, orderKey, packet, step.laterWeight)
  expect({ outcome: laterOutcome, packet, rules: engine.rulesEvaluated, natRules: engine.natRulesEvaluated }).toEqual({
    outcome: later.outcome,
    packet: later.packet,
    rules: later.rulesEvaluated,
    natRules: 0,
  })
}

function compareCounters(
  engine: Engine,
  interned: Interned,
  views: readonly Ruleset[],
  counters: readonly TraceCounters[],
): void {
  const tallies = ruleTallies(engine)
  const expected = new Map<Rule, { matched: number; evaluated: number }>()
  for (const { rules } of counters)
    for (const [rule, count] of rules) {
      const sum = expected.get(rule) ?? { matched: 0, evaluated: 0 }
      expected.set(rule, { matched: sum.matched + count.matched, evaluated: sum.evaluated + count.evaluated })
    }
  const counted = new Map<Rule, { matched: number; evaluated: number }>()
  for (const block of interned.blocks)
    block.chain.rules.forEach((rule, i) => {
      const id = block.firstRule + i
      const sum = counted.get(rule) ?? { matched: 0, evaluated: 0 }
      sum.matched += tallies.matched[id]
      sum.evaluated += tallies.evaluated[id]
      if (sum.evaluated > 0 || sum.matched > 0) counted.set(rule, sum)
    })
  expect(counted).toEqual(expected)
  views.forEach((_, view) => {
    const policies = new Map<string, number>()
    for (let hook = 0; hook < HOOK_COUNT; hook++) {
      const count = tallies.policy[view * HOOK_COUNT + hook]
      if (count > 0) policies.set(HOOK_CHAINS[hook].join(' '), count)
    }
    expect(policies).toEqual(counters[view].policies)
  })
}

function ruleOfId(interned: Interned, id: number): Rule | undefined {
  const block = interned.blocks.find(b => id >= b.firstRule && id < b.firstRule + b.chain.rules.length)
  return block?.chain.rules[id - block.firstRule]
}

function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}
