/** A program that follows its rules equals a fresh compile and trace after every delta: on random ones, and by hand at the edges. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../../net/ip.ts'
import { copyPacket } from '../../net/packet.ts'
import type { Chain, Match, Rule, Ruleset, TableName } from '../../ruleset/ruleset.ts'
import { draw32 } from '../../sim/random.ts'
import { compile } from '../compile.ts'
import { type Engine, newEngine } from '../engine.ts'
import { evaluate, evaluateEstablished } from '../evaluate.ts'
import { beginNode, endNode } from '../node-order.ts'
import { orderedRuleset } from '../ordered-ruleset.ts'
import { OUTCOME } from '../outcome.ts'
import { HOOK_CHAINS, HOOK_COUNT } from '../program.ts'
import {
  dnatTo,
  jumpTo,
  makeHostView,
  makePacket,
  makeRule,
  makeRuleset,
  makeTable,
  protocolIs,
} from '../testing/make-rules.ts'
import { makeServiceRules, serviceAddress, serviceChains } from '../testing/make-service-rules.ts'
import { randomDelta } from '../testing/random-delta.ts'
import { type RandomStep, randomStep, randomViews } from '../testing/random-ruleset.ts'
import { type TraceCounters, trace } from '../trace.ts'
import { type ChainDelta, withDelta } from './chain-delta.ts'
import { compileLive, type LiveProgram } from './live-program.ts'

/** Rulesets a family; each meets several deltas, and packets behind each of them. */
const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 120)

const SEED = { low: 0x1234_5678, high: 0x9abc_def0 }

const randomChange = (family: IpFamily) =>
  fc.record({
    choice: fc.nat(2),
    orderKey: fc.constantFrom(0, 0, 1, 77),
    steps: fc.array(randomStep(family), { maxLength: 3 }),
  })

describe.each([4, 6] as const)('a live program, IPv%i', family => {
  it(
    'equals a fresh compile and trace after every delta, on random rulesets',
    () => {
      const refusals = { all: 0, refused: 0 }
      fc.assert(
        fc.property(
          randomViews(family),
          fc.array(randomStep(family), { maxLength: 4 }),
          fc.array(randomDelta(family), { minLength: 1, maxLength: 3 }),
          fc.array(randomChange(family), { minLength: 1, maxLength: 8 }),
          (views, first, deltas, changes) => {
            const world = new World(views)
            world.send(first, 0)
            // The same chains come and go, and take each other's places.
            for (const { choice, orderKey, steps } of changes) {
              const delta = deltas[choice % deltas.length]
              refusals.all++
              if (!world.apply(delta)) refusals.refused++
              world.send(steps, orderKey)
            }
            world.compareCounters()
          },
        ),
        { numRuns: RUNS },
      )
      // Both ways of a delta are really taken.
      expect(refusals.refused).toBeGreaterThan(0)
      expect(refusals.refused).toBeLessThan(refusals.all / 2)
    },
    120_000 + 200 * RUNS,
  )
})

