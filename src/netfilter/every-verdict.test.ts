/**
 * Every verdict, and every match that remembers, by hand: what becomes of packets one after another at a node that remembers, by trace and
 * evaluate alike, rules given as text.
 */
import { describe, expect, it } from 'vitest'
import { formatIp, type IpFamily, readIpWords } from '../net/ip.ts'
import { CT, copyPacket, ORIGIN, type Packet } from '../net/packet.ts'
import { draw32 } from '../sim/random.ts'
import { SECOND_US } from '../sim/time.ts'
import { compile } from './compile.ts'
import { Conntrack } from './conntrack/conntrack.ts'
import { PlainConntrack } from './conntrack/plain-conntrack.ts'
import { newEngine } from './engine.ts'
import { evaluateTracked } from './evaluate.ts'
import { type Host, hostView } from './host.ts'
import { newNodeMemory } from './memory/node-memory.ts'
import { newTraceMemory } from './memory/trace-memory.ts'
import { OUTCOME } from './outcome.ts'
import { HOOK_CHAINS } from './program.ts'
import { REJECT_KINDS } from './reject-kind.ts'
import { ruleTallies } from './rule-tallies.ts'
import { makePacket, type PacketWords } from './testing/make-rules.ts'
import { right, rulesOf } from './testing/rules-of-text.ts'
import { type TraceCounters, trace } from './trace.ts'

const SEED = { low: 1, high: 2 }

const HOST: Host = {
  localAddresses: ['192.0.2.1', '2001:db8:1::1'],
  podPrefixes: ['10.244.1.0/24', 'fd00:244:1::/64'],
  uplinkName: 'eth0',
  podInterfaceName: 'cni0',
}

interface Asked {
  readonly family?: IpFamily
  readonly host?: Partial<Host>
  /** Before each packet. */
  readonly waitUs?: number
}

interface Walked {
  /** Each packet as it left, with what became of it. */
  readonly packets: readonly (Packet & { readonly outcome: number; readonly rejection: number })[]
  /** Packets that matched each rule, as written; that policies decided, by `table CHAIN`. */
  readonly matched: readonly number[]
  readonly policies: Readonly<Record<string, number>>
}

/** `rules`: lines of iptables-save, without COMMIT. */
function walk(
  rules: string,
  packets: readonly PacketWords[],
  { family = 4, host: changes = {}, waitUs = 0 }: Asked = {},
): Walked {
  const ruleset = rulesOf(rules, family)
  const host = hostView({ ...HOST, ...changes }, family)
  const engine = newEngine(right(compile([ruleset], true)), SEED)
  const conntrack = new Conntrack(family, SEED)
  const plain = new PlainConntrack(SEED)
  const memory = newNodeMemory(engine.program, conntrack)
  const traceMemory = newTraceMemory(ruleset, plain)
  const counters: TraceCounters = { rules: new Map(), policies: new Map() }
  const walked = packets.map(words => {
    for (const clock of [conntrack, plain, memory, traceMemory]) clock.nowUs += waitUs
    const packet = makePacket(words, family)
    const draw = (n: number): number => draw32(SEED.low, SEED.high, packet.flowLow, packet.flowHigh, n)
    const traced = right(trace(ruleset, host, copyPacket(packet), draw, { counters, memory: traceMemory }))
    const outcome = evaluateTracked(engine, memory, host, packet, 1)
    const rejection = outcome === OUTCOME.rejected ? engine.rejection : -1
    const evaluated = { ...packet, outcome, rejection }
    const rules = [engine.rulesEvaluated, engine.natRulesEvaluated]
    expect([traced.outcome, traced.rulesEvaluated, traced.natRulesEvaluated]).toEqual([outcome, ...rules])
    // Of a dropped packet addresses say nothing.
    if (outcome !== OUTCOME.dropped)
      expect({ ...traced.packet, outcome, rejection: outcome === OUTCOME.rejected ? traced.rejection : -1 }).toEqual(
        evaluated,
      )
    return evaluated
  })
  const tallies = ruleTallies(engine)
  const plainRules = ruleset.tables
    .flatMap(t => [...t.chains.values()].flatMap(c => c.rules))
    .map(rule => counters.rules.get(rule))
  const policies: Record<string, number> = {}
  HOOK_CHAINS.forEach((name, hook) => {
    if (tallies.policy[hook] > 0) policies[name.join(' ')] = tallies.policy[hook]
  })
  const counted = plainRules.reduce((sum, c) => [sum[0] + (c?.matched ?? 0), sum[1] + (c?.evaluated ?? 0)], [0, 0])
  expect(counted).toEqual([tallies.matched, tallies.evaluated].map(all => all.reduce((a, b) => a + b, 0)))
  expect(policies).toEqual(Object.fromEntries(counters.policies))
  return { packets: walked, matched: plainRules.map(c => c?.matched ?? 0), policies }
}

