/** Small hand-made rules, rulesets, hosts and packets for tests and benchmarks; each states only what it is about. */
import type { IpFamily, IpPrefix } from '../../net/ip.ts'
import { parseIp, parsePrefix, writeIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { newPacket } from '../../net/packet.ts'
import type {
  Chain,
  L4Protocol,
  Match,
  PortRange,
  Rule,
  Ruleset,
  Table,
  TableName,
  Verdict,
} from '../../ruleset/ruleset.ts'
import { BUILTIN_CHAINS } from '../../ruleset/ruleset.ts'
import type { HostView } from '../host.ts'
import { hostView } from '../host.ts'

export const makeRule = (verdict: Verdict | undefined, ...matches: Match[]): Rule =>
  verdict === undefined ? { matches } : { matches, verdict }

export const jumpTo = (chain: string): Verdict => ({ kind: 'jump', chain })

export const dnatTo = (address: string, port = 0): Verdict => ({ kind: 'dnat', address: parseIp(address)!, port })

export const markWith = (value: number, mask: number): Verdict => ({ kind: 'mark', value, mask })

export const from = (prefix: string, negated = false): Match => ({
  kind: 'source',
  prefix: makePrefix(prefix),
  negated,
})

export const to = (prefix: string, negated = false): Match => ({
  kind: 'destination',
  prefix: makePrefix(prefix),
  negated,
})

export const protocolIs = (protocol: L4Protocol, negated = false): Match => ({ kind: 'protocol', protocol, negated })

/** `-p PROTOCOL -m PROTOCOL --dport PORT` */
export const portIs = (protocol: 'tcp' | 'udp' | 'sctp', port: number): Match[] => [
  protocolIs(protocol),
  { kind: 'ports', protocol, destination: portRange(port, port) },
]

export const portRange = (from: number, to: number, negated = false): PortRange => ({ from, to, negated })

export const withChance = (threshold: number): Match => ({ kind: 'statistic', threshold, negated: false })

export const commented = (text = 'a comment'): Match => ({ kind: 'comment', text })

/** A table with all its built-in chains; `chains` gives rules by name, `drops` the built-in chains whose policy is DROP. */
export function makeTable(
  name: TableName,
  chains: Readonly<Record<string, readonly Rule[]>> = {},
  drops: readonly string[] = [],
): Table {
  const all = new Map<string, Chain>()
  for (const builtin of BUILTIN_CHAINS[name])
    all.set(builtin, {
      name: builtin,
      policy: drops.includes(builtin) ? 'DROP' : 'ACCEPT',
      rules: chains[builtin] ?? [],
    })
  for (const [chain, rules] of Object.entries(chains)) if (!all.has(chain)) all.set(chain, { name: chain, rules })
  return { name, chains: all }
}

export const makeRuleset = (tables: readonly Table[], family: IpFamily = 4): Ruleset => ({ family, tables })

/** A node 192.0.2.1 (2001:db8:1::1) with pods in 10.244.1.0/24 (fd00:244:1::/64). */
export const makeHostView = (family: IpFamily = 4, localAddresses = ['192.0.2.1', '2001:db8:1::1']): HostView =>
  hostView(
    {
      localAddresses,
      podPrefixes: ['10.244.1.0/24', 'fd00:244:1::/64'],
      uplinkName: 'eth0',
      podInterfaceName: 'cni0',
    },
    family,
  )

export interface PacketWords extends Partial<Omit<Packet, 'source' | 'destination' | 'family'>> {
  readonly source?: string
  readonly destination?: string
}

/** A NEW TCP packet from a pod of the node to port 80 of a Service address. */
export function makePacket({ source, destination, ...words }: PacketWords = {}, family: IpFamily = 4): Packet {
  const packet = Object.assign(
    newPacket(family),
    { protocol: 6, sourcePort: 40_000, destinationPort: 80, origin: 1 },
    words,
  )
  writeIpWords(parseIp(source ?? (family === 4 ? '10.244.1.7' : 'fd00:244:1::7'))!.value, packet.source, 0)
  writeIpWords(parseIp(destination ?? (family === 4 ? '10.96.0.1' : 'fd00:96::1'))!.value, packet.destination, 0)
  return packet
}

function makePrefix(text: string): IpPrefix {
  const prefix = parsePrefix(text)
  if (prefix === undefined) throw new Error(`no prefix: ${text}`)
  return prefix
}