describe('compileLive', () => {
  const accept = makeRule({ kind: 'accept' })
  const filter = (chains: Readonly<Record<string, readonly Rule[]>>): Ruleset =>
    makeRuleset([makeTable('filter', chains)])
  const chain = (name: string, ...rules: Rule[]): Chain => ({ name, rules })

  it('refuses what compile refuses', () => {
    const gone = filter({ INPUT: [makeRule(jumpTo('GONE'))] })
    expect(compileLive([gone])).toEqual(compile([gone]))
    const remembering = filter({ INPUT: [makeRule(undefined, { kind: 'limit', rate: 1, per: 'sec', burst: 5 })] })
    expect(compileLive([remembering])).toEqual(compile([remembering]))
  })

  it('begins with nothing: no view, no table, no rule', () => {
    expect(right(compileLive([])).apply({ table: 'nat', chains: [chain('A')] })).toEqual(E.right(undefined))
    const world = new World([makeRuleset([])])
    expect(world.live.program.blockCount).toBe(0)
    const packet = makePacket()
    expect(world.apply({ table: 'filter', chains: [], removed: ['A'] })).toBe(true)
    expect(world.live.rulesets()).toEqual([makeRuleset([])])
    world.apply({ table: 'filter', chains: [chain('FORWARD', makeRule(jumpTo('A'))), chain('A', accept)] })
    world.send([{ view: 0, packet, weight: 2, laterWeight: 1 }], 0)
    world.apply({ table: 'filter', chains: [], removed: ['A', 'FORWARD'] })
    world.send([{ view: 0, packet, weight: 2, laterWeight: 1 }], 0)
    expect(world.live.program.hookPc.every(pc => pc < 0)).toBe(true)
  })

  it.each<[string, ChainDelta]>([
    ['a missing chain', { table: 'filter', chains: [chain('A', makeRule(jumpTo('GONE')))] }],
    ['a chain that is still called', { table: 'filter', chains: [], removed: ['B'] }],
    ['a loop', { table: 'filter', chains: [chain('B', makeRule(jumpTo('A')))] }],
    ['a chain that calls itself', { table: 'filter', chains: [chain('B', makeRule(jumpTo('B')))] }],
    ['a jump to a built-in chain', { table: 'filter', chains: [chain('B', makeRule(jumpTo('INPUT')))] }],
    ['a verdict in the wrong table', { table: 'filter', chains: [chain('B', makeRule(dnatTo('10.0.0.1')))] }],
    [
      'a rule that asks a memory',
      {
        table: 'filter',
        chains: [chain('B', makeRule(undefined, { kind: 'limit', rate: 1, per: 'sec', burst: 5 }))],
      },
    ],
    [
      'a verdict below the wrong hook',
      {
        table: 'nat',
        chains: [chain('PREROUTING', makeRule(jumpTo('M'))), chain('M', makeRule(dnatTo('10.0.0.1')), masquerade)],
      },
    ],
    [
      'a walk without end',
      {
        table: 'filter',
        chains: Array.from({ length: 31 }, (_, n) =>
          chain(`w${n}`, ...(n === 30 ? [accept] : [makeRule(jumpTo(`w${n + 1}`)), makeRule(jumpTo(`w${n + 1}`))])),
        ),
      },
    ],
  ])('refuses %s in the words of compile, and stays as it was', (_, delta) => {
    const world = new World([filter({ FORWARD: [makeRule(jumpTo('A'))], A: [makeRule(jumpTo('B'))], B: [accept] })])
    const step = { view: 0, packet: makePacket(), weight: 1, laterWeight: 1 }
    world.send([step], 0)
    expect(world.apply(delta)).toBe(false)
    world.send([step], 0)
  })

  it('takes a chain that was removed back, and a chain that turns empty and full again', () => {
    const world = new World([
      filter({ FORWARD: [makeRule(jumpTo('A')), makeRule({ kind: 'goto', chain: 'A' })], A: [] }),
    ])
    const step = { view: 0, packet: makePacket(), weight: 3, laterWeight: 1 }
    const full = chain('A', makeRule(undefined), makeRule({ kind: 'drop' }))
    for (const delta of [full, chain('A'), chain('A', makeRule({ kind: 'return' })), full, chain('A')]) {
      world.send([step], 0)
      expect(world.apply({ table: 'filter', chains: [delta] })).toBe(true)
    }
    expect(world.apply({ table: 'filter', chains: [chain('FORWARD')], removed: ['A'] })).toBe(true)
    world.send([step], 0)
    expect(world.apply({ table: 'filter', chains: [chain('FORWARD', makeRule(jumpTo('A'))), full] })).toBe(true)
    world.send([step], 0)
  })

  it.each([4, 6] as const)('counts what is written anew over and over as if nothing had been there, IPv%i', family => {
    const base = makeServiceRules({ family, services: 12, endpoints: 3 })
    const services = base.tables.find(t => t.name === 'nat')!.chains.get('KUBE-SERVICES')!
    const world = new World([base])
    // From elsewhere, so that jumps to KUBE-MARK-MASQ return.
    const packets = [3, 3, 5, 11].map((service, flowLow) =>
      makePacket(
        {
          origin: 0,
          source: family === 4 ? '203.0.113.5' : '2001:db8:f::5',
          destination: serviceAddress(family, service),
          flowLow,
        },
        family,
      ),
    )
    for (const [round, orderKey] of [77, 0, 1, 77, 5].entries()) {
      world.send(
        packets.map(packet => ({ view: 0, packet, weight: 1 + round, laterWeight: 1 })),
        orderKey,
      )
      const own = serviceChains(family, 3, 100, 2 + (round % 2))
      // Callers that moved are patched next time.
      const chains = round % 2 === 0 ? [...own, { ...services }] : own
      expect(world.apply({ table: 'nat', chains })).toBe(true)
    }
  })

  it('keeps counters of callers, and begins those of written chains at 0', () => {
    const live = right(compileLive([filter({ FORWARD: [makeRule(jumpTo('A'))], A: [accept] })]))
    const engine = live.newEngine(SEED)
    const matched = (name: string): number => live.tallies(engine).matched[live.place(0, 'filter', name)!.firstRule]
    // The second packet is only remembered, and goes through the rules that it met.
    for (const weight of [4, 1]) evaluate(engine, 0, makeHostView(), 0, makePacket(), weight)
    right(live.apply({ table: 'filter', chains: [chain('A', { ...accept })] }))
    evaluate(engine, 0, makeHostView(), 0, makePacket(), 2)
    expect([matched('FORWARD'), matched('A')]).toEqual([7, 2])
    expect(live.tallies(engine).chainEntries[live.place(0, 'filter', 'A')!.block]).toBe(2)
  })

  it('writes a view that parts from the others callers of its own, and shares what two views have alike', () => {
    const base = makeServiceRules({ services: 20, endpoints: 3 })
    const live = right(compileLive([base, base, base]))
    const before = live.program.blockCount
    const delta = { table: 'nat', chains: serviceChains(4, 7, 100, 4) } as const
    right(live.apply({ ...delta, views: [1] }))
    // The Service and its four endpoints, and in place of shared ones KUBE-SERVICES, PREROUTING and OUTPUT.
    expect(live.program.blockCount - before).toBe(5 + 3)
    const blockOf = (view: number, name: string): number => live.place(view, 'nat', name)!.block
    expect(blockOf(0, 'KUBE-SERVICES')).toBe(blockOf(2, 'KUBE-SERVICES'))
    expect(blockOf(1, 'KUBE-SERVICES')).not.toBe(blockOf(0, 'KUBE-SERVICES'))
    expect(blockOf(1, 'KUBE-SVC-6')).toBe(blockOf(0, 'KUBE-SVC-6'))
    right(live.apply({ ...delta, views: [2] }))
    expect(live.program.blockCount - before).toBe(5 + 3)
    expect(blockOf(2, 'OUTPUT')).toBe(blockOf(1, 'OUTPUT'))
    right(live.apply(delta))
    expect(blockOf(0, 'KUBE-SVC-7')).toBe(blockOf(1, 'KUBE-SVC-7'))
  })

  it('forgets what a chain brought its callers', () => {
    const world = new World([
      makeRuleset([
        makeTable('nat', {
          PREROUTING: [makeRule(jumpTo('M'))],
          M: [makeRule(jumpTo('X'))],
          X: [makeRule(dnatTo('10.0.0.1'))],
        }),
      ]),
    ])
    const below = { table: 'nat', chains: [chain('POSTROUTING', makeRule(jumpTo('M')))] } as const
    expect(world.apply(below)).toBe(false)
    expect(world.apply({ table: 'nat', chains: [chain('X')] })).toBe(true)
    expect(world.apply(below)).toBe(true)
  })

  it('patches callers that views share, though their tables differ', () => {
    const base = makeServiceRules({ services: 20, endpoints: 3 })
    const other = withDelta([base], { table: 'nat', chains: [chain('CANARY')] })
    const live = right(compileLive([base, ...other]))
    const places = (name: string): unknown[] => [0, 1].map(view => live.place(view, 'nat', name))
    const callers = ['KUBE-SERVICES', 'PREROUTING', 'OUTPUT'].map(places)
    right(live.apply({ table: 'nat', chains: serviceChains(4, 7, 100, 4) }))
    expect(['KUBE-SERVICES', 'PREROUTING', 'OUTPUT'].map(places)).toEqual(callers)
    expect(live.place(0, 'nat', 'KUBE-SVC-7')).toEqual(live.place(1, 'nat', 'KUBE-SVC-7'))
  })

  it('takes no more room however often a Service changes', () => {
    const base = makeServiceRules({ services: 20, endpoints: 3 })
    const live = right(compileLive([base]))
    const engine = live.newEngine(SEED)
    const sizes = (): unknown => {
      const { code, ruleCount, blockCount, dnatCount, dispatchSlotCount, dispatchEntries, rare } = live.program
      return [
        code.length,
        ruleCount,
        blockCount,
        dnatCount,
        dispatchSlotCount,
        dispatchEntries.length,
        engine.matched.length,
        rare.length,
      ]
    }
    const services = base.tables.find(t => t.name === 'nat')!.chains.get('KUBE-SERVICES')!
    const churn = (rounds: number): void => {
      for (let i = 0; i < rounds; i++) {
        const ports: Match = {
          kind: 'multiport',
          side: 'destination',
          ports: [{ from: i, to: i + 1 }],
          negated: false,
        }
        const chains = [
          ...serviceChains(4, 3, 100 + i, 2 + (i % 3)),
          { ...services },
          chain('PORTS', makeRule(undefined, protocolIs('tcp'), ports)),
        ]
        right(live.apply({ table: 'nat', chains, removed: ['KUBE-SEP-3-2', 'KUBE-SEP-3-3'] }))
        const packet = makePacket({ destination: serviceAddress(4, 3) })
        expect(evaluate(engine, 0, makeHostView(), 0, packet, 1)).toBe(OUTCOME.toUplink)
      }
    }
    churn(12)
    const settled = sizes()
    churn(60)
    expect(sizes()).toEqual(settled)
  })
})

