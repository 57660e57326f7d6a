import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../net/ip.ts'
import type { Packet } from '../net/packet.ts'
import { copyPacket, ORIGIN } from '../net/packet.ts'
import type { Rule, Ruleset } from '../ruleset/ruleset.ts'
import { draw32 } from '../sim/random.ts'
import { compileInterned } from './compile.ts'
import { Conntrack } from './conntrack/conntrack.ts'
import { PlainConntrack } from './conntrack/plain-conntrack.ts'
import type { Engine } from './engine.ts'
import { newEngine } from './engine.ts'
import { evaluate, evaluateEstablished, evaluateTracked } from './evaluate.ts'
import type { HostView } from './host.ts'
import type { Interned } from './intern-chains.ts'
import { newNodeMemory } from './memory/node-memory.ts'
import { newTraceMemory } from './memory/trace-memory.ts'
import { beginNode, endNode } from './node-order.ts'
import { orderedRuleset } from './ordered-ruleset.ts'
import { OUTCOME } from './outcome.ts'
import { HOOK_CHAINS, HOOK_COUNT } from './program.ts'
import { ruleTallies } from './rule-tallies.ts'
import { makeHostView } from './testing/make-rules.ts'
import type { RandomStep } from './testing/random-ruleset.ts'
import { randomPacket, randomStep, randomViews } from './testing/random-ruleset.ts'
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
            const { program, interned } = right(compileInterned(views))
            const engine = newEngine(program, SEED)
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

/** A packet at a node that remembers, some time after the one before; an answer to it comes from where it went. */
const randomEvent = (family: IpFamily) =>
  fc.record({
    packet: randomPacket(family),
    waitUs: fc.constantFrom(0, 0, 1_000, 2_500_000, 40_000_000, 400_000_000),
    again: fc.nat(2),
    answers: fc.nat(2),
    answerFlags: fc.constantFrom(18, 18, 16, 20, 17),
  })

describe.each([4, 6] as const)('evaluateTracked, IPv%i', family => {
  it(
    'equals trace in every number, on random rulesets and what a node remembers',
    () => {
      fc.assert(
        fc.property(
          randomViews(family, true),
          fc.array(randomEvent(family), { minLength: 1, maxLength: 12 }),
          ([ruleset], events) => {
            const { program, interned } = right(compileInterned([ruleset]))
            const engine = newEngine(program, SEED)
            const conntrack = new Conntrack(family, SEED)
            const plain = new PlainConntrack(SEED)
            const memory = newNodeMemory(engine.program, conntrack)
            const traceMemory = newTraceMemory(ruleset, plain)
            const counters: TraceCounters = { rules: new Map(), policies: new Map() }
            const host = makeHostView(family)
            const send = (packet: Packet): Packet => {
              const draw = (n: number): number => draw32(SEED.low, SEED.high, packet.flowLow, packet.flowHigh, n)
              const traced = right(trace(ruleset, host, packet, draw, { counters, memory: traceMemory }))
              const outcome = evaluateTracked(engine, memory, host, packet, 1)
              expect({
                outcome,
                packet: outcome === OUTCOME.dropped ? packet.mark : packet,
                rejection: outcome === OUTCOME.rejected ? engine.rejection : 0,
                rules: engine.rulesEvaluated,
                natRules: engine.natRulesEvaluated,
                entries: conntrack.count,
              }).toEqual({
                outcome: traced.outcome,
                packet: traced.outcome === OUTCOME.dropped ? traced.packet.mark : traced.packet,
                rejection: traced.rejection,
                rules: traced.rulesEvaluated,
                natRules: traced.natRulesEvaluated,
                entries: plain.count,
              })
              return packet
            }
            for (const { packet, waitUs, again, answers, answerFlags } of events) {
              for (const clock of [conntrack, plain, memory, traceMemory]) clock.nowUs += waitUs
              for (let n = 0; n <= again; n++) {
                const sent = send(copyPacket(packet))
                for (let a = 0; a < answers; a++) send(answerTo(sent, answerFlags))
              }
              if (answers > 0) send(errorAbout(send(copyPacket(packet))))
            }
            compareCounters(engine, interned, [ruleset], [counters])
          },
        ),
        { numRuns: RUNS },
      )
    },
    120_000 + 100 * RUNS,
  )
})

/** What the receiver of a packet sends back. */
function answerTo(sent: Packet, tcpFlags: number): Packet {
  const answer = copyPacket(sent)
  answer.source.set(sent.destination)
  answer.destination.set(sent.source)
  Object.assign(answer, {
    sourcePort: sent.destinationPort,
    destinationPort: sent.sourcePort,
    mark: 0,
    origin: ORIGIN.pod,
    tcpFlags,
  })
  return answer
}

/** The ICMP error of a receiver that does not like a packet. */
function errorAbout(sent: Packet): Packet {
  const { protocol, sourcePort, destinationPort } = sent
  return Object.assign(answerTo(sent, 0), {
    protocol: 1,
    sourcePort: 0,
    destinationPort: 0,
    icmpType: 3,
    icmpCode: 3,
    quoted: {
      protocol,
      source: sent.source.slice(),
      destination: sent.destination.slice(),
      sourcePort,
      destinationPort,
    },
  })
}

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
