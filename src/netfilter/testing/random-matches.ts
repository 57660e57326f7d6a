/** Random matches over the small world of random-ruleset.ts: for the property tests. */
import fc from 'fast-check'
import type { IpFamily } from '../../net/ip.ts'
import { parseIp } from '../../net/ip.ts'
import type { AddressTypes, CtState, Match, PortRange } from '../../ruleset/ruleset.ts'
import { from, to, withChance } from './make-rules.ts'
import { randomSetMatch } from './random-ip-sets.ts'

export const PORTED = ['tcp', 'tcp', 'udp', 'sctp'] as const

export const probability = fc.constantFrom(0, 1, 715_827_883, 1_073_741_824, 2_147_483_647, 2_147_483_648)

/** What one `-m` of a rule demands. `remembers`: also what only a node with a memory can answer. */
export const randomMatches = (family: IpFamily, remembers: boolean): fc.Arbitrary<Match[]> => {
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
    one(fc.tuple(probability, negated).map(([p, n]) => ({ ...withChance(p), negated: n }) as Match)),
    one(fc.constant<Match>({ kind: 'comment', text: 'seen' })),
    one(fc.constant<Match>({ kind: 'nfacct', name: 'counted' })),
    rareMatches(family),
    one(randomSetMatch(family, remembers)),
    ...(remembers ? [rememberedMatches(family)] : []),
  )
}

/** Matches out of the hot switch (rare-match.ts). */
function rareMatches(family: IpFamily): fc.Arbitrary<Match[]> {
  const ip = (text4: string, text6: string) => parseIp(family === 4 ? text4 : text6)!
  const low = ip('10.96.0.1', 'fd00:96::1')
  const high = ip('10.244.1.255', 'fd00:244:1::ff')
  return fc
    .tuple(
      fc.boolean(),
      fc.constantFrom('source', 'destination'),
      fc.constantFrom('source', 'destination', 'either'),
      fc.subarray(
        family === 4
          ? (['LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST', 'BLACKHOLE'] as const)
          : (['LOCAL', 'UNICAST', 'MULTICAST', 'UNSPEC', 'ANYCAST'] as const),
        { minLength: 1 },
      ),
      fc.subarray([1, 2, 4, 16] as const),
      fc.nat(7),
    )
    .map(([negated, side, portSide, types, flags, which]): Match[] => {
      const bits = flags.reduce((sum, flag) => sum | flag, 0)
      const byKind: readonly Match[][] = [
        [
          { kind: 'protocol', protocol: 'tcp', negated: false },
          {
            kind: 'multiport',
            side: portSide,
            ports: [
              { from: 80, to: 80 },
              { from: 82, to: 8080 },
            ],
            negated,
          },
        ],
        [
          { kind: 'protocol', protocol: 'tcp', negated: false },
          { kind: 'ports', protocol: 'tcp', flags: { mask: 23, set: bits, negated } },
        ],
        [{ kind: 'iprange', [side]: { from: low, to: high, negated } }],
        [{ kind: 'maskedAddress', side, value: low, mask: ip('255.0.0.3', 'ff00::3'), negated }],
        [{ kind: 'addrtype', [side]: { types, negated } }],
        [family === 4 ? { kind: 'fragment', negated } : { kind: 'mac', address: '02:00:00:00:00:01', negated }],
        [{ kind: 'mac', address: '02:00:00:00:00:01', negated }],
        [{ kind: 'physdev', options: [{ option: 'is-bridged', negated }] }],
      ]
      return byKind[which]
    })
}

/** Matches whose answer depends on earlier packets. */
function rememberedMatches(family: IpFamily): fc.Arbitrary<Match[]> {
  const mask = parseIp(family === 4 ? '255.255.255.254' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe')!
  return fc
    .tuple(
      fc.boolean(),
      fc.constantFrom('source', 'destination'),
      fc.constantFrom('rcheck', 'update'),
      fc.constantFrom(1, 60),
      fc.constantFrom(undefined, 1, 3),
      fc.boolean(),
      fc.nat(5),
    )
    .map(([negated, side, operation, seconds, hitcount, reap, which]): Match[] => {
      const list = { kind: 'recent', name: negated ? 'A' : 'B', side, negated } as const
      const byKind: readonly Match[] = [
        { ...list, operation: 'set', ...(reap ? { mask } : {}) },
        { ...list, operation, seconds, reap, ...(hitcount === undefined ? {} : { hitcount }) },
        { ...list, operation: 'remove' },
        { kind: 'nth', every: 3, packet: hitcount === 1 ? 1 : 2, negated },
        { kind: 'limit', rate: 1, per: 'sec', burst: 2 },
        { kind: 'connmark', value: 1, mask: 0xff, negated },
      ]
      return [byKind[which]]
    })
}

const range: fc.Arbitrary<PortRange> = fc
  .tuple(fc.constantFrom(0, 53, 80, 81), fc.constantFrom(0, 1, 2, 8000), fc.boolean())
  .map(([first, length, negated]) => ({ from: first, to: first + length, negated }))

const prefix = (family: IpFamily): fc.Arbitrary<string> =>
  family === 4
    ? fc.constantFrom('10.244.0.0/16', '10.96.0.3/32', '10.96.0.0/30', '0.0.0.0/0', '127.0.0.0/8', '10.244.1.9/32')
    : fc.constantFrom('fd00:244::/32', 'fd00:96::3/128', 'fd00:96::/126', '::/0', 'fd00:244:1::9/128', 'fd00::/9')
