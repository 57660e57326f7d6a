/**
 * What evaluate remembers between packets and gives back when they end early, against trace: interfaces of another host, full cells, packets
 * that end on their second way through the node, entries of connections that never were.
 */
import { describe, expect, it } from 'vitest'
import { formatIp, readIpWords } from '../net/ip.ts'
import { CT, copyPacket, ORIGIN, type Packet } from '../net/packet.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { chainDirectory } from './chain-directory.ts'
import { compile } from './compile.ts'
import { Conntrack } from './conntrack/conntrack.ts'
import { PlainConntrack } from './conntrack/plain-conntrack.ts'
import { type Engine, newEngine } from './engine.ts'
import { evaluate, evaluateAttached, evaluateEstablished, evaluateTracked } from './evaluate.ts'
import { hostView } from './host.ts'
import { newNodeMemory } from './memory/node-memory.ts'
import { newTraceMemory } from './memory/trace-memory.ts'
import { OUTCOME } from './outcome.ts'
import { ruleTallies } from './rule-tallies.ts'
import { makeHostView, makePacket, type PacketWords } from './testing/make-rules.ts'
import { right, rulesOf } from './testing/rules-of-text.ts'
import { type TraceCounters, trace } from './trace.ts'

const SEED = { low: 1, high: 2 }
const host = makeHostView(4)
const outside = { origin: ORIGIN.uplink, source: '198.51.100.1' } as const

const newCounters = (): TraceCounters => ({ rules: new Map(), policies: new Map() })

/** Matched and evaluated of each rule. */
function expectCounted(engine: Engine, ruleset: Ruleset, { rules }: TraceCounters): void {
  const { matched, evaluated } = ruleTallies(engine)
  for (const { chain, firstRule } of chainDirectory(engine.program, 0, ruleset))
    chain.rules.forEach((rule, i) => {
      const counted = firstRule < 0 ? [0, 0] : [matched[firstRule + i], evaluated[firstRule + i]]
      const plain = rules.get(rule)
      expect([chain.name, i, ...counted]).toEqual([chain.name, i, plain?.matched ?? 0, plain?.evaluated ?? 0])
    })
}

const sourceOf = (packet: Packet): string => formatIp({ family: 4, value: readIpWords(packet.source, 0) })
const destinationOf = (packet: Packet): string => formatIp({ family: 4, value: readIpWords(packet.destination, 0) })

