/** Random saved rulesets with every kind of match and verdict that text can hold, in the form a parser leaves them: for property tests. */
import fc from 'fast-check'
import type { IpAddress, IpFamily, IpPrefix } from '../../net/ip.ts'
import { familyBits } from '../../net/ip.ts'
import { isWholeMask, maskLength } from '../option-values.ts'
import type { Chain, L4Protocol, Match, PortSpan, Rule, Side, Table, TableName, Verdict } from '../ruleset.ts'
import { ADDRESS_TYPES, BUILTIN_CHAINS, CT_STATES, statisticThreshold } from '../ruleset.ts'
import type { SavedRuleset, SavedTable } from '../saved-ruleset.ts'

export const randomSavedRuleset = (family: IpFamily): fc.Arbitrary<SavedRuleset> =>
  fc
    .record({
      tables: fc.shuffledSubarray<TableName>(['raw', 'mangle', 'nat', 'filter', 'security'], { minLength: 1 }),
      ruleEnd: fc.constantFrom<('' | ' ')[]>('', '', '', ' '),
      notes: fc.array(fc.record({ line: fc.nat(60), text: fc.constantFrom('# a comment', '', '  # indented') }), {
        maxLength: 5,
      }),
    })
    .chain(({ tables, ruleEnd, notes }) =>
      fc.tuple(...tables.map(name => randomTable(family, name))).map((parts): SavedRuleset => {
        const ruleset = { family, tables: parts.map(p => p.table) }
        return { ruleset, tables: parts.map(withCounters), notes: spread(notes), ruleEnd }
      }),
    )

/** Notes at lines of their own, rising. */
const spread = (notes: SavedRuleset['notes']): SavedRuleset['notes'] =>
  [...new Map(notes.map(n => [n.line, n])).values()].sort((a, b) => a.line - b.line)

interface TablePart {
  readonly table: Table
  readonly counted: boolean
  readonly seed: bigint
}

const randomTable = (family: IpFamily, name: TableName): fc.Arbitrary<TablePart> =>
  fc
    .record({
      userChains: fc.uniqueArray(fc.constantFrom('A', 'KUBE-SVC-X', 'z_9', 'ü', '-x', '[0:0]'), { maxLength: 4 }),
      policies: fc.array(fc.constantFrom<('ACCEPT' | 'DROP')[]>('ACCEPT', 'DROP'), { minLength: 5, maxLength: 5 }),
      counted: fc.boolean(),
      seed: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
    })
    .chain(({ userChains, policies, counted, seed }) => {
      const names = [...BUILTIN_CHAINS[name], ...userChains]
      return fc.tuple(...names.map(() => fc.array(randomRule(family, userChains), { maxLength: 4 }))).map(rules => {
        const chains = new Map<string, Chain>()
        names.forEach((chain, i) => {
          const builtin = i < BUILTIN_CHAINS[name].length
          chains.set(
            chain,
            builtin ? { name: chain, policy: policies[i], rules: rules[i] } : { name: chain, rules: rules[i] },
          )
        })
        return { table: { name, chains }, counted, seed }
      })
    })

function withCounters({ table, counted, seed }: TablePart): SavedTable {
  const ruleCount = [...table.chains.values()].reduce((sum, c) => sum + c.rules.length, 0)
  const words = (count: number): BigUint64Array =>
    BigUint64Array.from({ length: 2 * count }, (_, i) => (seed * BigInt(i + 1)) & 0xffff_ffff_ffff_ffffn)
  const chainCounters = words(table.chains.size)
  return counted && ruleCount > 0
    ? { name: table.name, chainCounters, ruleCounters: words(ruleCount) }
    : { name: table.name, chainCounters }
}

