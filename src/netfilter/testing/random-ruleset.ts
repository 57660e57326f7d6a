/** Random rulesets, hosts and packets over a small world, so that packets really meet rules: for the property test. */
import fc from 'fast-check'
import type { IpFamily } from '../../net/ip.ts'
import { parseIp } from '../../net/ip.ts'
import type { Origin, Packet } from '../../net/packet.ts'
import { CT } from '../../net/packet.ts'
import type { Chain, Match, Rule, Ruleset, Table, TableName, Verdict } from '../../ruleset/ruleset.ts'
import { dnatTo, jumpTo, makePacket, markWith, to, withChance } from './make-rules.ts'
import { PORTED, probability, randomMatches } from './random-matches.ts'

/** Three rulesets that share most Chain objects: the second has one chain of its own, the third another. */
export const randomViews = (family: IpFamily, remembers = false): fc.Arbitrary<Ruleset[]> =>
  fc
    .tuple(
      randomTables(family, remembers),
      randomTables(family, remembers),
      randomTables(family, remembers),
      fc.nat(),
      fc.nat(),
    )
    .map(([base, second, third, a, b]) => [
      { family, tables: base },
      { family, tables: withOneChainOf(base, second, a) },
      { family, tables: withOneChainOf(base, third, b) },
    ])

export interface RandomStep {
  readonly view: number
  readonly packet: Packet
  readonly weight: number
  /** Later packets of the connection. */
  readonly laterWeight: number
}

export const randomStep = (family: IpFamily): fc.Arbitrary<RandomStep> =>
  fc.record({
    view: fc.nat(2),
    packet: randomPacket(family),
    weight: fc.integer({ min: 1, max: 3 }),
    laterWeight: fc.nat(2),
  })

export const randomPacket = (family: IpFamily): fc.Arbitrary<Packet> =>
  fc
    .record({
      source: address(family),
      destination: address(family),
      protocol: fc.constantFrom(6, 6, 6, 6, 17, 17, 132, 1, 58),
      sourcePort: port,
      destinationPort: port,
      mark: fc.constantFrom(0, 0x4000, 1, 0xffff_ffff),
      origin: fc.constantFrom<Origin[]>(0, 1, 2),
      ctState: fc.constantFrom(CT.NEW, CT.NEW, CT.NEW, CT.RELATED, CT.INVALID),
      flowLow: fc.nat(0xffff_ffff),
      flowHigh: fc.nat(5),
      draws: fc.nat(3),
      tcpFlags: fc.constantFrom(2, 2, 2, 16, 24, 18, 17, 4, 20, 1, 0),
      sctpChunk: fc.nat(11),
    })
    .map(words => makePacket(words, family))

type Hooks = readonly string[]

/** Chains that one set of built-in chains calls, with the verdicts the kernel allows there. */
interface Group {
  readonly table: TableName
  readonly hooks: Hooks
  readonly prefix: string
  readonly verdicts: (family: IpFamily) => readonly Verdict[]
}

const rejects = (family: IpFamily): Verdict[] =>
  [
    family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable',
    family === 4 ? 'icmp-admin-prohibited' : 'icmp6-adm-prohibited',
    'tcp-reset',
  ].map(answer => ({ kind: 'reject', with: answer }))

/** Verdicts that need a node's memory stand where the kernel allows them. */
const verdictsOf = (family: IpFamily, remembers: boolean, group: Group): Verdict[] => [
  ...group.verdicts(family),
  ...(remembers && group.table === 'nat'
    ? group.prefix === 'd'
      ? destinationRanges(family)
      : sourceRanges(family)
    : []),
  { kind: 'log', options: '' },
  ...(remembers && group.table === 'raw' ? [{ kind: 'notrack' } as const] : []),
  ...(remembers && group.table === 'mangle'
    ? ([
        { kind: 'connmark', operation: 'set', value: 0x4001, mask: 0xffff },
        { kind: 'connmark', operation: 'save', packetMask: 0xffff, entryMask: 0xff },
        { kind: 'connmark', operation: 'restore', packetMask: 0xff, entryMask: 0xffff },
      ] as const)
    : []),
]

function destinationRanges(family: IpFamily): Verdict[] {
  const [first, last] = family === 4 ? ['10.244.1.8', '10.244.1.10'] : ['fd00:244:1::8', 'fd00:244:1::a']
  const one: Verdict = dnatTo(first, 8080)
  const range = { ...one, lastAddress: parseIp(last)! } as const
  return [
    range,
    { ...range, persistent: true, lastPort: 8082 },
    { ...one, port: 80, lastPort: 82, random: true },
    { ...one, port: 5000, lastPort: 5001 },
    { kind: 'redirect' },
    { kind: 'redirect', ports: { from: 80, to: 81 } },
    { kind: 'redirect', ports: { from: 9000, to: 9003 }, random: true },
  ] as Verdict[]
}