describe('one engine', () => {
  it.each([
    ['another uplink', { uplinkName: 'ens3', podInterfaceName: 'cni0' }],
    ['another bridge', { uplinkName: 'eth0', podInterfaceName: 'br0' }],
    ['both', { uplinkName: 'ens3', podInterfaceName: 'br0' }],
  ])('knows interfaces by the names of the host at hand: %s', (_, names) => {
    const ruleset = rulesOf(
      '*mangle\n-A PREROUTING -i eth0\n-A PREROUTING -i ens+\n-A PREROUTING -i cni0\n-A PREROUTING -i br0\n-A FORWARD -o lo',
    )
    const engine = newEngine(right(compile([ruleset])), SEED)
    const counters = newCounters()
    const other = hostView({ localAddresses: ['192.0.2.1'], podPrefixes: ['10.244.1.0/24'], ...names }, 4)
    for (const at of [host, other, host, other, other])
      for (const origin of [ORIGIN.uplink, ORIGIN.pod]) {
        const packet = makePacket({ origin })
        right(trace(ruleset, at, packet, () => 0, { counters }))
        evaluate(engine, 0, at, 0, packet, 1)
      }
    expectCounted(engine, ruleset, counters)
  })

  it('walks a stretch once for all packets of a state, when it looked at nothing else', () => {
    const ruleset = rulesOf(
      '*mangle\n-A PREROUTING -i eth0\n*filter\n-A FORWARD -i eth0 -j REJECT --reject-with icmp-host-prohibited\n-A FORWARD -m mark --mark 0x1 -j REJECT --reject-with icmp-net-unreachable\n-A FORWARD -p tcp',
    )
    const engine = newEngine(right(compile([ruleset])), SEED)
    const counters = newCounters()
    const pod = { origin: ORIGIN.pod, mark: 1 }
    for (const words of [outside, outside, pod, outside, pod, outside]) {
      const packet = makePacket({ ...words, destination: '203.0.113.9' })
      const slow = right(trace(ruleset, host, packet, () => 0, { counters }))
      const outcome = evaluate(engine, 0, host, 0, packet, 1)
      expect([outcome, engine.rejection, engine.rulesEvaluated]).toEqual([
        OUTCOME.rejected,
        slow.rejection,
        slow.rulesEvaluated,
      ])
    }
    const walked = [...engine.cells.weights].filter(weight => weight > 0)
    // PREROUTING and FORWARD of each state: what came after its first packet.
    expect([engine.cells.used, walked.sort()]).toEqual([4, [1, 1, 3, 3]])
    expectCounted(engine, ruleset, counters)
    // FORWARD looks at the protocol of packets without the mark: only PREROUTING is remembered.
    const looks = makePacket({ ...outside, origin: ORIGIN.pod })
    for (let n = 0; n < 3; n++) evaluate(engine, 0, host, 0, makePacket({ origin: ORIGIN.pod, sourcePort: n }), 1)
    expect(evaluate(engine, 0, host, 0, looks, 1)).toBe(OUTCOME.toUplink)
    expect([...engine.cells.weights].filter(weight => weight > 0)).toEqual([3])
  })

  it('remembers walks of more marks than it has cells for', () => {
    const ruleset = rulesOf(
      '*mangle\n-A PREROUTING -m mark --mark 0x1/0x1\n-A FORWARD -m mark --mark 0x2/0x2\n-A POSTROUTING',
    )
    const engine = newEngine(right(compile([ruleset])), SEED)
    const counters = newCounters()
    for (let mark = 0; mark < 3 * engine.cells.weights.length; mark++) {
      const packet = makePacket({ ...outside, mark: mark * 7 })
      if (mark < 100) right(trace(ruleset, host, packet, () => 0, { counters }))
      evaluate(engine, 0, host, 0, packet, 1)
      if (mark === 99) expectCounted(engine, ruleset, counters)
    }
    const { matched } = ruleTallies(engine)
    const sent = 3 * engine.cells.weights.length
    const withBit = (bit: number): number =>
      Array.from({ length: sent }, (_, n) => n * 7).filter(m => (m & bit) !== 0).length
    expect([...matched].sort((a, b) => a - b)).toEqual([withBit(1), withBit(2), sent].sort((a, b) => a - b))
  })
})

describe('a later packet that ends before nat', () => {
  it.each([
    ['on its way in', outside, '*mangle\n-A PREROUTING -m conntrack --ctstate ESTABLISHED -j DROP'],
    [
      'on its way out',
      { origin: ORIGIN.node, source: '192.0.2.1' },
      '*mangle\n-A OUTPUT -m conntrack --ctstate ESTABLISHED -j DROP',
    ],
  ])('%s ends as it was sent', (_, words, rules) => {
    const ruleset = rulesOf(
      `${rules}\n*nat\n-A PREROUTING -j DNAT --to-destination 10.244.1.9:8080\n-A OUTPUT -j DNAT --to-destination 10.244.1.9:8080\n-A POSTROUTING -j SNAT --to-source 203.0.113.5`,
    )
    const engine = newEngine(right(compile([ruleset])), SEED)
    const packet = makePacket(words)
    evaluate(engine, 0, host, 0, packet, 1)
    expect(destinationOf(packet)).toBe('10.244.1.9')
    const later = right(trace(ruleset, host, packet, () => 0, { established: true }))
    expect(evaluateEstablished(engine, 0, host, 0, packet, 1)).toBe(OUTCOME.dropped)
    expect([destinationOf(packet), packet.destinationPort]).toEqual(['10.96.0.1', 80])
    expect([destinationOf(later.packet), later.packet.destinationPort]).toEqual(['10.96.0.1', 80])
    expect([sourceOf(packet), sourceOf(later.packet)]).toEqual(['203.0.113.5', '203.0.113.5'])
  })
})