const randomRule = (family: IpFamily, chains: readonly string[]): fc.Arbitrary<Rule> =>
  fc
    .tuple(
      fc.tuple(
        maybe(addressMatch(family, 'source')),
        maybe(addressMatch(family, 'destination')),
        maybe(fc.record({ kind: fc.constant('inInterface'), name: interfaceName, negated })),
        maybe(fc.record({ kind: fc.constant('outInterface'), name: interfaceName, negated })),
        maybe(fc.record({ kind: fc.constant('protocol'), protocol, negated })),
        maybe(fc.record({ kind: fc.constant('fragment'), negated })),
      ),
      fc.array(randomModuleMatch(family), { maxLength: 4 }),
      maybe(randomVerdict(family, chains)),
    )
    .map(([head, modules, verdict]) => {
      const matches = [...head.filter(m => m !== undefined), ...modules] as Match[]
      return verdict === undefined ? { matches } : { matches, verdict }
    })

const negated = fc.boolean()
const word32 = fc.oneof(fc.constantFrom(0, 1, 0x4000, 0xffff_ffff), fc.nat(0xffff_ffff))
const port = fc.oneof(fc.constantFrom(0, 53, 80, 65_535), fc.nat(65_535))
const count = fc.oneof(fc.constantFrom(1, 60, 10_800), fc.nat(0xffff_ffff))
const address = (family: IpFamily): fc.Arbitrary<IpAddress> =>
  fc
    .bigInt({ min: 0n, max: (1n << BigInt(familyBits(family))) - 1n })
    // ::ffff:a.b.c.d reads as IPv4.
    .map(value => ({ family, value: family === 6 && value >> 32n === 0xffffn ? value >> 1n : value }))
const span: fc.Arbitrary<PortSpan> = fc
  .tuple(port, port)
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))
const portRange = fc.tuple(span, negated).map(([s, n]) => ({ ...s, negated: n }))
const side = fc.constantFrom<Side[]>('source', 'destination')
const interfaceName = fc.constantFrom('eth0', 'eth0.1011', 'veth+', '+', 'br-1a2b')
const protocol = fc.constantFrom<L4Protocol[]>(
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'gre',
  'esp',
  'ipv6-icmp',
  'vrrp',
  47,
  200,
  255,
)
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
const text = fc.oneof(
  fc.constantFrom('', 'plain_word-1', 'default/web:http', 'a "b" \\ \'c\'', '-j DROP', '!', '\\'),
  fc.string({ unit: 'grapheme', maxLength: 20 }).filter(t => !/[\r\n]/.test(t)),
)

const prefix = (family: IpFamily): fc.Arbitrary<IpPrefix> =>
  fc.tuple(address(family), fc.integer({ min: 1, max: familyBits(family) })).map(([a, length]) => ({ ...a, length }))

const addressMatch = (family: IpFamily, kind: Side): fc.Arbitrary<Match> =>
  fc.oneof(
    fc.record({ kind: fc.constant(kind), prefix: prefix(family), negated }),
    fc.record({
      kind: fc.constant('maskedAddress' as const),
      side: fc.constant(kind),
      value: address(family),
      mask: address(family).filter(mask => maskLength(mask) === undefined),
      negated,
    }),
  )

const flagBits = fc.nat(0x3f)