const end = (packet: Packet, side: 'source' | 'destination'): string =>
  formatIp({ family: packet.family, value: readIpWords(packet[side], 0) })

const outside = { origin: ORIGIN.uplink, source: '198.51.100.1' } as const
const outside6 = { origin: ORIGIN.uplink, source: '2001:db8:9::1' } as const
const outsideOf = (family: IpFamily): PacketWords => (family === 4 ? outside : outside6)

describe('DNAT', () => {
  const first = (to: string, words: PacketWords = {}, family: IpFamily = 4) =>
    walk(
      `*nat\n-A PREROUTING -p tcp -j DNAT --to-destination ${to}\n*filter\n-A FORWARD -m conntrack --ctstate DNAT`,
      [{ ...outsideOf(family), ...words }],
      { family },
    )

  it.each([
    ['address and port', '10.244.1.9:81', 4, '10.244.1.9', 81, true],
    ['the address alone', '10.244.1.9', 4, '10.244.1.9', 80, true],
    ['the port alone', '10.96.0.1:81', 4, '10.96.0.1', 81, true],
    ['nothing: it was sent there, and is not translated', '10.96.0.1:80', 4, '10.96.0.1', 80, false],
    ['IPv6 address and port', '[fd00:244:1::9]:81', 6, 'fd00:244:1::9', 81, true],
    ['one word of an IPv6 address', 'fd00:97::1', 6, 'fd00:97::1', 80, true],
    ['nothing of IPv6', '[fd00:96::1]:80', 6, 'fd00:96::1', 80, false],
  ] as const)('changes %s', (_, to, family, address, port, isTranslated) => {
    const { packets, matched } = first(to, {}, family)
    expect([end(packets[0], 'destination'), packets[0].destinationPort]).toEqual([address, port])
    expect([packets[0].ctState & CT.DNAT, matched]).toEqual([isTranslated ? CT.DNAT : 0, [1, isTranslated ? 1 : 0]])
  })

  it('decides where the packet goes', () => {
    const outcomes = ['10.244.1.9', '203.0.113.9', '192.0.2.1', '127.0.0.1'].map(to => first(to).packets[0].outcome)
    expect(outcomes).toEqual([OUTCOME.toPod, OUTCOME.toUplink, OUTCOME.toNode, OUTCOME.toNode])
  })

  it('in OUTPUT: the interface stays the one from before, routing follows', () => {
    const rules =
      '*nat\n-A OUTPUT -j DNAT --to-destination 10.244.1.9\n*filter\n-A OUTPUT -o eth0\n-A OUTPUT -o cni0\n*mangle\n-A POSTROUTING -o cni0'
    const { packets, matched } = walk(rules, [{ origin: ORIGIN.node, source: '192.0.2.1', destination: '203.0.113.9' }])
    expect([packets[0].outcome, matched]).toEqual([OUTCOME.toPod, [1, 1, 0, 1]])
  })
})

