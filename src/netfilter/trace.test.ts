/** What a trace tells beside the outcome; later packets of a promised connection; packets that carry the connection of the one before. */
import { describe, expect, it } from 'vitest'
import { formatIp, readIpWords } from '../net/ip.ts'
import { CT, newPacket, ORIGIN, type Packet } from '../net/packet.ts'
import type { Rule } from '../ruleset/ruleset.ts'
import { compile } from './compile.ts'
import { Conntrack } from './conntrack/conntrack.ts'
import { NO_CONNTRACK } from './conntrack/no-conntrack.ts'
import { PlainConntrack } from './conntrack/plain-conntrack.ts'
import { newEngine } from './engine.ts'
import { evaluate, evaluateAttached, evaluateEstablished, evaluateTracked } from './evaluate.ts'
import { newNodeMemory } from './memory/node-memory.ts'
import { newTraceMemory } from './memory/trace-memory.ts'
import { OUTCOME } from './outcome.ts'
import { ruleTallies } from './rule-tallies.ts'
import { makeHostView, makePacket, makeRule, makeRuleset, makeTable } from './testing/make-rules.ts'
import { right, rulesOf } from './testing/rules-of-text.ts'
import { type Trace, type TraceOptions, trace } from './trace.ts'

const SEED = { low: 1, high: 2 }
const host = makeHostView(4)
const outside = { origin: ORIGIN.uplink, source: '198.51.100.1' } as const

const traced = (rules: string, packet = makePacket(outside), options: TraceOptions = {}): Trace =>
  right(trace(rulesOf(rules), host, packet, () => 0, options))

const end = (packet: Packet, side: 'source' | 'destination'): string =>
  formatIp({ family: packet.family, value: readIpWords(packet[side], 0) })