function sourceRanges(family: IpFamily): Verdict[] {
  const [first, last] = (family === 4 ? ['192.0.2.1', '192.0.2.9'] : ['2001:db8:1::1', '2001:db8:1:1::2']).map(parseIp)
  const range = { kind: 'snat', address: first!, lastAddress: last! } as const
  return [
    range,
    { ...range, persistent: true },
    { ...range, port: 7000, lastPort: 7002 },
    { ...range, randomFully: true },
    { ...range, lastAddress: parseIp(family === 4 ? '203.0.113.5' : '2001:db8:f::5')!, port: 80, lastPort: 81 },
  ]
}

const GROUPS: readonly Group[] = [
  { table: 'raw', hooks: ['PREROUTING', 'OUTPUT'], prefix: 'r', verdicts: () => [] },
  {
    table: 'mangle',
    hooks: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
    prefix: 'm',
    verdicts: () => [markWith(0x4000, 0), markWith(3, 3)],
  },
  {
    table: 'nat',
    hooks: ['PREROUTING', 'OUTPUT'],
    prefix: 'd',
    verdicts: family =>
      family === 4
        ? [dnatTo('10.244.1.9', 8080), dnatTo('10.244.2.9', 53), dnatTo('192.0.2.1'), dnatTo('10.96.0.3', 80)]
        : [
            dnatTo('fd00:244:1::9', 8080),
            dnatTo('fd00:244:2::9', 53),
            dnatTo('2001:db8:1::1'),
            dnatTo('fd00:96::3', 80),
          ],
  },
  {
    table: 'nat',
    hooks: ['POSTROUTING'],
    prefix: 's',
    verdicts: family => [
      { kind: 'masquerade', randomFully: false },
      { kind: 'masquerade', randomFully: true },
      { kind: 'masquerade', randomFully: false, ports: { from: 1024, to: 1027 } },
      { kind: 'snat', address: { family, value: 99n }, port: 7000, lastPort: 7001, random: true },
      { kind: 'snat', address: { family, value: family === 4 ? 0xc000_0201n : 5n } },
    ],
  },
  {
    table: 'nat',
    hooks: ['INPUT'],
    prefix: 'i',
    verdicts: family => [{ kind: 'snat', address: { family, value: 77n } }],
  },
  { table: 'filter', hooks: ['INPUT', 'FORWARD', 'OUTPUT'], prefix: 'f', verdicts: rejects },
  { table: 'security', hooks: ['INPUT', 'FORWARD'], prefix: 'c', verdicts: () => [] },
]

const randomTables = (family: IpFamily, remembers: boolean): fc.Arbitrary<Table[]> =>
  fc
    .tuple(
      ...GROUPS.map(group => fc.option(randomGroup(family, remembers, group), { freq: group.table === 'nat' ? 9 : 2 })),
    )
    .map(groups => {
      const tables = new Map<TableName, Map<string, Chain>>()
      groups.forEach((chains, i) => {
        if (chains === null) return
        const table = tables.get(GROUPS[i].table) ?? new Map<string, Chain>()
        for (const chain of chains) table.set(chain.name, chain)
        tables.set(GROUPS[i].table, table)
      })
      return [...tables].map(([name, chains]) => ({ name, chains }))
    })

function withOneChainOf(base: readonly Table[], other: readonly Table[], choice: number): Table[] {
  const shared = base.flatMap(t =>
    [...t.chains.keys()].filter(c => other.find(o => o.name === t.name)?.chains.has(c)).map(c => [t.name, c] as const),
  )
  if (shared.length === 0) return [...base]
  const [tableName, chainName] = shared[choice % shared.length]
  const chain = other.find(t => t.name === tableName)!.chains.get(chainName)!
  return base.map(t => (t.name === tableName ? { ...t, chains: new Map([...t.chains, [chainName, chain]]) } : t))
}

/** Chain n of the group may go to chains n + 1 … only; four user chains exist always, so that chains of other rulesets fit in. */
const randomGroup = (family: IpFamily, remembers: boolean, group: Group): fc.Arbitrary<Chain[]> => {
  const names = [0, 1, 2, 3].map(n => `${group.prefix}${n}`)
  const users = names.map((name, n) =>
    randomRules(family, remembers, names.slice(n + 1), verdictsOf(family, remembers, group)).map(
      (rules): Chain => ({ name, rules }),
    ),
  )
  const hooks = group.hooks.map(name =>
    fc
      .tuple(
        randomRules(family, remembers, names, verdictsOf(family, remembers, group)),
        fc.constantFrom<Chain['policy'][]>('ACCEPT', 'ACCEPT', 'ACCEPT', 'ACCEPT', 'ACCEPT', 'ACCEPT', 'DROP'),
      )
      .map(([rules, policy]): Chain => ({ name, policy, rules })),
  )
  return fc.tuple(...hooks, ...users)
}