describe('SNAT and MASQUERADE', () => {
  it.each([
    ['another address', '-j SNAT --to-source 203.0.113.5', '203.0.113.5', true],
    ['its own address: not translated', '-j SNAT --to-source 198.51.100.1', '198.51.100.1', false],
    ['the address of the way out', '-j MASQUERADE', '192.0.2.1', true],
  ])('write %s', (_, target, source, isTranslated) => {
    const { packets } = walk(`*nat\n-A POSTROUTING ${target}`, [outside])
    expect([end(packets[0], 'source'), packets[0].ctState & CT.SNAT]).toEqual([source, isTranslated ? CT.SNAT : 0])
    expect(packets[0].sourcePort).toBe(40_000)
  })

  it.each(['-j MASQUERADE --to-ports 1024-1027', '-j SNAT --to-source 203.0.113.5:1024-1027'])(
    '%s: a port of the range',
    target => {
      const { packets } = walk(
        `*nat\n-A POSTROUTING -p tcp ${target}`,
        [1, 2, 3, 4].map(n => ({ ...outside, sourcePort: 40_000 + n })),
      )
      expect(packets.map(p => p.sourcePort).sort()).toEqual([1024, 1025, 1026, 1027])
    },
  )

  it.each([
    ['to pods: the address of their side', {}, '10.244.1.9', '10.244.1.1'],
    ['to pods: without one, borrowed', { podSideAddress: undefined }, '10.244.1.9', '192.0.2.1'],
    [
      'to pods: without one, borrowed of lo first',
      { podSideAddress: undefined, loopbackAddresses: ['169.254.20.10'] },
      '10.244.1.9',
      '169.254.20.10',
    ],
    ['by the uplink: its own', { loopbackAddresses: ['169.254.20.10'] }, '203.0.113.9', '192.0.2.1'],
  ] as const)('MASQUERADE %s', (_, changes, destination, source) => {
    const host = { podSideAddress: '10.244.1.1', ...changes } as Partial<Host>
    expect(
      end(walk('*nat\n-A POSTROUTING -j MASQUERADE', [{ ...outside, destination }], { host }).packets[0], 'source'),
    ).toBe(source)
  })

  it.each([
    [
      'to an address of lo it comes from there',
      ['192.0.2.1', '169.254.20.10', '169.254.20.11'],
      ['169.254.20.10', '169.254.20.11'],
      '169.254.20.11',
      '169.254.20.11',
    ],
    [
      'to another of its own it comes from the first of lo',
      ['192.0.2.1', '169.254.20.10'],
      ['169.254.20.10'],
      '192.0.2.1',
      '169.254.20.10',
    ],
    ['to itself without addresses on lo', ['192.0.2.1', '192.0.2.9'], [], '192.0.2.9', '192.0.2.1'],
  ])('MASQUERADE of what the node sends itself: %s', (_, localAddresses, loopbackAddresses, destination, source) => {
    const sent = { origin: ORIGIN.node, source: '192.0.2.1', destination } as const
    const { packets } = walk('*nat\n-A POSTROUTING -j MASQUERADE', [sent], {
      host: { localAddresses, loopbackAddresses },
    })
    expect([packets[0].outcome, end(packets[0], 'source')]).toEqual([OUTCOME.toNode, source])
  })

  it('IPv6: what the node sends itself comes from where it goes to', () => {
    const sent = { origin: ORIGIN.node, source: '2001:db8:1::1', destination: '::1' } as const
    expect(end(walk('*nat\n-A POSTROUTING -j MASQUERADE', [sent], { family: 6 }).packets[0], 'source')).toBe('::1')
  })

  it('a node without an address cannot masquerade: the packet is dropped, and no connection remembered', () => {
    const { packets, matched } = walk('*nat\n-A POSTROUTING -j MASQUERADE', [outside, outside], {
      host: { localAddresses: [] },
    })
    expect([packets.map(p => p.outcome), matched]).toEqual([[OUTCOME.dropped, OUTCOME.dropped], [2]])
  })

  it('SNAT in INPUT changes what the node hears', () => {
    const { packets } = walk('*nat\n-A INPUT -j SNAT --to-source 203.0.113.5', [
      { ...outside, destination: '192.0.2.1' },
    ])
    expect([packets[0].outcome, end(packets[0], 'source')]).toEqual([OUTCOME.toNode, '203.0.113.5'])
  })
})

