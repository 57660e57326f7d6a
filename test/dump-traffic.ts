/**
 * Random packets for a ruleset nobody made for tests: addresses, ports, protocols and interfaces that its rules ask for, beside some they
 * do not. A function of ruleset and seed.
 */
import type { Flow, FlowTopology } from '../src/net/flow.ts'
import { formatIp, type IpAddress, type IpPrefix, parseIp } from '../src/net/ip.ts'
import { ORIGIN, type Origin } from '../src/net/packet.ts'
import type { Protocol } from '../src/net/protocol.ts'
import type { InterfaceNames } from '../src/replay/flows/topology-host.ts'
import { type Match, type Ruleset, TCP_FLAG } from '../src/ruleset/ruleset.ts'
import { type RandomStream, randomStream } from '../src/sim/random.ts'

/** One world of a dump: which interfaces its two sides are, and what is sent. */
export interface DumpWorld {
  readonly interfaces: InterfaceNames
  readonly topology: FlowTopology
  readonly flows: readonly Flow[]
}

export function dumpWorlds(ruleset: Ruleset, seed: string, worlds: number, packetsEach: number): DumpWorld[] {
  const matches = ruleset.tables.flatMap(t => [...t.chains.values()].flatMap(c => c.rules.flatMap(r => r.matches)))
  const asked = askedBy(matches)
  return Array.from({ length: worlds }, (_, i) => {
    const stream = randomStream(seed, `world ${i}`)
    const [uplink, pod] = twoOf(stream, asked.interfaces)
    const nodeIps = [plainAddress(stream, asked.addresses), plainAddress(stream, asked.addresses)]
    const topology: FlowTopology = {
      nodeIps: nodeIps.slice(0, 1),
      localIps: nodeIps.slice(1),
      podPrefixes: Array.from({ length: 4 }, () => pick(stream, asked.prefixes)).filter(p => p.length >= 8),
    }
    const flows = Array.from({ length: packetsEach }, (_, n) => packet(stream, asked, nodeIps, n))
    return { interfaces: { uplink, pod }, topology, flows: flows.filter(isSendable(nodeIps)) }
  })
}

interface Asked {
  readonly prefixes: readonly IpPrefix[]
  readonly addresses: readonly IpAddress[]
  readonly ports: readonly number[]
  readonly interfaces: readonly string[]
}

function askedBy(matches: readonly Match[]): Asked {
  const prefixes: IpPrefix[] = []
  const ports = new Set([22, 53, 80, 443, 40_000])
  const interfaces = new Set(['eth0', 'eth9'])
  for (const match of matches)
    switch (match.kind) {
      case 'source':
      case 'destination':
        prefixes.push(match.prefix)
        break
      case 'ports':
        for (const range of [match.source, match.destination]) if (range !== undefined) ports.add(range.from)
        break
      case 'multiport':
        for (const span of match.ports) ports.add(span.from)
        break
      case 'inInterface':
      case 'outInterface':
        if (match.name !== 'lo') interfaces.add(match.name.replace('+', '7'))
    }
  return {
    prefixes,
    addresses: prefixes.map(({ family, value }) => ({ family, value })),
    ports: [...ports].filter(port => port > 0),
    interfaces: [...interfaces],
  }
}

const PROTOCOLS: readonly Protocol[] = ['TCP', 'TCP', 'TCP', 'UDP', 'UDP', 'SCTP']
const FLAGS = [TCP_FLAG.SYN, TCP_FLAG.SYN, TCP_FLAG.SYN, TCP_FLAG.ACK, TCP_FLAG.SYN | TCP_FLAG.ACK, TCP_FLAG.RST]
const ORIGINS: readonly Origin[] = [ORIGIN.uplink, ORIGIN.uplink, ORIGIN.uplink, ORIGIN.pod, ORIGIN.pod, ORIGIN.node]

function packet(stream: RandomStream, asked: Asked, nodeIps: readonly IpAddress[], n: number): Flow {
  const origin = pick(stream, ORIGINS)
  const protocol = pick(stream, PROTOCOLS)
  return {
    id: n,
    origin,
    source: origin === ORIGIN.node ? pick(stream, nodeIps) : someAddress(stream, asked),
    destination: stream.below(6) === 0 ? pick(stream, nodeIps) : someAddress(stream, asked),
    protocol,
    destinationPort: somePort(stream, asked),
    connectionCount: 1,
    // Two TCP packets of one connection, or of both its directions, would have to fit into each other's windows.
    firstSourcePort: protocol === 'UDP' ? somePort(stream, asked) : 20_000 + n,
    sourceCount: 1,
    packetCount: 1,
    ...(protocol === 'TCP' ? { tcpFlags: [pick(stream, FLAGS)] } : {}),
    reply: false,
    delayUs: 0,
    gapUs: 0,
  }
}

/** In a prefix that some rule asks for, seldom anywhere else. */
function someAddress(stream: RandomStream, asked: Asked): IpAddress {
  if (stream.below(10) === 0) return { family: 4, value: BigInt(stream.below(2 ** 32)) }
  const { family, value, length } = pick(stream, asked.prefixes)
  const size = 2 ** (32 - length)
  return { family, value: value + (stream.below(2) === 0 ? 0n : BigInt(stream.below(size))) }
}

const somePort = (stream: RandomStream, { ports }: Asked): number =>
  stream.below(5) === 0 ? 1 + stream.below(65_535) : pick(stream, ports)

/** An address that a node can have. */
function plainAddress(stream: RandomStream, addresses: readonly IpAddress[]): IpAddress {
  const plain = addresses.filter(a => isPlain(a) && Number(a.value & 255n) !== 0)
  return plain.length === 0 ? parseIp('192.168.10.1')! : pick(stream, plain)
}

/** What the kernel's routing drops by itself (martians) is no matter of rules. */
const isSendable =
  (nodeIps: readonly IpAddress[]) =>
  ({ origin, source, destination }: Flow): boolean =>
    isPlain(source) &&
    isPlain(destination) &&
    (origin === ORIGIN.node || !nodeIps.some(ip => formatIp(ip) === formatIp(source)))

/** Neither this network, nor loopback, nor multicast and beyond. */
const isPlain = ({ value }: IpAddress): boolean => {
  const first = Number(value >> 24n)
  return first > 0 && first < 224 && first !== 127
}

const pick = <A>(stream: RandomStream, list: readonly A[]): A => list[stream.below(list.length)]

function twoOf(stream: RandomStream, names: readonly string[]): [string, string] {
  const first = stream.below(names.length)
  return [names[first], names[(first + 1 + stream.below(names.length - 1)) % names.length]]
}
