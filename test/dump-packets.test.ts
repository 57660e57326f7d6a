/**
 * Real nodes' iptables (every iptables-save dump of the folder named by SVCSIM_DATA) and random packets that meet their rules: the two
 * evaluators agree on what becomes of each packet and on every counter. Matches that are not modelled are taken never to hold.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { parseIp, writeIpWords } from '../src/net/ip.ts'
import { newPacket, ORIGIN, type Packet } from '../src/net/packet.ts'
import { compileInterned } from '../src/netfilter/compile.ts'
import { Conntrack } from '../src/netfilter/conntrack/conntrack.ts'
import { PlainConntrack } from '../src/netfilter/conntrack/plain-conntrack.ts'
import { newEngine } from '../src/netfilter/engine.ts'
import { evaluateTracked } from '../src/netfilter/evaluate.ts'
import { newNodeMemory } from '../src/netfilter/memory/node-memory.ts'
import { newTraceMemory } from '../src/netfilter/memory/trace-memory.ts'
import { ruleTallies } from '../src/netfilter/rule-tallies.ts'
import { settleUnknown } from '../src/netfilter/settle-unknown.ts'
import { makeHostView } from '../src/netfilter/testing/make-rules.ts'
import { type TraceCounters, trace } from '../src/netfilter/trace.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import type { Rule, Ruleset } from '../src/ruleset/ruleset.ts'
import { draw32, type RandomStream, randomStream } from '../src/sim/random.ts'

const PACKETS = Number(process.env['SVCSIM_DUMP_PACKETS'] ?? 3_000)
const SEED = { low: 5, high: 6 }

const folder = process.env['SVCSIM_DATA']
const dumps = folder === undefined ? [] : readdirSync(folder).filter(name => /iptables-save.*\.txt$/.test(name))

describe.skipIf(dumps.length === 0)('dumps of real nodes', () => {
  it.each(dumps)('%s: evaluate equals trace', name => {
    const saved = right(parseIptables(readFileSync(join(folder!, name)), { file: name }))
    const ruleset = settleUnknown(saved.ruleset, 'never')
    const { program, interned } = right(compileInterned([ruleset]))
    const engine = newEngine(program, SEED)
    const conntrack = new Conntrack(4, SEED)
    const plain = new PlainConntrack(SEED)
    const memory = newNodeMemory(engine.program, conntrack)
    const traceMemory = newTraceMemory(ruleset, plain)
    const counters: TraceCounters = { rules: new Map(), policies: new Map() }
    const host = makeHostView(4)
    const next = packetsFor(ruleset, randomStream('dumps', name))
    for (let n = 0; n < PACKETS; n++) {
      const packet = next(n)
      for (const clock of [conntrack, plain, memory, traceMemory]) clock.nowUs += 1_000
      const draw = (d: number): number => draw32(SEED.low, SEED.high, n, 0, d)
      const traced = right(trace(ruleset, host, packet, draw, { counters, memory: traceMemory }))
      const outcome = evaluateTracked(engine, memory, host, packet, 1)
      expect([n, outcome, engine.rulesEvaluated, packet.ctState, packet.mark]).toEqual([
        n,
        traced.outcome,
        traced.rulesEvaluated,
        traced.packet.ctState,
        traced.packet.mark,
      ])
    }
    const { matched, evaluated } = ruleTallies(engine)
    const counted = new Map<Rule, { matched: number; evaluated: number }>()
    for (const { chain, firstRule } of interned.blocks)
      chain.rules.forEach((rule, i) => {
        const id = firstRule + i
        if (evaluated[id] > 0) counted.set(rule, { matched: matched[id], evaluated: evaluated[id] })
      })
    expect(counted).toEqual(counters.rules)
  })
})

/** Addresses and ports are mostly those that rules name. */
function packetsFor({ tables }: Ruleset, stream: RandomStream): (n: number) => Packet {
  const addresses: bigint[] = [parseIp('192.0.2.1')!.value, parseIp('10.244.1.9')!.value, parseIp('203.0.113.5')!.value]
  const ports: number[] = [80, 53, 40_000]
  for (const { chains } of tables)
    for (const { rules } of chains.values())
      for (const { matches } of rules)
        for (const m of matches) {
          if (m.kind === 'source' || m.kind === 'destination') addresses.push(m.prefix.value)
          if (m.kind === 'ports') ports.push(m.source?.from ?? 80, m.destination?.to ?? 80)
          if (m.kind === 'multiport') ports.push(...m.ports.map(p => p.from))
        }
  const of = <T>(options: readonly T[]): T => options[stream.below(options.length)]
  return n => {
    const packet = newPacket(4)
    writeIpWords(of(addresses), packet.source, 0)
    writeIpWords(of(addresses), packet.destination, 0)
    return Object.assign(packet, {
      protocol: of([6, 6, 17, 17, 1]),
      sourcePort: of(ports),
      destinationPort: of(ports),
      origin: of([ORIGIN.uplink, ORIGIN.uplink, ORIGIN.pod, ORIGIN.node]),
      tcpFlags: of([2, 2, 16, 18, 4]),
      flowLow: n,
    })
  }
}

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