describe('ranges and chance in nat', () => {
  const clients = Array.from({ length: 12 }, (_, n) => ({
    ...outside,
    source: `198.51.100.${n + 1}`,
    sourcePort: 40_000 + n,
  }))

  it('DNAT to a range of addresses: one of it for each client, always the same', () => {
    const rules = '*nat\n-A PREROUTING -p tcp -j DNAT --to-destination 10.244.1.8-10.244.1.11'
    const ends = walk(rules, [
      ...clients,
      ...clients.map(c => ({ ...c, sourcePort: c.sourcePort + 1_000 })),
    ]).packets.map(p => end(p, 'destination'))
    for (const address of ends) expect(['10.244.1.8', '10.244.1.9', '10.244.1.10', '10.244.1.11']).toContain(address)
    expect(new Set(ends).size).toBeGreaterThan(1)
    expect(ends.slice(12)).toEqual(ends.slice(0, 12))
  })

  it.each([
    ['10.244.1.8:1024-1027', '10.244.1.8'],
    ['10.244.1.8:1024-1027 --random', '10.244.1.8'],
  ])('DNAT to %s: a port of the range', (to, address) => {
    const { packets } = walk(`*nat\n-A PREROUTING -p tcp -j DNAT --to-destination ${to}`, clients)
    for (const p of packets) {
      expect(end(p, 'destination')).toBe(address)
      expect([1024, 1025, 1026, 1027]).toContain(p.destinationPort)
    }
  })

  it('SNAT to a range: one of it', () => {
    const { packets } = walk('*nat\n-A POSTROUTING -j SNAT --to-source 203.0.113.5-203.0.113.6', clients)
    expect(new Set(packets.map(p => end(p, 'source')))).toEqual(new Set(['203.0.113.5', '203.0.113.6']))
  })

  it.each([
    ['-j MASQUERADE', false],
    ['-j MASQUERADE --random', true],
    ['-j MASQUERADE --random-fully', true],
    ['-j SNAT --to-source 203.0.113.5', false],
    ['-j SNAT --to-source 203.0.113.5 --random', true],
    ['-j SNAT --to-source 203.0.113.5 --random-fully', true],
  ])('%s keeps ports, or makes them up', (target, isRandom) => {
    const { packets } = walk(`*nat\n-A POSTROUTING ${target}`, clients)
    const kept = packets.filter((p, n) => p.sourcePort === 40_000 + n).length
    if (isRandom) expect(kept).toBeLessThan(3)
    else expect(kept).toBe(packets.length)
  })
})

describe('REDIRECT', () => {
  it.each([
    ['from outside: the address there', outside, {}, '192.0.2.1', OUTCOME.toNode],
    [
      'from a pod: the address of the pods’ side',
      { origin: ORIGIN.pod },
      { podSideAddress: '10.244.1.1' },
      '10.244.1.1',
      OUTCOME.toNode,
    ],
    ['without an address there it is dropped', outside, { localAddresses: [] }, undefined, OUTCOME.dropped],
  ] as const)('%s', (_, words, changes, address, outcome) => {
    const host = {
      ...changes,
      ...('podSideAddress' in changes ? { localAddresses: ['192.0.2.1', '10.244.1.1'] } : {}),
    } as Partial<Host>
    const { packets } = walk('*nat\n-A PREROUTING -p tcp -j REDIRECT --to-ports 8080', [words], { host })
    expect(packets[0].outcome).toBe(outcome)
    if (address !== undefined)
      expect([end(packets[0], 'destination'), packets[0].destinationPort]).toEqual([address, 8080])
  })

  it('of the node’s own packets: to 127.0.0.1, or ::1', () => {
    for (const [family, source, address] of [
      [4, '192.0.2.1', '127.0.0.1'],
      [6, '2001:db8:1::1', '::1'],
    ] as const) {
      const { packets } = walk('*nat\n-A OUTPUT -j REDIRECT', [{ origin: ORIGIN.node, source }], { family })
      expect([packets[0].outcome, end(packets[0], 'destination'), packets[0].destinationPort]).toEqual([
        OUTCOME.toNode,
        address,
        80,
      ])
    }
  })
})

