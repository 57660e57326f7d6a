/** Random rulesets, hosts and packets over a small world, so that packets really meet rules: for the property test. */
import fc from 'fast-check'
import type { IpFamily } from '../../net/ip.ts'
import type { Origin, Packet } from '../../net/packet.ts'
import { CT } from '../../net/packet.ts'
import type {
  AddressTypes,
  Chain,
  CtState,
  Match,
  PortRange,
  Rule,
  Ruleset,
  Table,
  TableName,
  Verdict,
} from '../../ruleset/ruleset.ts'
import { dnatTo, from, jumpTo, makePacket, markWith, to, withChance } from './make-rules.ts'

/** Three rulesets that share most Chain objects: the second has one chain of its own, the third another. */
export const randomViews = (family: IpFamily): fc.Arbitrary<Ruleset[]> =>
  fc
    .tuple(randomTables(family), randomTables(family), randomTables(family), fc.nat(), fc.nat())
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

const reject: Verdict = { kind: 'reject', with: 'icmp-port-unreachable' }

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
      { kind: 'snat', address: { family, value: family === 4 ? 0xc000_0201n : 5n } },
    ],
  },
  {
    table: 'nat',
    hooks: ['INPUT'],
    prefix: 'i',
    verdicts: family => [{ kind: 'snat', address: { family, value: 77n } }],
  },
  { table: 'filter', hooks: ['INPUT', 'FORWARD', 'OUTPUT'], prefix: 'f', verdicts: () => [reject] },
  { table: 'security', hooks: ['INPUT', 'FORWARD'], prefix: 'c', verdicts: () => [] },
]

const randomTables = (family: IpFamily): fc.Arbitrary<Table[]> =>
  fc
    .tuple(...GROUPS.map(group => fc.option(randomGroup(family, group), { freq: group.table === 'nat' ? 9 : 2 })))
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
const randomGroup = (family: IpFamily, group: Group): fc.Arbitrary<Chain[]> => {
  const names = [0, 1, 2, 3].map(n => `${group.prefix}${n}`)
  const users = names.map((name, n) =>
    randomRules(family, names.slice(n + 1), group.verdicts(family)).map((rules): Chain => ({ name, rules })),
  )
  const hooks = group.hooks.map(name =>
    fc
      .tuple(
        randomRules(family, names, group.verdicts(family)),
        fc.constantFrom<Chain['policy'][]>('ACCEPT', 'ACCEPT', 'ACCEPT', 'ACCEPT', 'ACCEPT', 'ACCEPT', 'DROP'),
      )
      .map(([rules, policy]): Chain => ({ name, policy, rules })),
  )
  return fc.tuple(...hooks, ...users)
}

const randomRules = (
  family: IpFamily,
  targets: readonly string[],
  verdicts: readonly Verdict[],
): fc.Arbitrary<Rule[]> => {
  const verdict = randomVerdict(targets, verdicts)
  const piece: fc.Arbitrary<Rule[]> = fc.oneof(
    { weight: 4, arbitrary: randomRule(family, verdict).map(r => [r]) },
    { weight: 2, arbitrary: targets.length === 0 ? fc.constant<Rule[]>([]) : randomRun(targets) },
    { weight: 4, arbitrary: randomDispatch(family, verdict) },
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

const randomRule = (family: IpFamily, verdict: fc.Arbitrary<Verdict | undefined>): fc.Arbitrary<Rule> =>
  fc
    .tuple(fc.array(randomMatches(family), { maxLength: 2 }), verdict)
    .map(([matches, v]) => (v === undefined ? { matches: matches.flat() } : { matches: matches.flat(), verdict: v }))

const probability = fc.constantFrom(0, 1, 715_827_883, 1_073_741_824, 2_147_483_647, 2_147_483_648)

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
const randomDispatch = (family: IpFamily, verdict: fc.Arbitrary<Verdict | undefined>): fc.Arbitrary<Rule[]> =>
  fc
    .tuple(
      fc.nat(3),
      fc.array(
        fc.tuple(fc.nat(11), fc.constantFrom(...PORTED), verdict, fc.option(randomMatches(family), { freq: 1 })),
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

const PORTED = ['tcp', 'tcp', 'udp', 'sctp'] as const

const randomMatches = (family: IpFamily): fc.Arbitrary<Match[]> => {
  const negated = fc.boolean()
  const local = negated.map((n): AddressTypes => ({ types: ['LOCAL'], negated: n }))
  const one = (match: fc.Arbitrary<Match>): fc.Arbitrary<Match[]> => match.map(m => [m])
  return fc.oneof(
    one(fc.tuple(prefix(family), negated).map(([p, n]) => from(p, n))),
    one(fc.tuple(prefix(family), negated).map(([p, n]) => to(p, n))),
    one(
      fc.record({
        kind: fc.constantFrom('inInterface', 'outInterface'),
        name: fc.constantFrom('eth0', 'eth+', '+', 'cni0', 'lo', 'e'),
        negated,
      }) as fc.Arbitrary<Match>,
    ),
    one(
      fc.record({
        kind: fc.constant('protocol' as const),
        protocol: fc.constantFrom('tcp', 'udp', 'sctp', 'icmp', 'ipv6-icmp'),
        negated,
      }) as fc.Arbitrary<Match>,
    ),
    fc
      .tuple(fc.constantFrom(...PORTED), fc.option(range, { nil: undefined }), fc.option(range, { nil: undefined }))
      .map(([protocol, source, destination]): Match[] => [
        { kind: 'protocol', protocol, negated: false },
        { kind: 'ports', protocol, source, destination },
      ]),
    one(
      fc
        .tuple(fc.option(local, { nil: undefined }), fc.option(local, { nil: undefined }))
        .map(([source, destination]): Match => ({ kind: 'addrtype', source, destination })),
    ),
    one(
      fc.record({
        kind: fc.constant('conntrack' as const),
        states: fc.subarray<CtState>(['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'DNAT', 'SNAT']),
        negated,
      }),
    ),
    one(
      fc.record({
        kind: fc.constant('mark' as const),
        value: fc.constantFrom(0, 1, 0x4000),
        mask: fc.constantFrom(0x4000, 1, 0xffff_ffff),
        negated,
      }),
    ),
    one(probability.map(withChance)),
    one(fc.constant<Match>({ kind: 'comment', text: 'seen' })),
    one(fc.constant<Match>({ kind: 'nfacct', name: 'counted' })),
  )
}

const port = fc.constantFrom(80, 80, 81, 81, 82, 83, 8080, 53)

const range: fc.Arbitrary<PortRange> = fc
  .tuple(fc.constantFrom(0, 53, 80, 81), fc.constantFrom(0, 1, 2, 8000), fc.boolean())
  .map(([first, length, negated]) => ({ from: first, to: first + length, negated }))

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

const prefix = (family: IpFamily): fc.Arbitrary<string> =>
  family === 4
    ? fc.constantFrom('10.244.0.0/16', '10.96.0.3/32', '10.96.0.0/30', '0.0.0.0/0', '127.0.0.0/8', '10.244.1.9/32')
    : fc.constantFrom('fd00:244::/32', 'fd00:96::3/128', 'fd00:96::/126', '::/0', 'fd00:244:1::9/128', 'fd00::/9')