const randomModuleMatch = (family: IpFamily): fc.Arbitrary<Match> =>
  fc.oneof(
    ...[
      fc.record({ kind: fc.constant('comment'), text }),
      fc.record({
        kind: fc.constant('ports'),
        protocol: fc.constantFrom('udp', 'sctp', 'dccp'),
        source: maybe(portRange),
        destination: maybe(portRange),
      }),
      fc.record({
        kind: fc.constant('ports'),
        protocol: fc.constant('tcp'),
        source: maybe(portRange),
        destination: maybe(portRange),
        flags: maybe(fc.record({ mask: flagBits, set: flagBits, negated })),
      }),
      fc.record({
        kind: fc.constant('multiport'),
        side: fc.constantFrom('source', 'destination', 'either'),
        ports: fc.array(span, { minLength: 1, maxLength: 7 }),
        negated,
      }),
      fc
        .record({ type: maybe(fc.nat(255)), code: maybe(fc.nat(255)), negated })
        .map(m => ({ kind: 'icmp', version: family, ...m, code: m.type === undefined ? undefined : m.code })),
      fc.record({
        kind: fc.constant('iprange'),
        source: fc.record({ from: address(family), to: address(family), negated }),
        destination: maybe(fc.record({ from: address(family), to: address(family), negated })),
      }),
      fc.record({
        kind: fc.constant('addrtype'),
        source: maybe(fc.record({ types: fc.subarray([...ADDRESS_TYPES], { minLength: 1 }), negated })),
        destination: fc.record({ types: fc.subarray([...ADDRESS_TYPES], { minLength: 1 }), negated }),
        limitInterface: fc.constantFrom(undefined, undefined, 'in', 'out'),
      }),
      fc.record({ kind: fc.constant('conntrack'), states: fc.subarray([...CT_STATES], { minLength: 1 }), negated }),
      fc.record({
        kind: fc.constant('conntrack'),
        states: fc.subarray(['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'], { minLength: 1 }),
        negated,
        module: fc.constant('state'),
      }),
      fc.record({ kind: fc.constantFrom('mark', 'connmark'), value: word32, mask: word32, negated }),
      fc.record({ kind: fc.constant('statistic'), threshold: fc.nat(0x8000_0000), negated }),
      fc.record({
        kind: fc.constant('statistic'),
        threshold: fc.nat(1_000_000).map(millionths => statisticThreshold(millionths / 1_000_000)),
        negated,
        decimals: fc.constant(6),
      }),
      fc.tuple(fc.integer({ min: 1, max: 0xffff_ffff }), fc.nat(0xffff_ffff), negated).map(([every, packet, n]) => ({
        kind: 'nth',
        every,
        packet: packet % every,
        negated: n,
      })),
      fc.record({
        kind: fc.constant('recent'),
        operation: fc.constantFrom('set', 'rcheck', 'update', 'remove'),
        name: fc.constantFrom('DEFAULT', 'KUBE-SEP-X'),
        side,
        seconds: maybe(count),
        reap: fc.constantFrom(undefined, true),
        hitcount: maybe(count),
        rttl: fc.constantFrom(undefined, true),
        mask: maybe(address(family).filter(mask => !isWholeMask(mask))),
        negated,
      }),
      fc.record({
        kind: fc.constant('recent'),
        operation: fc.constant('update'),
        name: fc.constant('ssh'),
        side,
        negated,
        withoutMask: fc.constant(true),
      }),
      fc.record({
        kind: fc.constant('limit'),
        rate: fc.integer({ min: 1, max: 10_000 }),
        per: fc.constantFrom('sec', 'min', 'hour', 'day'),
        burst: fc.constantFrom(1, 5, 10_000),
      }),
      fc.record({
        kind: fc.constant('mac'),
        address: fc.constantFrom('00:11:22:aa:bb:cc', 'XX:XX:XX:XX:XX:XX'),
        negated,
      }),
      fc.record({
        kind: fc.constant('set'),
        name: fc.constantFrom('blocked', 'KUBE-CLUSTER-IP'),
        directions: fc.array(fc.constantFrom('src', 'dst'), { minLength: 1, maxLength: 6 }),
        negated,
      }),
      fc.record({
        kind: fc.constant('physdev'),
        options: fc
          .tuple(
            fc.record({ option: fc.constantFrom('in', 'out'), name: interfaceName, negated }),
            fc.record({ option: fc.constantFrom('is-in', 'is-out', 'is-bridged'), negated }),
          )
          .chain(options => fc.subarray(options, { minLength: 1 })),
      }),
      fc.record({
        kind: fc.constant('nfacct'),
        name: fc.constantFrom('drops', 'ct_state_invalid_dropped_pkts', 'a b'),
      }),
      fc.record({
        kind: fc.constant('unknown'),
        module: fc.constantFrom('owner', 'string', 'u32', 'ünknown'),
        options: fc.constantFrom('', '--uid-owner 0', '! --string "a \\"b\\" -j" --algo bm', '--u32 6&0xFF=1 --x'),
      }),
      fc.constant({ kind: 'unknown', module: 'conntrack', options: '--ctstate NEW --ctproto 6' }),
      fc.constant({ kind: 'unknown', module: 'tcp', options: '--dport 22 ! --tcp-option 3' }),
    ],
  ) as fc.Arbitrary<Match>