describe('REJECT', () => {
  it.each([
    [4, 'icmp-port-unreachable', { type: 3, code: 3 }],
    [4, 'icmp-net-unreachable', { type: 3, code: 0 }],
    [4, 'icmp-host-unreachable', { type: 3, code: 1 }],
    [4, 'icmp-admin-prohibited', { type: 3, code: 13 }],
    [4, 'tcp-reset', undefined],
    [6, 'icmp6-port-unreachable', { type: 1, code: 4 }],
    [6, 'icmp6-adm-prohibited', { type: 1, code: 1 }],
    [6, 'tcp-reset', undefined],
  ] as const)('IPv%i with %s', (family, kind, icmp) => {
    const { packets } = walk(`*filter\n-A FORWARD -p tcp -j REJECT --reject-with ${kind}`, [outsideOf(family)], {
      family,
    })
    expect([packets[0].outcome, REJECT_KINDS[packets[0].rejection].icmp]).toEqual([OUTCOME.rejected, icmp])
  })

  it('of a translated connection: the packet is as its rule saw it, and nothing is remembered', () => {
    const rules = '*nat\n-A PREROUTING -j DNAT --to-destination 10.244.1.9\n*filter\n-A FORWARD -j REJECT'
    const { packets, matched } = walk(rules, [outside, outside])
    expect(packets.map(p => [end(p, 'source'), end(p, 'destination')])).toEqual([
      ['198.51.100.1', '10.244.1.9'],
      ['198.51.100.1', '10.244.1.9'],
    ])
    expect(matched).toEqual([2, 2])
  })
})

describe('ways through chains', () => {
  it.each([
    [
      'RETURN in a built-in chain is its policy',
      ':FORWARD DROP [0:0]\n-A FORWARD -j RETURN\n-A FORWARD',
      [1, 0],
      { 'filter FORWARD': 1 },
      OUTCOME.dropped,
    ],
    [
      'a jump into an empty chain only counts',
      ':A - [0:0]\n-A FORWARD -j A\n-A FORWARD',
      [1, 1],
      { 'filter FORWARD': 1 },
      OUTCOME.toUplink,
    ],
    [
      'a goto into an empty chain returns',
      ':A - [0:0]\n-A FORWARD -g A\n-A FORWARD',
      [1, 0],
      { 'filter FORWARD': 1 },
      OUTCOME.toUplink,
    ],
    [
      'a goto out of a jumped chain returns to its caller',
      ':A - [0:0]\n:B - [0:0]\n-A FORWARD -j A\n-A FORWARD -j DROP\n-A A -g B\n-A A -j ACCEPT\n-A B',
      [1, 1, 1, 0, 1],
      {},
      OUTCOME.dropped,
    ],
    [
      'ACCEPT in a called chain ends the table',
      ':A - [0:0]\n-A FORWARD -j A\n-A FORWARD -j DROP\n-A A -j ACCEPT',
      [1, 0, 1],
      {},
      OUTCOME.toUplink,
    ],
    ['LOG goes on', '-A FORWARD -j LOG\n-A FORWARD -j DROP', [1, 1], {}, OUTCOME.dropped],
  ])('%s', (_, rules, expected, policies, outcome) => {
    const walked = walk(`*filter\n${rules}`, [outside])
    expect([walked.matched, walked.packets[0].outcome]).toEqual([expected, outcome])
    expect(walked.policies).toMatchObject(policies)
    if (Object.keys(policies).length === 0) expect(walked.policies['filter FORWARD']).toBeUndefined()
  })

  it('policies of all tables, each where its packet comes by', () => {
    const all = '*raw\n*mangle\n*nat\n-A OUTPUT -j DNAT --to-destination 192.0.2.1\n*filter\n*security'
    const onWay = (words: PacketWords): string[] => Object.keys(walk(all, [words]).policies)
    expect(onWay({ ...outside, destination: '203.0.113.9' })).not.toContain('filter INPUT')
    const toItself = walk(all, [{ origin: ORIGIN.node, source: '192.0.2.1', destination: '203.0.113.9' }]).policies
    expect([
      toItself['raw PREROUTING'],
      toItself['nat PREROUTING'],
      toItself['nat INPUT'],
      toItself['filter INPUT'],
      toItself['nat OUTPUT'],
    ]).toEqual([1, undefined, undefined, 1, undefined])
  })
})