describe('what the node sends itself', () => {
  const toItself = { origin: ORIGIN.node, source: '192.0.2.1', destination: '192.0.2.1' } as const
  const walk = (rules: string, packets: readonly PacketWords[]) => {
    const ruleset = rulesOf(rules)
    const engine = newEngine(right(compile([ruleset], true)), SEED)
    const memory = newNodeMemory(engine.program, new Conntrack(4, SEED))
    const traceMemory = newTraceMemory(ruleset, new PlainConntrack(SEED))
    const counters = newCounters()
    const ends = packets.map(words => {
      const packet = makePacket(words)
      const slow = right(trace(ruleset, host, copyPacket(packet), () => 0, { memory: traceMemory, counters }))
      const outcome = evaluateTracked(engine, memory, host, packet, 1)
      expect([slow.outcome, sourceOf(slow.packet), slow.packet.sourcePort]).toEqual([
        outcome,
        sourceOf(packet),
        packet.sourcePort,
      ])
      return { outcome, source: sourceOf(packet) }
    })
    expectCounted(engine, ruleset, counters)
    return ends
  }

  it('may be dropped when it comes back through lo, and then meets nothing more', () => {
    const rules = '*mangle\n-A PREROUTING -i lo -j DROP\n-A INPUT\n*nat\n-A POSTROUTING'
    expect(walk(rules, [toItself])[0].outcome).toBe(OUTCOME.dropped)
  })

  it('may be dropped at the very end', () => {
    expect(walk('*filter\n-A INPUT -i lo -j DROP', [toItself])[0].outcome).toBe(OUTCOME.dropped)
  })

  it('rejected at the end, it has the source it was given on the way out', () => {
    const rules = '*nat\n-A POSTROUTING -j SNAT --to-source 203.0.113.5\n*filter\n-A INPUT -i lo -j REJECT'
    expect(walk(rules, [toItself])).toEqual([{ outcome: OUTCOME.rejected, source: '203.0.113.5' }])
  })

  it('rejected on its way out, it has the source it was sent with; so has a later packet', () => {
    const rules =
      '*nat\n-A POSTROUTING -j SNAT --to-source 203.0.113.5\n*filter\n-A OUTPUT -m mark --mark 0x1 -j REJECT'
    const later = { ...toItself, protocol: 17, mark: 1 }
    const ends = walk(rules, [{ ...toItself, protocol: 17 }, later])
    expect(ends.map(e => e.source)).toEqual(['203.0.113.5', '192.0.2.1'])
  })
})

