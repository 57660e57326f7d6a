/** Random rulesets of nftables over the small world of random-ruleset.ts: for the property test. */
import fc from 'fast-check'
import { type IpAddress, type IpFamily, parseIp, parsePrefix } from '../../net/ip.ts'
import { nftKeyText } from '../../ruleset/nft-key-text.ts'
import type {
  NftChain,
  NftElement,
  NftHook,
  NftKeyValue,
  NftRule,
  NftRuleset,
  NftSelector,
  NftSet,
  NftStatement,
  NftVerdict,
} from '../../ruleset/nft-ruleset.ts'

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const
const SIDES = ['source', 'destination'] as const

/** Two tables, each with every hook; chains of a table call later ones of it only. */
export const randomNft = (family: IpFamily): fc.Arbitrary<NftRuleset> =>
  fc.tuple(randomTable(family, 'a'), randomTable(family, 'b')).map(tables => ({ family, tables }))

const HOOKS: readonly NftHook['hook'][] = ['prerouting', 'input', 'forward', 'output', 'postrouting']

const randomTable = (family: IpFamily, name: string) =>
  fc
    .tuple(
      randomMap(family, ['destination', 'protocol', 'destinationPort'], 'services'),
      randomMap(family, ['protocol', 'destinationPort'], 'ports'),
      fc.subarray([0, 1, 2, 3]).map(ns => plainSet(family, ns)),
      fc.constantFrom(1, 3, 65_535),
      fc.tuple(...HOOKS.flatMap(hook => [randomBase(family, hook, 'filter'), randomBase(family, hook, 'nat')])),
      fc.tuple(
        ...USERS.map((user, n) => randomRules(family, USERS.slice(n + 1), 'any').map(rules => ({ name: user, rules }))),
      ),
    )
    .map(([services, ports, plain, size, bases, users]) => {
      const chains = [...bases.filter(base => base !== null), ...users] as NftChain[]
      const sets: NftSet[] = [
        services,
        ports,
        plain,
        {
          kind: 'set',
          name: 'seen',
          keyType: [family === 4 ? 'ipv4_addr' : 'ipv6_addr'],
          flags: ['dynamic', 'timeout'],
          size,
          timeoutSeconds: 5,
          elements: new Map(),
        },
      ]
      return {
        name,
        sets: new Map(sets.map(set => [set.name, set])),
        chains: new Map(chains.map(chain => [chain.name, chain])),
      }
    })

const USERS = ['u0', 'u1', 'u2', 'u3'] as const

const randomBase = (family: IpFamily, hook: NftHook['hook'], type: NftHook['type']) =>
  type === 'nat' && hook === 'forward'
    ? fc.constant(null)
    : fc.option(
        fc
          .tuple(
            randomRules(family, USERS, type === 'nat' ? hook : 'any'),
            fc.constantFrom(-300, -200, -150, -100, 0, 100, 150),
            fc.constantFrom('accept', 'accept', 'accept', 'drop'),
          )
          .map(([rules, priority, policy]) => ({
            name: `${type}-${hook}`,
            hook: { type, hook, priority, policy } as NftHook,
            rules,
          })),
        { freq: 2 },
      )

const ip = (text: string): IpAddress => parseIp(text)!

const service = (family: IpFamily, n: number): IpAddress => ip(family === 4 ? `10.96.0.${n}` : `fd00:96::${n}`)

function plainSet(family: IpFamily, ns: readonly number[]): NftSet {
  const elements = ns.map((n): NftElement => ({ key: [service(family, n)] }))
  return {
    kind: 'set',
    name: 'cluster-ips',
    keyType: [family === 4 ? 'ipv4_addr' : 'ipv6_addr'],
    flags: [],
    elements: new Map(elements.map(e => [nftKeyText(e.key), e])),
  }
}

/** Verdicts of maps lead to the last user chain, so that no loop can be. */
const randomMap = (family: IpFamily, key: readonly NftSelector[], name: string) =>
  fc
    .array(fc.tuple(fc.nat(3), fc.constantFrom(...PROTOCOLS), fc.constantFrom(80, 81, 53), mapVerdict), {
      maxLength: 12,
    })
    .map((rows): NftSet => {
      const elements = rows.map(([n, protocol, port, verdict]): NftElement => {
        const values: Readonly<Record<NftSelector, NftKeyValue>> = {
          source: service(family, n),
          destination: service(family, n),
          protocol,
          destinationPort: port,
        }
        return { key: key.map(selector => values[selector]), verdict }
      })
      return {
        kind: 'map',
        name,
        keyType: key.map(selector =>
          selector === 'protocol'
            ? 'inet_proto'
            : selector === 'destinationPort'
              ? 'inet_service'
              : family === 4
                ? 'ipv4_addr'
                : 'ipv6_addr',
        ),
        flags: [],
        elements: new Map(elements.map(e => [nftKeyText(e.key), e])),
      }
    })