describe('marks', () => {
  it.each([
    ['0x4000/0x4000', 0x1, 0x4001],
    ['0x4000/0x0', 0x4001, 0x1],
    ['0x5/0xffffffff', 0xffff_ffff, 0x5],
    ['0x80000000/0x80000000', 0, 0x8000_0000],
  ])('MARK --set-xmark %s on %i', (xmark, mark, after) => {
    const { packets, matched } = walk(
      `*mangle\n-A PREROUTING -j MARK --set-xmark ${xmark}\n-A FORWARD -m mark --mark ${after}`,
      [{ ...outside, mark }],
    )
    expect([packets[0].mark, matched]).toEqual([after, [1, 1]])
  })

  it('CONNMARK sets, saves and restores under its masks; the connection keeps it for later packets', () => {
    const rules = [
      '*mangle',
      '-A PREROUTING -m conntrack --ctstate NEW -m mark --mark 0x1 -j CONNMARK --set-xmark 0x4001/0xffff',
      '-A PREROUTING -m mark --mark 0x2f -j CONNMARK --save-mark --nfmask 0xf --ctmask 0xff',
      '-A PREROUTING -m mark --mark 0xf0 -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xffff',
      '-A PREROUTING -m connmark --mark 0x4001',
      '-A PREROUTING -m connmark --mark 0x40/0xff00',
      '-A PREROUTING -m connmark ! --mark 0x4001',
    ].join('\n')
    const udp = { ...outside, protocol: 17 }
    const { packets, matched } = walk(
      rules,
      [0x1, 0x0, 0x2f, 0xf0].map(mark => ({ ...udp, mark })),
    )
    // 0x4001; kept; saved: (0x4001 & ~0xff) ^ (0x2f & 0xf) = 0x400f; restored: (0xf0 & ~0xff) ^ (0x400f & 0xffff) = 0x400f.
    expect(packets.map(p => p.mark)).toEqual([0x1, 0, 0x2f, 0x400f])
    expect(matched).toEqual([1, 1, 1, 2, 0, 2])
  })

  it('without a connection there is no mark of it: CONNMARK does nothing, and connmark never holds', () => {
    const rules =
      '*raw\n-A PREROUTING -j CT --notrack\n*mangle\n-A PREROUTING -j CONNMARK --set-xmark 0x1/0xff\n-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff\n-A PREROUTING -m connmark --mark 0x0\n-A PREROUTING -m connmark ! --mark 0x0'
    const { packets, matched } = walk(rules, [{ ...outside, mark: 7 }])
    expect([packets[0].mark, matched]).toEqual([7, [1, 1, 1, 0, 0]])
  })
})

describe('NOTRACK', () => {
  it('keeps a packet out of conntrack and nat: UNTRACKED from there on, in raw too', () => {
    const rules =
      '*raw\n-A PREROUTING -p udp -j CT --notrack\n-A PREROUTING -m conntrack --ctstate UNTRACKED\n*nat\n-A PREROUTING -j DNAT --to-destination 10.244.1.9\n*filter\n-A FORWARD -m conntrack --ctstate UNTRACKED\n-A FORWARD -m conntrack --ctstate NEW'
    const { packets, matched } = walk(rules, [{ ...outside, protocol: 17 }, outside])
    expect(packets.map(p => p.outcome)).toEqual([OUTCOME.toUplink, OUTCOME.toPod])
    expect(matched).toEqual([1, 1, 1, 1, 1])
  })

  it('comes too late for what the node sent itself: conntrack has seen it in OUTPUT', () => {
    const rules =
      '*raw\n-A PREROUTING -j CT --notrack\n-A PREROUTING -m conntrack --ctstate NEW\n*nat\n-A OUTPUT -j ACCEPT'
    const { packets, matched } = walk(rules, [{ origin: ORIGIN.node, source: '192.0.2.1', destination: '192.0.2.1' }])
    expect([packets[0].ctState & CT.UNTRACKED, matched]).toEqual([0, [1, 1, 1]])
  })
})