const randomRules = (
  family: IpFamily,
  remembers: boolean,
  targets: readonly string[],
  verdicts: readonly Verdict[],
): fc.Arbitrary<Rule[]> => {
  const verdict = randomVerdict(targets, verdicts)
  const piece: fc.Arbitrary<Rule[]> = fc.oneof(
    { weight: 4, arbitrary: randomRule(family, remembers, verdict).map(r => [r]) },
    { weight: 2, arbitrary: targets.length === 0 ? fc.constant<Rule[]>([]) : randomRun(targets) },
    { weight: 4, arbitrary: randomDispatch(family, remembers, verdict) },
  )
  return fc.array(piece, { maxLength: 3 }).map(pieces => pieces.flat())
}

const randomVerdict = (targets: readonly string[], verdicts: readonly Verdict[]): fc.Arbitrary<Verdict | undefined> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(undefined, markWith(0x4000, 0x4000), markWith(1, 0)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Verdict[]>(
        { kind: 'return' },
        { kind: 'accept' },
        { kind: 'accept' },
        { kind: 'drop' },
      ),
    },
    {
      weight: targets.length === 0 ? 0 : 5,
      arbitrary: fc.constantFrom<Verdict[]>(
        ...targets.map(jumpTo),
        ...targets.map(chain => ({ kind: 'goto', chain }) as const),
        {
          kind: 'return',
        },
      ),
    },
    { weight: 5, arbitrary: fc.constantFrom(undefined, ...verdicts) },
  )

const randomRule = (
  family: IpFamily,
  remembers: boolean,
  verdict: fc.Arbitrary<Verdict | undefined>,
): fc.Arbitrary<Rule> =>
  fc
    .tuple(fc.array(randomMatches(family, remembers), { maxLength: 2 }), verdict)
    .map(([matches, v]) => (v === undefined ? { matches: matches.flat() } : { matches: matches.flat(), verdict: v }))

const randomRun = (targets: readonly string[]): fc.Arbitrary<Rule[]> =>
  fc.array(
    fc.tuple(probability, fc.constantFrom(...targets), fc.boolean()).map(
      ([threshold, chain, comment]): Rule => ({
        matches: comment ? [{ kind: 'comment', text: 'x' }, withChance(threshold)] : [withChance(threshold)],
        verdict: jumpTo(chain),
      }),
    ),
    { minLength: 1, maxLength: 5 },
  )

/** Runs of rules with exact keys, some doubled, some with more matches, so that segments begin and end in the middle. */
const randomDispatch = (
  family: IpFamily,
  remembers: boolean,
  verdict: fc.Arbitrary<Verdict | undefined>,
): fc.Arbitrary<Rule[]> =>
  fc
    .tuple(
      fc.nat(3),
      fc.array(
        fc.tuple(
          fc.nat(11),
          fc.constantFrom(...PORTED),
          verdict,
          fc.option(randomMatches(family, remembers), { freq: 1 }),
        ),
        {
          minLength: 7,
          maxLength: 14,
        },
      ),
      fc.boolean(),
    )
    .map(([shape, rows, distinct]) =>
      rows.map(([n, protocol, v, more], i): Rule => {
        const number = distinct ? i : n
        const matches: Match[] = []
        if (shape !== 3) matches.push(to(service(family, shape === 2 ? number % 4 : number)))
        if (shape !== 0) matches.push({ kind: 'protocol', protocol, negated: false })
        if (shape >= 2)
          matches.push({
            kind: 'ports',
            protocol,
            destination: { from: 80 + (number >> 2), to: 80 + (number >> 2), negated: false },
          })
        if (more !== null) matches.push(...more)
        return v === undefined ? { matches } : { matches, verdict: v }
      }),
    )

const port = fc.constantFrom(80, 80, 81, 81, 82, 83, 8080, 53)

const serviceAddress = (family: IpFamily, n: number): string =>
  family === 4 ? `10.96.0.${n}` : `fd00:96::${n.toString(16)}`

const service = (family: IpFamily, n: number): string => `${serviceAddress(family, n)}/${family === 4 ? 32 : 128}`

const address = (family: IpFamily): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.nat(3).map(n => serviceAddress(family, n)) },
    { weight: 1, arbitrary: fc.nat(13).map(n => serviceAddress(family, n)) },
    {
      weight: 2,
      arbitrary:
        family === 4
          ? fc.constantFrom(
              '10.244.1.9',
              '10.244.2.9',
              '192.0.2.1',
              '192.0.2.2',
              '127.0.0.1',
              '127.9.9.9',
              '203.0.113.5',
            )
          : fc.constantFrom('fd00:244:1::9', 'fd00:244:2::9', '2001:db8:1::1', '2001:db8:1::2', '::1', '2001:db8:f::5'),
    },
  )
