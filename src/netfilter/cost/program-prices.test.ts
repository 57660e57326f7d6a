/** What evaluate adds up is what trace says, rule by rule; where it takes the usual for the true, the difference is known. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../net/packet.ts'
import { copyPacket } from '../../net/packet.ts'
import type { Rule, Ruleset } from '../../ruleset/ruleset.ts'
import { compileInterned } from '../compile.ts'
import { Conntrack } from '../conntrack/conntrack.ts'
import { type Engine, newEngine } from '../engine.ts'
import { evaluate, evaluateEstablished, evaluateTracked } from '../evaluate.ts'
import { newNodeMemory } from '../memory/node-memory.ts'
import { beginNode, endNode } from '../node-order.ts'
import { makeProfiles } from '../testing/make-profiles.ts'
import {
  commented,
  jumpTo,
  makeHostView,
  makePacket,
  makeRule,
  makeRuleset,
  makeTable,
  portIs,
  to,
} from '../testing/make-rules.ts'
import { endpointAddress, makeServiceRules, serviceAddress } from '../testing/make-service-rules.ts'
import { trace } from '../trace.ts'
import { COST_BACKENDS, itemsNs } from './cost-profile.ts'
import { programPrices } from './program-prices.ts'
import { rulesetSizes, traceTerms } from './trace-terms.ts'

const SEED = { low: 1, high: 2 }
const SPREAD = 60
const HOST = makeHostView()
const PROFILES = makeProfiles()

function engineOf(ruleset: Ruleset): Engine {
  const compiled = compileInterned([ruleset])
  if (E.isLeft(compiled)) throw new Error(JSON.stringify(compiled.left))
  const { program, interned } = compiled.right
  return newEngine(program, SEED, programPrices(program, interned, PROFILES, SPREAD))
}

/** In nanoseconds, by lane. */
const evaluated = (engine: Engine): readonly number[] => Array.from(engine.costPs, ps => ps / 1000)

function traced(ruleset: Ruleset, packet: Packet, word: number, established = false): readonly number[] {
  const found = trace(ruleset, HOST, packet, () => word, { established })
  if (E.isLeft(found)) throw new Error(JSON.stringify(found.left))
  const sizes = rulesetSizes(ruleset)
  return COST_BACKENDS.map(backend => itemsNs(PROFILES[backend], traceTerms(backend, sizes, found.right, SPREAD)))
}

function expectClose(actual: readonly number[], wanted: readonly number[], digits = 1): void {
  actual.forEach((ns, lane) => {
    expect(ns).toBeCloseTo(wanted[lane], digits)
  })
}

/** A word that takes endpoint `e` of `n`. */
const wordOf = (e: number, n: number): number => Math.floor(((e + 0.5) / n) * 2 ** 32)

