/**
 * Every kind of match at its edges, by hand: packets for which it just holds and just does not, by trace and evaluate alike. What can be
 * negated holds for the others then.
 */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { type IpFamily, parseIp } from '../net/ip.ts'
import { CT, copyPacket, ORIGIN, type Packet } from '../net/packet.ts'
import { type AddressType, CT_STATES, type Match, type PhysdevOption, type Rule, TCP_FLAG } from '../ruleset/ruleset.ts'
import { compile } from './compile.ts'
import { newDrawScript } from './draw-script.ts'
import { newEngine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { ruleTallies } from './rule-tallies.ts'
import {
  from,
  makeHostView,
  makePacket,
  makeRule,
  makeRuleset,
  makeTable,
  type PacketWords,
  portRange,
  protocolIs,
  to,
  withChance,
} from './testing/make-rules.ts'
import { trace } from './trace.ts'

/** Where the rule stands: where the hook knows the interfaces it asks for. */
interface Place {
  readonly table: 'mangle' | 'filter'
  readonly chain: 'PREROUTING' | 'FORWARD' | 'OUTPUT'
}
const PREROUTING: Place = { table: 'mangle', chain: 'PREROUTING' }
const FORWARD: Place = { table: 'filter', chain: 'FORWARD' }
const OUTPUT: Place = { table: 'filter', chain: 'OUTPUT' }

/** `draw`: the random word. Both evaluators must say the same. */
function holds(matches: readonly Match[], sent: Packet, { table, chain }: Place = PREROUTING, draw = 0): boolean {
  const rule: Rule = makeRule(undefined, ...matches)
  const ruleset = makeRuleset([makeTable(table, { [chain]: [rule] })], sent.family)
  const host = makeHostView(sent.family)
  const counters = { rules: new Map<Rule, { matched: number; evaluated: number }>(), policies: new Map() }
  const traced = trace(ruleset, host, sent, () => draw, { counters })
  const program = compile([ruleset], true)
  if (E.isLeft(traced) || E.isLeft(program)) throw new Error('the rule is refused')
  const engine = newEngine(program.right, { low: 1, high: 2 })
  engine.script = { ...newDrawScript(), words: [draw] }
  evaluate(engine, 0, host, 0, copyPacket(sent), 1)
  const { matched, evaluated } = ruleTallies(engine)
  const plain = counters.rules.get(rule)
  expect([matched[0], evaluated[0]]).toEqual([plain?.matched ?? 0, plain?.evaluated ?? 0])
  expect(evaluated[0], 'the packet comes to the rule').toBe(1)
  return matched[0] === 1
}

interface Row {
  readonly match: Match | readonly Match[]
  readonly family?: IpFamily
  readonly place?: Place
  /** Packets for which it holds, and for which it does not. */
  readonly yes: readonly PacketWords[]
  readonly no: readonly PacketWords[]
}

const ip = (text: string) => parseIp(text)!
const sources = (...addresses: readonly string[]): PacketWords[] => addresses.map(source => ({ source }))
const destinations = (...addresses: readonly string[]): PacketWords[] => addresses.map(destination => ({ destination }))
const tcp = protocolIs('tcp')

const ROWS: Readonly<Record<string, Row>> = {
  'source, a prefix': {
    match: from('10.244.4.0/22'),
    yes: sources('10.244.4.0', '10.244.7.255'),
    no: sources('10.244.3.255', '10.244.8.0', '11.244.4.0'),
  },
  'source, all': { match: from('0.0.0.0/0'), yes: sources('0.0.0.0', '255.255.255.255'), no: [] },
  'source, one': { match: from('10.0.0.1/32'), yes: sources('10.0.0.1'), no: sources('10.0.0.0', '10.0.0.2') },
  'destination, a prefix': {
    match: to('128.0.0.0/1'),
    yes: destinations('128.0.0.0', '255.0.0.1'),
    no: destinations('127.255.255.255', '0.0.0.0'),
  },
  ...Object.fromEntries(
    // A prefix that ends in each of the four words, and on each border between them.
    (
      [
        [1, '8000::', '7fff:ffff::'],
        [33, 'fd00:244:8000::', 'fd00:244:7fff::'],
        [64, 'fd00:244:1:2::', 'fd00:244:1:3::'],
        [65, 'fd00::1:8000:0:0:0', 'fd00::1:7fff:0:0:0'],
        [97, 'fd00::8000:0', 'fd00::7fff:0'],
        [128, 'fd00::1', 'fd00::2'],
      ] as const
    ).flatMap(([length, inside, outside]) => [
      [
        `IPv6 source /${length}`,
        { match: from(`${inside}/${length}`), family: 6, yes: sources(inside), no: sources(outside) },
      ],
      [
        `IPv6 destination /${length}`,
        { match: to(`${inside}/${length}`), family: 6, yes: destinations(inside), no: destinations(outside) },
      ],
    ]),
  ),
  'IPv6 source, one: every word counts': {
    match: from('1:0:2:0:3:0:4:0/128'),
    family: 6,
    yes: sources('1:0:2:0:3:0:4:0'),
    no: sources('9:0:2:0:3:0:4:0', '1:0:9:0:3:0:4:0', '1:0:2:0:9:0:4:0', '1:0:2:0:3:0:9:0'),
  },
  'masked source': {
    match: { kind: 'maskedAddress', side: 'source', value: ip('10.1.2.3'), mask: ip('255.0.0.255'), negated: false },
    yes: sources('10.1.2.3', '10.9.9.3'),
    no: sources('10.1.2.4', '11.1.2.3'),
  },
  'masked IPv6 destination: every word counts': {
    match: {
      kind: 'maskedAddress',
      side: 'destination',
      value: ip('1:0:2:0:3:0:4:0'),
      mask: ip('ffff:0:ffff:0:ffff:0:ffff:0'),
      negated: false,
    },
    family: 6,
    yes: destinations('1:0:2:0:3:0:4:0', '1:7:2:7:3:7:4:7'),
    no: destinations('9:0:2:0:3:0:4:0', '1:0:9:0:3:0:4:0', '1:0:2:0:9:0:4:0', '1:0:2:0:3:0:9:0'),
  },
  'in interface, its name': {
    match: { kind: 'inInterface', name: 'cni0', negated: false },
    yes: [{ origin: ORIGIN.pod }],
    no: [{ origin: ORIGIN.uplink }],
  },
  'in interface, a beginning': {
    match: { kind: 'inInterface', name: 'et+', negated: false },
    yes: [{ origin: ORIGIN.uplink }],
    no: [{ origin: ORIGIN.pod }],
  },
  'in interface, a beginning without +': {
    match: { kind: 'inInterface', name: 'cni', negated: false },
    yes: [],
    no: [{ origin: ORIGIN.pod }],
  },
  'in interface, any': {
    match: { kind: 'inInterface', name: '+', negated: false },
    yes: [{ origin: ORIGIN.uplink }, { origin: ORIGIN.pod }],
    no: [],
  },
  'no in interface in OUTPUT': {
    match: { kind: 'inInterface', name: 'eth0', negated: false },
    place: OUTPUT,
    yes: [],
    no: [{ origin: ORIGIN.node }],
  },
  'no in interface is what + alone matches': {
    match: { kind: 'inInterface', name: '+', negated: false },
    place: OUTPUT,
    yes: [{ origin: ORIGIN.node }],
    no: [],
  },
  'out interface': {
    match: { kind: 'outInterface', name: 'eth0', negated: false },
    place: FORWARD,
    yes: destinations('203.0.113.1'),
    no: destinations('10.244.1.9'),
  },
  'out interface of the node to itself': {
    match: { kind: 'outInterface', name: 'lo', negated: false },
    place: OUTPUT,
    yes: [
      { origin: ORIGIN.node, destination: '192.0.2.1' },
      { origin: ORIGIN.node, destination: '127.0.0.1' },
    ],
    no: [
      { origin: ORIGIN.node, destination: '192.0.2.2' },
      { origin: ORIGIN.node, destination: '10.244.1.1' },
    ],
  },
  'out interface to pods, IPv6: every word of the prefix counts': {
    match: { kind: 'outInterface', name: 'cni0', negated: false },
    place: FORWARD,
    family: 6,
    yes: destinations('fd00:244:1::', 'fd00:244:1:0:ffff:ffff:ffff:ffff'),
    no: destinations('fd00:245:1::1', 'fd01:244:1::1', 'fd00:244:2::1', 'fd00:244:1:1::1'),
  },
  'protocol by name': { match: tcp, yes: [{ protocol: 6 }], no: [{ protocol: 17 }, { protocol: 0 }] },
  'protocol by number': {
    match: { kind: 'protocol', protocol: 50, negated: false },
    yes: [{ protocol: 50 }],
    no: [{ protocol: 51 }],
  },
  'source ports': {
    match: [tcp, { kind: 'ports', protocol: 'tcp', source: portRange(80, 90) }],
    yes: [{ sourcePort: 80 }, { sourcePort: 90 }],
    no: [{ sourcePort: 79 }, { sourcePort: 91 }],
  },
  'destination ports': {
    match: [tcp, { kind: 'ports', protocol: 'tcp', destination: portRange(0, 1) }],
    yes: [{ destinationPort: 0 }, { destinationPort: 1 }],
    no: [{ destinationPort: 2 }, { destinationPort: 65_535 }],
  },
  'both ports': {
    match: [tcp, { kind: 'ports', protocol: 'tcp', source: portRange(1, 1, true), destination: portRange(2, 2, true) }],
    yes: [{ sourcePort: 2, destinationPort: 1 }],
    no: [
      { sourcePort: 1, destinationPort: 1 },
      { sourcePort: 2, destinationPort: 2 },
    ],
  },
  'TCP flags': {
    match: [tcp, { kind: 'ports', protocol: 'tcp', flags: { mask: 23, set: TCP_FLAG.SYN, negated: false } }],
    yes: [{ tcpFlags: TCP_FLAG.SYN }, { tcpFlags: TCP_FLAG.SYN | TCP_FLAG.PSH }],
    no: [{ tcpFlags: TCP_FLAG.SYN | TCP_FLAG.ACK }, { tcpFlags: 0 }, { tcpFlags: TCP_FLAG.RST }],
  },
  'ports without options': {
    match: [tcp, { kind: 'ports', protocol: 'tcp' }],
    yes: [{ tcpFlags: 0 }],
    no: [{ protocol: 17 }],
  },
  'one of several source ports': {
    match: [
      tcp,
      {
        kind: 'multiport',
        side: 'source',
        ports: [
          { from: 5, to: 5 },
          { from: 7, to: 9 },
        ],
        negated: false,
      },
    ],
    yes: [{ sourcePort: 5 }, { sourcePort: 7 }, { sourcePort: 9 }],
    no: [{ sourcePort: 6, destinationPort: 5 }, { sourcePort: 10 }, { sourcePort: 4 }],
  },
  'one of several destination ports': {
    match: [
      tcp,
      {
        kind: 'multiport',
        side: 'destination',
        ports: [
          { from: 5, to: 5 },
          { from: 7, to: 9 },
        ],
        negated: false,
      },
    ],
    yes: [{ destinationPort: 5 }, { destinationPort: 8 }],
    no: [{ destinationPort: 6, sourcePort: 5 }],
  },
  'one of several ports of either side': {
    match: [tcp, { kind: 'multiport', side: 'either', ports: [{ from: 5, to: 6 }], negated: false }],
    yes: [
      { sourcePort: 5, destinationPort: 1 },
      { sourcePort: 1, destinationPort: 6 },
    ],
    no: [{ sourcePort: 4, destinationPort: 7 }],
  },
  'a range of sources': {
    match: { kind: 'iprange', source: { from: ip('10.0.0.9'), to: ip('10.0.1.2'), negated: false } },
    yes: sources('10.0.0.9', '10.0.0.255', '10.0.1.0', '10.0.1.2'),
    no: sources('10.0.0.8', '10.0.1.3'),
  },
  'a range of IPv6 destinations': {
    match: {
      kind: 'iprange',
      destination: { from: ip('fd00:0:0:1:0:2:0:3'), to: ip('fd00:0:0:1:0:2:0:5'), negated: false },
    },
    family: 6,
    yes: destinations('fd00:0:0:1:0:2:0:3', 'fd00:0:0:1:0:2:0:5'),
    no: destinations(
      'fd00:0:0:1:0:2:0:2',
      'fd00:0:0:1:0:2:0:6',
      'fd00:0:0:1:0:1:0:4',
      'fd00:0:0:2:0:2:0:4',
      'fc00:0:0:1:0:2:0:4',
    ),
  },
  'ranges of both': {
    match: {
      kind: 'iprange',
      source: { from: ip('1.0.0.0'), to: ip('2.0.0.0'), negated: true },
      destination: { from: ip('1.0.0.0'), to: ip('2.0.0.0'), negated: true },
    },
    yes: [{ source: '3.0.0.0', destination: '3.0.0.0' }],
    no: [
      { source: '1.0.0.0', destination: '3.0.0.0' },
      { source: '3.0.0.0', destination: '2.0.0.0' },
    ],
  },
  'a fragment': { match: { kind: 'fragment', negated: false }, yes: [], no: [{}] },
  'ICMP, type and code': {
    match: [protocolIs('icmp'), { kind: 'icmp', version: 4, type: 3, code: 1, negated: false }],
    yes: [{ protocol: 1, icmpType: 3, icmpCode: 1 }],
    no: [
      { protocol: 1, icmpType: 3, icmpCode: 3 },
      { protocol: 1, icmpType: 8, icmpCode: 1 },
      { protocol: 1, icmpType: 0, icmpCode: 0 },
    ],
  },
  'ICMP, a type': {
    match: [protocolIs('icmp'), { kind: 'icmp', version: 4, type: 0, negated: false }],
    yes: [
      { protocol: 1, icmpType: 0, icmpCode: 0 },
      { protocol: 1, icmpType: 0, icmpCode: 9 },
    ],
    no: [{ protocol: 1, icmpType: 8, icmpCode: 0 }],
  },
  'ICMP, any': {
    match: [protocolIs('icmp'), { kind: 'icmp', version: 4, negated: false }],
    yes: [{ protocol: 1, icmpType: 200 }],
    no: [],
  },
  ICMPv6: {
    match: [protocolIs('ipv6-icmp'), { kind: 'icmp', version: 6, type: 135, negated: false }],
    family: 6,
    yes: [{ protocol: 58, icmpType: 135 }],
    no: [{ protocol: 58, icmpType: 136 }],
  },
  ...typeRows(4, {
    LOCAL: ['192.0.2.1', '127.0.0.0', '127.255.255.255'],
    UNICAST: ['192.0.2.2', '10.244.1.9', '1.0.0.0', '126.0.0.1', '128.0.0.1', '223.255.255.255', '240.0.0.0'],
    BROADCAST: ['0.0.0.0', '0.255.255.255', '255.255.255.255'],
    MULTICAST: ['224.0.0.0', '239.255.255.255'],
    BLACKHOLE: [],
  }),
  'address types, one of several': {
    match: { kind: 'addrtype', destination: { types: ['LOCAL', 'MULTICAST'], negated: false } },
    yes: destinations('192.0.2.1', '224.0.0.1'),
    no: destinations('192.0.2.2'),
  },
  'address types of both sides': {
    match: {
      kind: 'addrtype',
      source: { types: ['LOCAL'], negated: true },
      destination: { types: ['LOCAL'], negated: true },
    },
    yes: [{ source: '10.0.0.1', destination: '10.0.0.1' }],
    no: [
      { source: '192.0.2.1', destination: '10.0.0.1' },
      { source: '10.0.0.1', destination: '192.0.2.1' },
    ],
  },
  ...typeRows(6, {
    LOCAL: ['::1', '2001:db8:1::1'],
    MULTICAST: ['ff00::', 'ffff::1'],
    UNSPEC: ['::'],
    ANYCAST: [],
  }),
  'IPv6 local: every word counts': {
    match: { kind: 'addrtype', destination: { types: ['LOCAL'], negated: false } },
    family: 6,
    yes: destinations('::1', '2001:db8:1::1'),
    no: destinations(
      '2001:db9:1::1',
      '2001:db8:1:1::1',
      '2001:db8:1:0:0:1::1',
      '2001:db8:1::2',
      '::2',
      '::1:0:1',
      '0:0:1::1',
      '1::1',
    ),
  },
  'IPv6 local and more: all that is asked for must hold': {
    match: { kind: 'addrtype', source: { types: ['LOCAL', 'UNICAST'], negated: false } },
    family: 6,
    yes: sources('::1', '2001:db8:1::1'),
    no: sources('fd00::1', 'ff00::1', '::'),
  },
  'IPv6 unicast is what is neither multicast nor nothing': {
    match: { kind: 'addrtype', source: { types: ['UNICAST'], negated: false } },
    family: 6,
    yes: sources('fe00::', '::1', '1::', '0:0:1::', '::1:0:0:0'),
    no: sources('::', 'ff00::'),
  },
  'IPv6 nothing is two kinds': {
    match: { kind: 'addrtype', source: { types: ['UNICAST', 'MULTICAST'], negated: false } },
    family: 6,
    yes: [],
    no: sources('fd00::1', 'ff00::1'),
  },
  'IPv6 one of the node is as good as anycast': {
    match: { kind: 'addrtype', source: { types: ['LOCAL', 'ANYCAST'], negated: false } },
    family: 6,
    yes: sources('::1'),
    no: sources('fd00::1'),
  },
  ...Object.fromEntries(
    CT_STATES.map(state => [
      `state ${state}`,
      {
        match: { kind: 'conntrack', states: [state], negated: false } as const,
        place: FORWARD,
        yes: [{ ctState: CT[state] }],
        no: CT_STATES.filter(other => other !== state).map(other => ({ ctState: CT[other] })),
      },
    ]),
  ),
  'one of two states': {
    match: { kind: 'conntrack', states: ['RELATED', 'DNAT'], negated: false },
    place: FORWARD,
    yes: [{ ctState: CT.RELATED }, { ctState: CT.NEW | CT.DNAT }],
    no: [{ ctState: CT.NEW }, { ctState: CT.ESTABLISHED | CT.SNAT }],
  },
  'mark under a mask': {
    match: { kind: 'mark', value: 0x8000_0000, mask: 0xc000_0000, negated: false },
    yes: [{ mark: 0x8000_0000 }, { mark: 0xbfff_ffff }],
    no: [{ mark: 0xc000_0000 }, { mark: 0 }, { mark: 0x4000_0000 }],
  },
  'a mark of more bits than its mask': {
    match: { kind: 'mark', value: 3, mask: 1, negated: false },
    yes: [],
    no: [{ mark: 3 }, { mark: 1 }],
  },
  comment: { match: { kind: 'comment', text: 'x' }, yes: [{}], no: [] },
  nfacct: { match: { kind: 'nfacct', name: 'x' }, yes: [{}], no: [] },
}

/** A row for each type: the addresses of every other are none of it. On both sides. */
function typeRows(
  family: IpFamily,
  addresses: Readonly<Partial<Record<AddressType, readonly string[]>>>,
): Record<string, Row> {
  const types = Object.keys(addresses) as AddressType[]
  const others = (type: AddressType) => types.filter(t => t !== type).flatMap(t => addresses[t]!)
  return Object.fromEntries(
    types.flatMap((type): [string, Row][] => {
      const asked = { types: [type], negated: false }
      const [yes, no] = [addresses[type]!, others(type)]
      return [
        [
          `IPv${family} source is ${type}`,
          { match: { kind: 'addrtype', source: asked }, family, yes: sources(...yes), no: sources(...no) },
        ],
        [
          `IPv${family} destination is ${type}`,
          {
            match: { kind: 'addrtype', destination: asked },
            family,
            yes: destinations(...yes),
            no: destinations(...no),
          },
        ],
      ]
    }),
  )
}

describe('a match holds for these packets and for no others', () => {
  it.each(Object.entries(ROWS))('%s', (_, { match, family = 4, place, yes, no }) => {
    const matches = [match].flat()
    const answers = (list: readonly PacketWords[], asked: readonly Match[]): boolean[] =>
      list.map(words => holds(asked, makePacket(words, family), place))
    expect([answers(yes, matches), answers(no, matches)]).toEqual([yes.map(() => true), no.map(() => false)])
    const turned = negated(matches[matches.length - 1])
    if (turned === undefined) return
    const opposite = [...matches.slice(0, -1), turned]
    expect([answers(yes, opposite), answers(no, opposite)]).toEqual([yes.map(() => false), no.map(() => true)])
  })
})

/** The match with its one condition negated. */
function negated(match: Match): Match | undefined {
  if ('negated' in match) return { ...match, negated: true }
  if (match.kind !== 'ports' && match.kind !== 'iprange' && match.kind !== 'addrtype') return undefined
  const parts = (['source', 'destination', 'flags'] as const).filter(part => part in match)
  if (parts.length !== 1) return undefined
  const [part] = parts
  return { ...match, [part]: { ...(match[part as keyof typeof match] as object), negated: true } } as Match
}

describe('a match of chance', () => {
  it.each([
    [0, 0, false],
    [1, 1, true],
    [1, 2, false],
    [0x4000_0000, 0x7fff_ffff, true],
    [0x4000_0000, 0x8000_0000, false],
    [0x8000_0000, 0xffff_ffff, true],
  ])('of threshold %i, word %i: %s', (threshold, word, expected) => {
    // Beside another match it is no run of statistic rules: it draws alone.
    expect(holds([tcp, withChance(threshold)], makePacket(), PREROUTING, word)).toBe(expected)
    expect(holds([tcp, { ...withChance(threshold), negated: true } as Match], makePacket(), PREROUTING, word)).toBe(
      !expected,
    )
  })
})

describe('a hardware address, which nobody knows', () => {
  it.each([
    ['from the uplink', ORIGIN.uplink, PREROUTING, true],
    ['from a pod', ORIGIN.pod, PREROUTING, true],
    ['of the node itself there is none', ORIGIN.node, OUTPUT, false],
  ] as const)('%s', (_, origin, place, holdsNegated) => {
    const mac = (isNegated: boolean): Match[] => [{ kind: 'mac', address: '02:00:00:00:00:01', negated: isNegated }]
    expect([false, true].map(n => holds(mac(n), makePacket({ origin }), place))).toEqual([false, holdsNegated])
  })
})

describe('the port of a bridge, which no packet crosses', () => {
  it.each<[string, PhysdevOption[], boolean]>([
    ['nothing asked', [], true],
    ['asked for', [{ option: 'is-bridged', negated: false }], false],
    ['asked not to be', [{ option: 'in', name: 'p1', negated: true }], true],
    [
      'both',
      [
        { option: 'is-in', negated: true },
        { option: 'is-out', negated: false },
      ],
      false,
    ],
  ])('%s', (_, options, expected) => {
    expect(holds([{ kind: 'physdev', options }], makePacket())).toBe(expected)
  })
})