describe('a trace tells', () => {
  it.each([
    [
      'through',
      outside,
      [
        ['PREROUTING', 'eth0', ''],
        ['FORWARD', 'eth0', 'eth0'],
        ['POSTROUTING', 'eth0', 'eth0'],
      ],
    ],
    [
      'to a pod',
      { ...outside, destination: '10.244.1.5' },
      [
        ['PREROUTING', 'eth0', ''],
        ['FORWARD', 'eth0', 'cni0'],
        ['POSTROUTING', 'eth0', 'cni0'],
      ],
    ],
    [
      'to the node',
      { ...outside, destination: '192.0.2.1' },
      [
        ['PREROUTING', 'eth0', ''],
        ['INPUT', 'eth0', ''],
      ],
    ],
    [
      'from the node',
      { origin: ORIGIN.node },
      [
        ['OUTPUT', '', 'eth0'],
        ['POSTROUTING', '', 'eth0'],
      ],
    ],
    [
      'from the node to itself',
      { origin: ORIGIN.node, source: '192.0.2.1', destination: '127.0.0.1' },
      [
        ['OUTPUT', '', 'lo'],
        ['POSTROUTING', '', 'lo'],
        ['PREROUTING', 'lo', ''],
        ['INPUT', 'lo', ''],
      ],
    ],
  ] as const)('the hooks it came to and between which interfaces: %s', (_, words, hooks) => {
    const visits = traced('*filter', makePacket(words)).hooks
    expect(visits.map(v => [v.hook, v.inInterface, v.outInterface])).toEqual(hooks)
  })

  it('each rule it met: at which hook, where, whether it matched, and which match did not hold', () => {
    const { steps, rulesEvaluated, natRulesEvaluated, rulesEvaluatedByTable } = traced(
      '*mangle\n-A PREROUTING -p tcp -s 203.0.113.0/24\n*nat\n-A POSTROUTING\n*filter\n:A - [0:0]\n-A FORWARD -j A\n-A A -p udp\n-A A',
    )
    expect(steps.map(s => [s.hook, s.table, s.chain, s.index, s.matched, s.whyNot?.kind])).toEqual([
      [0, 'mangle', 'PREROUTING', 0, false, 'source'],
      [1, 'filter', 'FORWARD', 0, true, undefined],
      [1, 'filter', 'A', 0, false, 'protocol'],
      [1, 'filter', 'A', 1, true, undefined],
      [2, 'nat', 'POSTROUTING', 0, true, undefined],
    ])
    expect('whyNot' in steps[1]).toBe(false)
    expect([rulesEvaluated, natRulesEvaluated, [...rulesEvaluatedByTable]]).toEqual([
      5,
      1,
      [
        ['mangle', 1],
        ['filter', 3],
        ['nat', 1],
      ],
    ])
  })

  it('nothing of a connection before conntrack has seen the packet, which it has when it comes back through lo', () => {
    const rules =
      '*raw\n-A OUTPUT -m conntrack --ctstate INVALID\n-A PREROUTING -m conntrack --ctstate NEW\n*mangle\n-A OUTPUT -m conntrack --ctstate NEW'
    const { steps } = traced(rules, makePacket({ origin: ORIGIN.node, source: '192.0.2.1', destination: '127.0.0.1' }))
    expect(steps.map(s => [s.table, s.chain, s.matched])).toEqual([
      ['raw', 'OUTPUT', true],
      ['mangle', 'OUTPUT', true],
      ['raw', 'PREROUTING', true],
    ])
  })

  it('which rule translated, and none where none did', () => {
    const rules =
      '*nat\n-A PREROUTING -p udp -j DNAT --to-destination 10.244.1.5\n-A PREROUTING -j DNAT --to-destination 10.244.1.6'
    expect(traced(rules).dnat?.verdict).toMatchObject({ kind: 'dnat', address: { value: 0x0af4_0106n } })
    expect(traced('*nat\n-A POSTROUTING -j MASQUERADE').dnat).toBeUndefined()
  })

  it('whom it asks for a draw: the n-th of the flow, the first rule of a run, a rule that draws alone', () => {
    const asked: unknown[] = []
    const chance = '-m statistic --mode random --probability 0.5'
    const ruleset = rulesOf(
      `*filter\n:A - [0:0]\n-A FORWARD -p tcp\n-A FORWARD ${chance} -j A\n-A FORWARD ${chance} -j A\n-A FORWARD -p tcp ${chance} -j A`,
    )
    const draw = (n: number, place: unknown): number => asked.push([n, place]) && 2 ** 32 - 1
    const { packet } = right(trace(ruleset, host, makePacket({ ...outside, draws: 3 }), draw))
    const place = { table: 'filter', chain: 'FORWARD' }
    expect(asked).toEqual([
      [3, { ...place, index: 1 }],
      [4, { ...place, index: 3 }],
    ])
    expect(packet.draws).toBe(5)
  })

  it('a word at a threshold belongs to the next rule of the run', () => {
    const run =
      '*filter\n:A - [0:0]\n-A FORWARD -m statistic --mode random --probability 0.5 -j A\n-A FORWARD -m statistic --mode random --probability 1 -j A'
    const takes = (word: number): boolean[] =>
      right(trace(rulesOf(run), host, makePacket(outside), () => word))
        .steps.filter(s => s.chain === 'FORWARD')
        .map(s => s.matched)
    // The first is taken, returns, and the second draws alone.
    expect([takes(0x7fff_ffff), takes(0x8000_0000)]).toEqual([
      [true, true],
      [false, true],
    ])
  })

  it('counts in the given counters by weight, policies among them', () => {
    const counters = {
      rules: new Map<Rule, { matched: number; evaluated: number }>(),
      policies: new Map<string, number>(),
    }
    for (const weight of [2, 3]) {
      const ruleset = makeRuleset([{ ...makeTable('filter', { FORWARD: [REFUSES_UDP] }) }])
      right(trace(ruleset, host, makePacket(outside), () => 0, { counters, weight }))
    }
    expect([...counters.rules.values()]).toEqual([{ matched: 0, evaluated: 5 }])
    expect(Object.fromEntries(counters.policies)).toEqual({ 'filter FORWARD': 5 })
  })
})

const REFUSES_UDP = makeRule({ kind: 'drop' }, { kind: 'protocol', protocol: 'udp', negated: false })

describe('a trace refuses', () => {
  it.each([
    [
      'a match it does not know',
      '-A FORWARD -m owner --uid-owner 0',
      /filter FORWARD rule 1: match owner is not modelled/,
    ],
    [
      'a verdict it does not know',
      '-A FORWARD -j TEE --gateway 10.0.0.1',
      /filter FORWARD rule 1: target TEE is not modelled/,
    ],
    [
      'what needs a memory, without one',
      '-A FORWARD -m limit --limit 1/sec',
      /filter FORWARD rule 1: .*depends on earlier packets/,
    ],
    [
      'a missing chain',
      '-A FORWARD -p udp -j GONE\n-A FORWARD -j GONE',
      /filter FORWARD rule 2: there is no chain "GONE"/,
    ],
    [
      'a loop, from where it closes',
      ':A - [0:0]\n:B - [0:0]\n-A FORWARD -j A\n-A A -j B\n-A B -j A',
      /table filter: chains call each other in a loop: A -> B -> A;/,
    ],
    ['a loop by goto', ':A - [0:0]\n:B - [0:0]\n-A FORWARD -j A\n-A A -g B\n-A B -g A', /loop: A -> B -> A;/],
  ])('%s', (_, rules, text) => {
    expect(() => traced(`*filter\n${rules}`)).toThrow(text)
  })

  it('a verdict below a hook where the kernel does not allow it', () => {
    expect(() => traced('*nat\n:A - [0:0]\n-A PREROUTING -j A\n-A A -j MASQUERADE')).toThrow(
      /nat PREROUTING.*masquerade/,
    )
  })

  it('nothing it did not come to', () => {
    expect(traced('*filter\n-A INPUT -m owner --uid-owner 0\n-A FORWARD -p udp -j GONE').outcome).toBe(OUTCOME.toUplink)
  })
})