describe('prices of a program', () => {
  const ruleset = makeServiceRules({ services: 20, endpoints: 3 })

  it.each([
    ['a pod', '10.244.1.7'],
    ['outside', '198.51.100.9'],
  ])('give what trace says of connections from %s, first packets and later ones', (_, source) => {
    const engine = engineOf(ruleset)
    for (const service of [0, 7, 19])
      for (const endpoint of [0, 1, 2]) {
        const packet = makePacket({ source, destination: serviceAddress(4, service) })
        const word = wordOf(endpoint, 3)
        const passed = copyPacket(packet)
        engine.script = { words: [word], taken: 0, notes: undefined }
        evaluate(engine, 0, HOST, 0, passed, 1)
        expectClose(evaluated(engine), traced(ruleset, packet, word))
        evaluateEstablished(engine, 0, HOST, 0, passed, 1)
        expectClose(evaluated(engine), traced(ruleset, passed, word, true))
      }
  })

  it('are the same where conntrack tells first packets from later ones', () => {
    const [promised, remembering] = [engineOf(ruleset), engineOf(ruleset)]
    const memory = newNodeMemory(remembering.program, new Conntrack(4, { low: 1, high: 2 }))
    const packet = makePacket({ protocol: 6, source: '198.51.100.9', destination: serviceAddress(4, 7), tcpFlags: 2 })
    const script = () => ({ words: [0], taken: 0, notes: undefined })
    promised.script = script()
    evaluate(promised, 0, HOST, 0, copyPacket(packet), 1)
    const first = evaluated(promised)
    remembering.script = script()
    for (const later of [false, true]) {
      evaluateTracked(remembering, memory, HOST, copyPacket(packet), 1)
      if (later) expect(evaluated(remembering).every((ns, lane) => ns > 0 && ns < first[lane])).toBe(true)
      else expectClose(evaluated(remembering), first)
    }
  })

  it('give the same twice, remembered or walked', () => {
    const engine = engineOf(ruleset)
    const pass = (): readonly number[] => {
      evaluate(engine, 0, HOST, 0, makePacket({ destination: serviceAddress(4, 3) }), 1)
      return evaluated(engine)
    }
    const first = pass()
    expect(pass()).toEqual(first)
    expect(first.every(ns => ns > 0)).toBe(true)
  })

  it('of a packet that no Service wants are those of the whole chain', () => {
    const engine = engineOf(ruleset)
    const packet = makePacket({ destination: endpointAddress(4, 5) })
    evaluate(engine, 0, HOST, 0, copyPacket(packet), 1)
    expectClose(evaluated(engine), traced(ruleset, packet, 0))
  })

  it('go with the place in another order', () => {
    const engine = engineOf(ruleset)
    const costs = (orderKey: number): readonly number[] => {
      beginNode(engine, orderKey)
      const all = Array.from({ length: 20 }, (_, service) => {
        engine.script = { words: [0], taken: 0, notes: undefined }
        evaluate(engine, 0, HOST, orderKey, makePacket({ destination: serviceAddress(4, service) }), 1)
        return engine.costPs[0]
      })
      endNode(engine)
      return all
    }
    const asWritten = costs(0)
    const shuffled = costs(77)
    expect(shuffled).not.toEqual(asWritten)
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(asWritten.toSorted((a, b) => a - b))
  })

  it('of Services of many ports have the mean of what trace says', () => {
    const rules: Rule[] = []
    for (let service = 0; service < 3; service++)
      for (let port = 80; port < 90; port++) {
        const [protocol, ports] = portIs('tcp', port)
        rules.push(makeRule(jumpTo('HERE'), to(`10.96.0.${service + 1}/32`), protocol, commented(), ports))
      }
    const many = makeRuleset([
      makeTable('nat', {
        PREROUTING: [makeRule(jumpTo('SERVICES'))],
        SERVICES: rules,
        HERE: [makeRule({ kind: 'accept' })],
      }),
    ])
    const engine = engineOf(many)
    const sums = [0, 0]
    for (const key of [1, 2, 3, 4, 5, 6, 7, 8]) {
      beginNode(engine, key)
      for (let service = 0; service < 3; service++)
        for (let port = 80; port < 90; port++) {
          const packet = makePacket({ destination: `10.96.0.${service + 1}`, destinationPort: port })
          evaluate(engine, 0, HOST, key, copyPacket(packet), 1)
          sums[0] += engine.costPs[0] / 1000 / 8
          sums[1] += traced(many, packet, 0)[0] / 8
        }
      endNode(engine)
    }
    expect(sums[0] / sums[1]).toBeCloseTo(1, 3)
  })

  it('without profiles are not asked', () => {
    const compiled = compileInterned([ruleset])
    if (E.isLeft(compiled)) throw new Error('no rules')
    const engine = newEngine(compiled.right.program, SEED)
    evaluate(engine, 0, HOST, 0, makePacket({ destination: serviceAddress(4, 3) }), 1)
    expect(evaluated(engine)).toEqual([0, 0, 0])
  })
})