const masquerade = makeRule({ kind: 'masquerade', randomFully: true })

/** A live program beside its views as plain rulesets, and what its counters must say. */
class World {
  views: readonly Ruleset[]
  readonly live: LiveProgram
  readonly #engine: Engine
  #fresh: Engine
  readonly #policies: Map<string, number>[]
  /** By block: its chain, and its rules' counters. */
  readonly #counts = new Map<number, { readonly chain: Chain; readonly rules: Counts[] }>()

  constructor(views: readonly Ruleset[]) {
    this.views = views
    this.live = right(compileLive(views))
    this.#engine = this.live.newEngine(SEED)
    this.#fresh = newEngine(right(compile(views)), SEED)
    this.#policies = views.map(() => new Map())
  }

  /** Whether the delta was accepted. */
  apply(delta: ChainDelta): boolean {
    const changed = withDelta(this.views, delta)
    const fresh = compile(changed)
    const applied = this.live.apply(delta)
    if (E.isRight(fresh)) {
      expect(applied).toEqual(E.right(undefined))
      this.views = changed
      this.#fresh = newEngine(fresh.right, SEED)
    } else expect(applied).toEqual(fresh)
    expect(chainLists(this.live.rulesets())).toEqual(chainLists(this.views))
    // Counters of blocks that no view has are gone.
    const held = new Map<number, Chain>()
    for (const { place } of this.#places()) held.set(place.block, place.chain)
    for (const [block, { chain }] of this.#counts) if (held.get(block) !== chain) this.#counts.delete(block)
    this.compareCounters()
    return E.isRight(fresh)
  }

  send(steps: readonly RandomStep[], orderKey: number): void {
    const host = makeHostView(this.views[0].family)
    const engines = [this.#engine, this.#fresh]
    for (const engine of engines) beginNode(engine, orderKey)
    for (const step of steps) {
      const packet = copyPacket(step.packet)
      const ruleset = orderedRuleset(this.views[step.view], orderKey)
      const draw = (n: number): number => draw32(SEED.low, SEED.high, packet.flowLow, packet.flowHigh, n)
      const pass = (weight: number, established: boolean): void => {
        const counters: TraceCounters = { rules: new Map(), policies: new Map() }
        const {
          outcome,
          packet: passed,
          rulesEvaluated,
          natRulesEvaluated,
        } = right(trace(ruleset, host, packet, draw, { counters, weight, established }))
        const before = copyPacket(packet)
        for (const engine of engines) {
          Object.assign(packet, copyPacket(before))
          const evaluated = (established ? evaluateEstablished : evaluate)(
            engine,
            step.view,
            host,
            orderKey,
            packet,
            weight,
          )
          expect({
            outcome: evaluated,
            packet,
            rules: engine.rulesEvaluated,
            natRules: engine.natRulesEvaluated,
          }).toEqual({ outcome, packet: passed, rules: rulesEvaluated, natRules: natRulesEvaluated })
        }
        this.#note(step.view, counters)
      }
      pass(step.weight, false)
      if (step.laterWeight > 0) pass(step.laterWeight, true)
    }
    for (const engine of engines) endNode(engine)
  }

  compareCounters(): void {
    const tallies = this.live.tallies(this.#engine)
    const none = { matched: 0, evaluated: 0 }
    for (const { view, place } of this.#places()) {
      const expected = place.chain.rules.map((_, i) => this.#counts.get(place.block)?.rules[i] ?? none)
      const counted = place.chain.rules.map((_, i) => ({
        matched: tallies.matched[place.firstRule + i],
        evaluated: tallies.evaluated[place.firstRule + i],
      }))
      expect([view, place.table, place.chain.name, counted]).toEqual([view, place.table, place.chain.name, expected])
    }
    this.#policies.forEach((expected, view) => {
      const policies = new Map<string, number>()
      for (let hook = 0; hook < HOOK_COUNT; hook++) {
        const count = tallies.policy[view * HOOK_COUNT + hook]
        if (count > 0) policies.set(HOOK_CHAINS[hook].join(' '), count)
      }
      expect(policies).toEqual(expected)
    })
  }

  *#places() {
    for (const [view, { tables }] of this.views.entries())
      for (const { name, chains } of tables)
        for (const chain of chains.keys()) yield { view, place: this.live.place(view, name, chain)! }
  }

  /** What trace counted in a view goes to the blocks that the view has now. */
  #note(view: number, { rules, policies }: TraceCounters): void {
    for (const [policy, count] of policies) {
      const own = this.#policies[view]
      own.set(policy, (own.get(policy) ?? 0) + count)
    }
    for (const { name, chains } of this.views[view].tables)
      for (const chain of chains.values())
        chain.rules.forEach((rule, i) => {
          const count = rules.get(rule)
          if (count === undefined) return
          const { block } = this.live.place(view, name, chain.name)!
          let known = this.#counts.get(block)
          if (known === undefined) {
            known = { chain, rules: chain.rules.map(() => ({ matched: 0, evaluated: 0 })) }
            this.#counts.set(block, known)
          }
          known.rules[i].matched += count.matched
          known.rules[i].evaluated += count.evaluated
        })
  }
}

interface Counts {
  matched: number
  evaluated: number
}

const chainLists = (views: readonly Ruleset[]): (readonly [TableName, readonly Chain[]])[][] =>
  views.map(({ tables }) => tables.map(({ name, chains }) => [name, [...chains.values()]] as const))

function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}