describe('a later packet of a promised connection', () => {
  const rules = [
    '*mangle',
    '-A PREROUTING -d 10.96.0.1/32 -s 198.51.100.1/32 -p tcp -m tcp --dport 80',
    '-A PREROUTING -m mark --mark 0x7',
    '-A PREROUTING -m conntrack --ctstate ESTABLISHED',
    '*nat',
    '-A PREROUTING -j DNAT --to-destination 10.244.1.9:8080',
    '-A POSTROUTING -j MASQUERADE',
    '*filter',
    '-A FORWARD -s 198.51.100.1/32 -d 10.244.1.9/32 -p tcp -m tcp --dport 8080',
    '-A FORWARD -m conntrack --ctstate DNAT',
    '-A FORWARD -m conntrack --ctstate SNAT',
  ].join('\n')

  it('is sent as the first was, meets the rules as established, and leaves as the first left', () => {
    const ruleset = rulesOf(rules)
    const engine = newEngine(right(compile([ruleset])), SEED)
    const counters = {
      rules: new Map<Rule, { matched: number; evaluated: number }>(),
      policies: new Map<string, number>(),
    }
    const packet = makePacket({ ...outside, mark: 7 })
    const first = right(trace(ruleset, host, packet, () => 0, { counters }))
    evaluate(engine, 0, host, 0, packet, 1)
    expect(first.packet).toEqual(packet)
    const later = right(trace(ruleset, host, packet, () => 0, { counters, established: true }))
    evaluateEstablished(engine, 0, host, 0, packet, 1)
    expect(later.packet).toEqual(packet)
    expect([end(packet, 'source'), end(packet, 'destination'), packet.destinationPort, packet.mark]).toEqual([
      '192.0.2.1',
      '10.244.1.9',
      8080,
      0,
    ])
    expect(packet.ctState).toBe(CT.ESTABLISHED | CT.DNAT | CT.SNAT)
    const matched = ruleset.tables
      .flatMap(t => [...t.chains.values()].flatMap(c => c.rules))
      .map(rule => counters.rules.get(rule)?.matched ?? 0)
    // The mark was the first packet's alone; nat was asked once; in FORWARD only the later one is known to be translated at its source.
    expect(matched).toEqual([2, 1, 1, 1, 1, 2, 2, 1])
    expect([...ruleTallies(engine).matched].sort()).toEqual([...matched].sort())
  })
})

describe('the connection table gets an entry back', () => {
  it.each([
    ['of a packet that is dropped', 'DROP', false, 1],
    ['of one that is rejected', 'REJECT', false, 1],
    ['not of one that goes on', 'ACCEPT', false, 0],
    ['not of one that carries the connection of another', 'DROP', true, 0],
    ['not of one that carries it and is rejected', 'REJECT', true, 0],
  ])('%s', (_, verdict, attached, times) => {
    let released = 0
    const tracker = { ...NO_CONNTRACK, release: () => void released++ }
    const ruleset = rulesOf(`*filter\n-A FORWARD -j ${verdict}`)
    const packet = makePacket(outside)
    const memory = newTraceMemory(ruleset, tracker)
    if (attached) packet.originalDestination.set(packet.destination)
    right(trace(ruleset, host, packet, () => 0, { memory, attached }))
    // The compiled twin gives back as often.
    const engine = newEngine(right(compile([ruleset], true)), SEED)
    ;(attached ? evaluateAttached : evaluateTracked)(engine, newNodeMemory(engine.program, tracker), host, packet, 1)
    expect(released).toBe(2 * times)
  })
})