describe('matches that remember', () => {
  const outcomesOf = (match: string, packets: readonly PacketWords[], asked?: Asked): string =>
    walk(`*filter\n-A FORWARD ${match} -j DROP`, packets, asked)
      .packets.map(p => (p.outcome === OUTCOME.dropped ? 'x' : '.'))
      .join('')
  const many = (n: number): PacketWords[] =>
    Array.from({ length: n }, (_, i) => ({ ...outside, sourcePort: 1_000 + i }))

  it.each([
    ['-m statistic --mode nth --every 3 --packet 0', 'x..x..x'],
    ['-m statistic --mode nth --every 3 --packet 2', '..x..x.'],
    ['-m statistic --mode nth ! --every 3 --packet 0', '.xx.xx.'],
    ['-m statistic --mode nth --every 1 --packet 0', 'xxxxxxx'],
  ])('%s', (match, expected) => {
    expect(outcomesOf(match, many(7))).toBe(expected)
  })

  it.each([
    ['at once: the burst', 0, 'xxx....'],
    ['every half second: the burst, then every other', SECOND_US / 2, 'xxxxx.x'],
    ['every second: always', SECOND_US, 'xxxxxxx'],
  ])('limit 1/sec, burst 3, %s', (_, waitUs, expected) => {
    expect(outcomesOf('-m limit --limit 1/sec --limit-burst 3', many(7), { waitUs })).toBe(expected)
  })

  it.each([
    [
      'by source',
      '--rsource',
      [
        ['1.0.0.1', '9.9.9.9'],
        ['1.0.0.1', '8.8.8.8'],
        ['1.0.0.2', '9.9.9.9'],
      ],
      '.x.',
    ],
    [
      'by destination',
      '--rdest',
      [
        ['1.0.0.1', '9.9.9.9'],
        ['1.0.0.1', '8.8.8.8'],
        ['1.0.0.2', '9.9.9.9'],
      ],
      '..x',
    ],
  ] as const)('recent, %s', (_, side, sent, expected) => {
    const rules = `*filter\n-A FORWARD -m recent --rcheck --seconds 10 --name L --mask 255.255.255.255 ${side} -j DROP\n-A FORWARD -m recent --set --name L --mask 255.255.255.255 ${side}`
    const { packets } = walk(
      rules,
      sent.map(([source, destination]) => ({ ...outside, source, destination })),
    )
    expect(packets.map(p => (p.outcome === OUTCOME.dropped ? 'x' : '.')).join('')).toBe(expected)
  })

  it('recent under a mask: one of the network stands for all of it', () => {
    const rules =
      '*filter\n-A FORWARD -m recent --rcheck --name L --mask 255.255.255.0 --rsource -j DROP\n-A FORWARD -m recent --set --name L --mask 255.255.255.0 --rsource'
    const { packets } = walk(
      rules,
      ['1.0.0.1', '1.0.0.200', '1.0.1.1'].map(source => ({ ...outside, source })),
    )
    expect(packets.map(p => p.outcome === OUTCOME.dropped)).toEqual([false, true, false])
  })
})

describe('conntrack on the way', () => {
  it('a later packet goes where the first went, its answer back, and nat is asked once', () => {
    const rules =
      '*nat\n-A PREROUTING -j DNAT --to-destination 10.244.1.9:8080\n-A POSTROUTING -j MASQUERADE\n*filter\n-A FORWARD -m conntrack --ctstate NEW\n-A FORWARD -m conntrack --ctstate ESTABLISHED\n-A FORWARD -d 10.244.1.9/32 -p udp -m udp --dport 8080\n-A FORWARD -s 198.51.100.1/32'
    const udp = { ...outside, protocol: 17 }
    const answer = {
      origin: ORIGIN.pod,
      source: '10.244.1.9',
      destination: '192.0.2.1',
      protocol: 17,
      sourcePort: 8080,
      destinationPort: 40_000,
    }
    const { packets, matched } = walk(rules, [udp, udp, answer, udp])
    expect(packets.map(p => [end(p, 'source'), p.sourcePort, end(p, 'destination'), p.destinationPort])).toEqual([
      ['192.0.2.1', 40_000, '10.244.1.9', 8080],
      ['192.0.2.1', 40_000, '10.244.1.9', 8080],
      ['10.96.0.1', 80, '198.51.100.1', 40_000],
      ['192.0.2.1', 40_000, '10.244.1.9', 8080],
    ])
    expect(matched).toEqual([1, 1, 2, 2, 3, 3])
  })

  it('what is dropped before the end is forgotten: nat is asked again', () => {
    for (const table of [
      '*filter\n-A FORWARD -j DROP',
      '*mangle\n-A POSTROUTING -j DROP',
      '*filter\n-A FORWARD -j REJECT',
    ])
      expect(
        walk(`*nat\n-A PREROUTING -j DNAT --to-destination 10.244.1.9\n${table}`, [outside, outside]).matched,
      ).toContain(2)
  })
})