describe('a connection that was rejected', () => {
  /** TCP is rejected and its reset dropped in OUTPUT; UDP goes on to the pod. */
  const RULES = [
    '*mangle\n-A PREROUTING -j CONNMARK --set-xmark 0x5/0xff\n-A OUTPUT -m connmark --mark 0x5',
    '*nat\n-A PREROUTING -p tcp -j DNAT --to-destination 10.244.1.9:8080\n-A PREROUTING -s 198.51.100.1/32 -j DNAT --to-destination 10.244.1.11\n-A PREROUTING -s 198.51.100.2/32 -j DNAT --to-destination 10.244.1.12\n-A OUTPUT\n-A POSTROUTING',
    '*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n-A OUTPUT -j DROP',
  ].join('\n')

  it('lends its reset its mark and asks nat no more; then its place is given to one new connection, not to two', () => {
    const ruleset = rulesOf(RULES)
    const engine = newEngine(right(compile([ruleset], true)), SEED)
    const memory = newNodeMemory(engine.program, new Conntrack(4, SEED))
    const traceMemory = newTraceMemory(ruleset, new PlainConntrack(SEED))
    const counters = newCounters()
    const pass = (packet: Packet, attached = false): Packet => {
      const slow = right(trace(ruleset, host, copyPacket(packet), () => 0, { memory: traceMemory, counters, attached }))
      const outcome = attached
        ? evaluateAttached(engine, memory, host, packet, 1)
        : evaluateTracked(engine, memory, host, packet, 1)
      expect([outcome, engine.rulesEvaluated, engine.natRulesEvaluated]).toEqual([
        slow.outcome,
        slow.rulesEvaluated,
        slow.natRulesEvaluated,
      ])
      return packet
    }
    const rejected = pass(makePacket(outside))
    const reset = makePacket({
      origin: ORIGIN.node,
      sourcePort: 80,
      destinationPort: 40_000,
      tcpFlags: 20,
      ctState: CT.RELATED | CT.DNAT,
    })
    reset.source.set(rejected.originalDestination)
    reset.destination.set(rejected.originalSource)
    reset.originalSource.set(rejected.destination)
    reset.originalDestination.set(rejected.source)
    reset.originalSourcePort = 8080
    reset.originalDestinationPort = 40_000
    pass(reset, true)
    expect(engine.natRulesEvaluated).toBe(0)
    const udp = (source: string): Packet => pass(makePacket({ ...outside, source, protocol: 17 }))
    const ends = ['198.51.100.1', '198.51.100.2', '198.51.100.1', '198.51.100.2'].map(source =>
      destinationOf(udp(source)),
    )
    expect(ends).toEqual(['10.244.1.11', '10.244.1.12', '10.244.1.11', '10.244.1.12'])
    expectCounted(engine, ruleset, counters)
  })
})

describe('a long run of rules with exact keys', () => {
  const keys = {
    address: (n: number) => `-d 10.96.0.${n}`,
    'address and protocol': (n: number) => `-d 10.96.0.${n} -p tcp`,
    'address, protocol and port': (n: number) => `-d 10.96.0.${n} -p tcp -m tcp --dport 80`,
    'protocol and port': (n: number) => `-p tcp -m tcp --dport ${80 + n}`,
  } as const
  /** What some of the rules ask besides; each holds for some packets and not for others. */
  const others = ['', '-s 198.51.100.0/24', '! -s 198.51.100.0/24', '-i eth0', '-m mark ! --mark 0x1']
  const verdicts = ['', '-j COUNT', '-j RETURN', '-j MARK --set-xmark 0x1/0x1', '-g COUNT']

  it.each(
    Object.entries(keys).flatMap(([name, key]) =>
      [8, 9, 17].flatMap(size => ['nat', 'mangle'].map(table => [name, size, table, key] as const)),
    ),
  )('by %s, %i of them in %s, some with further matches', (_, size, table, key) => {
    const run = Array.from(
      { length: size },
      (_, n) => `-A LONG ${key(n)} ${others[n % others.length]} ${verdicts[(n + Math.floor(n / 5)) % verdicts.length]}`,
    )
    const ruleset = rulesOf(
      `*${table}\n:COUNT - [0:0]\n:LONG - [0:0]\n-A PREROUTING -j LONG\n-A PREROUTING -m mark --mark 0x1\n${run.join('\n')}\n-A LONG -p tcp\n-A COUNT -p tcp`,
    )
    const engine = newEngine(right(compile([ruleset])), SEED)
    const counters = newCounters()
    for (let n = 0; n <= size; n++)
      for (const words of [outside, { origin: ORIGIN.pod }, { ...outside, mark: 1 }, { ...outside, protocol: 17 }]) {
        const sent = { ...words, destination: `10.96.0.${n}`, destinationPort: 80 + (n % 2 === 0 ? 0 : n) }
        const slow = right(trace(ruleset, host, makePacket(sent), () => 0, { counters }))
        const packet = makePacket(sent)
        const outcome = evaluate(engine, 0, host, 0, packet, 1)
        expect([outcome, packet.mark, engine.rulesEvaluated, engine.natRulesEvaluated]).toEqual([
          slow.outcome,
          slow.packet.mark,
          slow.rulesEvaluated,
          slow.natRulesEvaluated,
        ])
      }
    expectCounted(engine, ruleset, counters)
  })
})