const mapVerdict: fc.Arbitrary<NftVerdict> = fc.constantFrom<NftVerdict[]>(
  { kind: 'goto', chain: 'u3' },
  { kind: 'jump', chain: 'u3' },
  { kind: 'drop' },
  { kind: 'accept' },
  { kind: 'return' },
)

/** `place`: the hook of a chain of nat, whose verdicts may translate; u3 calls no one, so it uses no maps. */
const randomRules = (family: IpFamily, targets: readonly string[], place: string): fc.Arbitrary<NftRule[]> =>
  fc.array(
    fc
      .tuple(
        fc.array(randomStatement(family, targets), { maxLength: 3 }),
        fc.option(randomVerdict(family, targets, place)),
        fc.nat(5),
      )
      .map(([statements, verdict, last]): NftRule => {
        const options = targets.map((chain): NftVerdict => ({ kind: 'goto', chain }))
        const numgen: NftStatement = {
          kind: 'numgen',
          mode: last === 0 ? 'inc' : 'random',
          modulus: options.length + 1,
          verdicts: options,
        }
        if (last < 2 && options.length > 0) return { statements: [...statements, numgen] }
        if (verdict?.kind === 'reject' && last === 5)
          return { statements: [TCP, ...statements], verdict: { kind: 'reject', with: 'tcp reset' } }
        return verdict === null ? { statements } : { statements, verdict }
      }),
    { maxLength: 4 },
  )

const TCP: NftStatement = { kind: 'protocol', protocol: 'tcp', negated: false }

const randomVerdict = (family: IpFamily, targets: readonly string[], place: string): fc.Arbitrary<NftVerdict> => {
  const translations: NftVerdict[] =
    place === 'prerouting' || place === 'output'
      ? (family === 4
          ? ['10.244.1.9', '10.244.2.9', '192.0.2.1']
          : ['fd00:244:1::9', 'fd00:244:2::9', '2001:db8:1::1']
        ).map((address, n): NftVerdict => ({ kind: 'dnat', address: ip(address), port: 8_080 * n }))
      : place === 'postrouting'
        ? [
            { kind: 'masquerade', fullyRandom: true },
            { kind: 'masquerade', fullyRandom: false },
          ]
        : []
  return fc.constantFrom<NftVerdict[]>(
    { kind: 'accept' },
    { kind: 'return' },
    ...(place === 'any' ? ([{ kind: 'drop' }, { kind: 'reject' }] as const) : []),
    ...targets.flatMap((chain): NftVerdict[] => [
      { kind: 'jump', chain },
      { kind: 'goto', chain },
      { kind: 'jump', chain },
    ]),
    ...translations,
    ...translations,
  )
}

const randomStatement = (family: IpFamily, targets: readonly string[]): fc.Arbitrary<NftStatement> => {
  const prefixes =
    family === 4
      ? ['10.96.0.0/30', '10.244.0.0/16', '10.96.0.1/32', '0.0.0.0/0']
      : ['fd00:96::/126', 'fd00:244::/32', 'fd00:96::1/128', '::/0']
  const canCall = targets.includes('u3')
  return fc
    .tuple(
      fc.boolean(),
      fc.constantFrom(...SIDES),
      fc.subarray(prefixes, { minLength: 1, maxLength: 2 }),
      fc.constantFrom(...PROTOCOLS),
      fc.constantFrom(80, 81, 53),
      fc.nat(canCall ? 12 : 10),
      fc.subarray(['new', 'established', 'related', 'invalid', 'untracked'] as const, { minLength: 1 }),
    )
    .map(([negated, side, texts, protocol, port, which, states]): NftStatement => {
      const byKind: readonly NftStatement[] = [
        { kind: 'address', side, prefixes: texts.map(text => parsePrefix(text)!), negated },
        { kind: 'lookup', key: [side], set: 'cluster-ips', negated },
        { kind: 'lookup', key: [side], set: 'seen', negated },
        { kind: 'update', key: [side], set: 'seen' },
        { kind: 'ctState', states, negated },
        { kind: 'protocol', protocol, negated },
        { kind: 'destinationPort', protocol: states.length > 3 ? 'th' : protocol, port, negated },
        { kind: 'inInterface', name: port === 80 ? 'eth*' : port === 81 ? 'cni0' : 'lo', negated },
        { kind: 'fibLocal', side, negated },
        { kind: 'mark', mask: 0x4000, value: port === 80 ? 0x4000 : 0, negated },
        {
          kind: 'setMark',
          operation: (['or', 'xor', 'and', 'set', 'or', 'xor'] as const)[states.length],
          value: port === 80 ? 0x4000 : 0xffff_ffff,
        },
        { kind: 'vmap', key: ['destination', 'protocol', 'destinationPort'], map: 'services' },
        { kind: 'vmap', key: ['protocol', 'destinationPort'], map: 'ports' },
      ]
      return byKind[which]
    })
}