describe('a packet that carries the connection of the one before', () => {
  /** A rejected packet, then the reset the node sends back for it. */
  function rejectAndReset(rules: string, nat = '') {
    const ruleset = rulesOf(`${rules}\n*nat\n-A PREROUTING -j DNAT --to-destination 10.244.1.9:8080\n${nat}`)
    const engine = newEngine(right(compile([ruleset], true)), SEED)
    const memory = newNodeMemory(engine.program, new Conntrack(4, SEED))
    const traceMemory = newTraceMemory(ruleset, new PlainConntrack(SEED))
    const packet = makePacket(outside)
    const slow = right(trace(ruleset, host, packet, () => 0, { memory: traceMemory }))
    const outcome = evaluateTracked(engine, memory, host, packet, 1)
    expect([slow.outcome, slow.packet]).toEqual([outcome, packet])
    const reset = Object.assign(newPacket(4), {
      protocol: 6,
      origin: ORIGIN.node,
      sourcePort: 80,
      destinationPort: 40_000,
      originalSourcePort: 8080,
      originalDestinationPort: 40_000,
      tcpFlags: 20,
      ctState: CT.RELATED | CT.DNAT,
    })
    reset.source.set(packet.originalDestination)
    reset.destination.set(packet.originalSource)
    reset.originalSource.set(packet.destination)
    reset.originalDestination.set(packet.source)
    const slowReset = right(trace(ruleset, host, reset, () => 0, { memory: traceMemory, attached: true }))
    const resetOutcome = evaluateAttached(engine, memory, host, reset, 1)
    expect([slowReset.outcome, slowReset.rulesEvaluated]).toEqual([resetOutcome, engine.rulesEvaluated])
    // Of a dropped packet addresses say nothing.
    if (resetOutcome !== OUTCOME.dropped) expect(slowReset.packet).toEqual(reset)
    return {
      outcome,
      resetOutcome,
      reset,

      steps: slowReset.steps,
    }
  }

  it('passes OUTPUT as related, under the addresses it was rejected with, and leaves under those its sender wrote to', () => {
    const seen = rejectAndReset(
      '*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n-A OUTPUT -m conntrack --ctstate RELATED\n-A OUTPUT -m conntrack --ctstate DNAT\n-A OUTPUT -s 10.244.1.9/32 -p tcp -m tcp --sport 8080\n-A OUTPUT -m conntrack --ctstate NEW',
    )
    expect([seen.outcome, seen.resetOutcome]).toEqual([OUTCOME.rejected, OUTCOME.toUplink])
    expect(seen.steps.map(s => s.matched)).toEqual([true, true, true, false])
    expect([end(seen.reset, 'source'), seen.reset.sourcePort]).toEqual(['10.96.0.1', 80])
  })

  it.each([
    ['is asked of nat for a source that the connection does not have yet', '-A POSTROUTING -s 10.244.1.9/32', [true]],
    ['which is not its own', '-A POSTROUTING -j SNAT --to-source 203.0.113.5\n-A POSTROUTING', [true]],
    ['nor changes what is said of it', '-A POSTROUTING -p tcp -j MASQUERADE --random-fully', [true]],
    ['and may be dropped there', '-A POSTROUTING -j DROP', [true]],
  ])('%s: %s', (_, rule, matched) => {
    const seen = rejectAndReset(
      '*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n*mangle\n-A POSTROUTING -s 10.244.1.9/32 -j MARK --set-xmark 0x3/0xff',
      `${rule}\n-A OUTPUT -p tcp\n-A POSTROUTING -m mark --mark 0x3`,
    )
    const atNat = seen.steps.filter(s => s.table === 'nat')
    expect(atNat.map(s => s.matched).slice(0, 1)).toEqual(matched)
    expect(atNat.every(s => s.chain === 'POSTROUTING')).toBe(true)
    expect(seen.reset.mark).toBe(3)
    const isDropped = rule.endsWith('DROP')
    expect(seen.resetOutcome).toBe(isDropped ? OUTCOME.dropped : OUTCOME.toUplink)
    if (!isDropped) expect([end(seen.reset, 'source'), seen.reset.sourcePort]).toEqual(['10.96.0.1', 80])
    expect(seen.reset.ctState).toBe(CT.RELATED | CT.DNAT)
  })

  it('has the mark of that connection', () => {
    const { steps } = rejectAndReset(
      '*mangle\n-A PREROUTING -j CONNMARK --set-xmark 0x5/0xff\n-A OUTPUT -m connmark --mark 0x5\n*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset',
    )
    expect(steps.map(s => s.matched)).toEqual([true])
  })

  it('may be dropped or rejected itself', () => {
    for (const [verdict, outcome] of [
      ['DROP', OUTCOME.dropped],
      ['REJECT', OUTCOME.rejected],
    ] as const)
      expect(
        rejectAndReset(`*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n-A OUTPUT -j ${verdict}`)
          .resetOutcome,
      ).toBe(outcome)
  })
})