const flag = fc.constantFrom(undefined, true as const)

const natTarget = (family: IpFamily) =>
  fc
    .record({ address: address(family), lastAddress: maybe(address(family)), ports: maybe(span) })
    .map(({ address: first, lastAddress, ports }) => ({
      address: first,
      ...(lastAddress === undefined ? {} : { lastAddress }),
      ...(ports === undefined || ports.from === 0 ? {} : { port: ports.from }),
      ...(ports === undefined || ports.from === 0 || ports.from === ports.to ? {} : { lastPort: ports.to }),
    }))

const randomVerdict = (family: IpFamily, chains: readonly string[]): fc.Arbitrary<Verdict> =>
  fc.oneof(
    ...[
      fc.constantFrom({ kind: 'accept' }, { kind: 'drop' }, { kind: 'return' }),
      fc.record({ kind: fc.constantFrom('jump', 'goto'), chain: fc.constantFrom('elsewhere', ...chains) }),
      fc.record({
        kind: fc.constant('reject'),
        with: fc.constantFrom('tcp-reset', 'icmp-port-unreachable', 'icmp6-no-route'),
      }),
      fc.tuple(natTarget(family), flag, flag).map(([target, random, persistent]) => ({
        kind: 'dnat',
        ...target,
        port: target.port ?? 0,
        random,
        persistent,
      })),
      fc.tuple(natTarget(family), flag, flag, flag).map(([target, random, randomFully, persistent]) => ({
        kind: 'snat',
        ...target,
        random,
        randomFully,
        persistent,
      })),
      fc.record({ kind: fc.constant('masquerade'), ports: maybe(span), random: flag, randomFully: fc.boolean() }),
      fc.record({ kind: fc.constant('redirect'), ports: maybe(span), random: flag }),
      fc.record({ kind: fc.constant('mark'), value: word32, mask: word32 }),
      word32.map(mark => ({ kind: 'mark', value: 0, mask: ~mark >>> 0, written: 'and-mark' })),
      word32.map(mark => ({ kind: 'mark', value: mark, mask: mark, written: 'or-mark' })),
      word32.map(mark => ({ kind: 'mark', value: mark, mask: 0xffff_ffff, written: 'set-mark' })),
      fc.record({ kind: fc.constant('connmark'), operation: fc.constant('set'), value: word32, mask: word32 }),
      fc.record({
        kind: fc.constant('connmark'),
        operation: fc.constantFrom('save', 'restore'),
        packetMask: word32,
        entryMask: word32,
      }),
      fc.constantFrom(
        { kind: 'log', options: '' },
        { kind: 'log', options: '--log-prefix "[IPT_DROP]: " --log-level 7' },
      ),
      fc.constant({ kind: 'nflog', options: '--nflog-prefix "a b" --nflog-group 3' }),
      fc.constantFrom({ kind: 'notrack' }, { kind: 'notrack', written: 'NOTRACK' }),
      fc.constantFrom(
        { kind: 'unknown', target: 'TRACE', options: '' },
        { kind: 'unknown', target: 'NFQUEUE', options: '--queue-num 3 --queue-bypass' },
        { kind: 'unknown', target: 'CT', options: '--zone 5' },
        { kind: 'unknown', target: 'DNAT', options: '--to-destination :80' },
        { kind: 'unknown', target: 'FOO', options: '--bar "b z"' },
      ),
    ],
  ) as fc.Arbitrary<Verdict>
