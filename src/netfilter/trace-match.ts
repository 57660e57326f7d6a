/** Whether one match of one rule holds for a packet: the plain reading of iptables-extensions(8) and the kernel's xt modules, for trace. */
import type { IpPrefix } from '../net/ip.ts'
import { readIpWords } from '../net/ip.ts'
import type { Packet } from '../net/packet.ts'
import { CT } from '../net/packet.ts'
import { protocolNumber } from '../ruleset/protocol-number.ts'
import type { AddressRange, AddressType, AddressTypes, Match, PortRange } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'
import { inIpSet } from './ipset/plain-ip-set.ts'
import { limitCost } from './memory/limit-cost.ts'
import { plainRecentHolds } from './memory/plain-recent.ts'
import type { TraceMemory } from './memory/trace-memory.ts'

/** What a packet is at one table of one hook, beyond its own words. */
export interface PacketPlace {
  /** Empty where the hook knows none. */
  readonly inInterface: string
  readonly outInterface: string
  readonly ctState: number
}

/** What else a match may ask. */
export interface MatchWorld {
  readonly host: HostView
  readonly memory: TraceMemory | undefined
  readonly draw: () => number
}

/** `draw` gives the random word of a statistic match; matches are asked in order, so a later draw is not taken after a failure. */
/** `key` says where the match stands, for what is remembered of it. */
export function matchHolds(match: Match, packet: Packet, place: PacketPlace, world: MatchWorld, key: string): boolean {
  const { host, draw } = world
  switch (match.kind) {
    case 'source':
      return inPrefix(match.prefix, readIpWords(packet.source, 0)) !== match.negated
    case 'destination':
      return inPrefix(match.prefix, readIpWords(packet.destination, 0)) !== match.negated
    case 'inInterface':
      return namesInterface(match.name, place.inInterface) !== match.negated
    case 'outInterface':
      return namesInterface(match.name, place.outInterface) !== match.negated
    case 'protocol':
      return (packet.protocol === protocolNumber(match.protocol)) !== match.negated
    case 'ports':
      return (
        inRange(match.source, packet.sourcePort) &&
        inRange(match.destination, packet.destinationPort) &&
        (match.flags === undefined ||
          ((packet.tcpFlags & match.flags.mask) === match.flags.set) !== match.flags.negated)
      )
    case 'multiport': {
      const ports = { source: [packet.sourcePort], destination: [packet.destinationPort] }
      const asked = match.side === 'either' ? [...ports.source, ...ports.destination] : ports[match.side]
      return match.ports.some(span => asked.some(port => port >= span.from && port <= span.to)) !== match.negated
    }
    case 'iprange':
      return (
        inAddressRange(match.source, readIpWords(packet.source, 0)) &&
        inAddressRange(match.destination, readIpWords(packet.destination, 0))
      )
    case 'maskedAddress': {
      const address = readIpWords(match.side === 'source' ? packet.source : packet.destination, 0)
      return ((address & match.mask.value) === (match.value.value & match.mask.value)) !== match.negated
    }
    case 'fragment':
      // Packets here are whole.
      return match.negated
    case 'icmp': {
      const same = [match.type ?? packet.icmpType, match.code ?? packet.icmpCode]
      return (packet.icmpType === same[0] && packet.icmpCode === same[1]) !== match.negated
    }
    case 'addrtype':
      return (
        isOfType(match.source, host, readIpWords(packet.source, 0)) &&
        isOfType(match.destination, host, readIpWords(packet.destination, 0))
      )
    case 'conntrack':
      return match.states.some(s => (place.ctState & CT[s]) !== 0) !== match.negated
    case 'mark':
      return ((packet.mark & match.mask) >>> 0 === match.value >>> 0) !== match.negated
    case 'statistic':
      return draw() < 2 * match.threshold !== match.negated
    case 'nth': {
      const { nth } = memoryOf(world)
      const asked = nth.get(key) ?? 0
      nth.set(key, asked + 1)
      return (asked % match.every === match.packet) !== match.negated
    }
    case 'recent': {
      const memory = memoryOf(world)
      const address = readIpWords(match.side === 'source' ? packet.source : packet.destination, 0)
      const client = match.mask === undefined ? address : address & match.mask.value
      const stamps = memory.recentStamps.get(match.name)!
      return plainRecentHolds(memory.recent, match, client, memory.nowUs, stamps) !== match.negated
    }
    case 'limit':
      return underLimit(memoryOf(world), key, match)
    case 'mac':
      // Nobody's hardware address is known here; packets of the node itself have none, and then nothing holds, negated or not.
      return match.negated && place.inInterface !== '' && place.inInterface !== 'lo'
    case 'connmark': {
      const { tracker } = memoryOf(world)
      return tracker.hasEntry && ((tracker.mark & match.mask) >>> 0 === match.value >>> 0) !== match.negated
    }
    case 'physdev':
      // No packet here crosses a bridge: only what is asked of a port not to be holds.
      return match.options.every(option => option.negated)
    case 'comment':
    case 'nfacct':
      return true
    case 'set':
      if (match.set === undefined) throw new Error(`match set ${match.name} is refused before it is asked`)
      return inIpSet(match.set, match, packet, world.memory?.nowUs ?? 0) !== match.negated
    case 'unknown':
      throw new Error(`match ${match.module} is refused before it is asked`)
  }
}

/** Where an address lies as this node routes it. */
export function addressPlace(host: HostView, address: bigint): 'local' | 'pod' | 'elsewhere' {
  if (host.family === 4 ? address >> 24n === 127n : address === 1n) return 'local'
  for (let i = 0; i < host.localCount; i++) if (readIpWords(host.local, 4 * i) === address) return 'local'
  for (let i = 0; i < host.podPrefixCount; i++)
    if ((address & readIpWords(host.podPrefixes, 8 * i + 4)) === readIpWords(host.podPrefixes, 8 * i)) return 'pod'
  return 'elsewhere'
}

const inPrefix = (prefix: IpPrefix, address: bigint): boolean => {
  const hostBits = BigInt((prefix.family === 4 ? 32 : 128) - prefix.length)
  return prefix.value >> hostBits === address >> hostBits
}

/** `eth+` names every interface that begins with eth; no interface is the empty name, which `+` alone matches. */
const namesInterface = (pattern: string, name: string): boolean =>
  pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern

const isOfType = (types: AddressTypes | undefined, host: HostView, address: bigint): boolean =>
  types === undefined ||
  (host.family === 4
    ? types.types.includes(addressType4(host, address))
    : types.types.every(type => !OWN_KINDS6.has(type) || type === addressKind6(address)) &&
      (types.types.every(type => OWN_KINDS6.has(type)) ||
        (types.types.includes('LOCAL') && addressPlace(host, address) === 'local'))) !== types.negated

/** Of an address on a node with a default route and no broadcast addresses of its own. */
function addressType4(host: HostView, address: bigint): AddressType {
  if (address >> 24n === 0n || address === 0xffff_ffffn) return 'BROADCAST'
  if (address >> 28n === 0xen) return 'MULTICAST'
  return addressPlace(host, address) === 'local' ? 'LOCAL' : 'UNICAST'
}

/** IPv6 reads these off the address, beside what its routes say; all that are asked for must hold. */
const OWN_KINDS6: ReadonlySet<AddressType> = new Set(['UNSPEC', 'UNICAST', 'MULTICAST'])

const addressKind6 = (address: bigint): AddressType =>
  address >> 120n === 0xffn ? 'MULTICAST' : address === 0n ? 'UNSPEC' : 'UNICAST'

const inAddressRange = (range: AddressRange | undefined, address: bigint): boolean =>
  range === undefined || (address >= range.from.value && address <= range.to.value) !== range.negated

function memoryOf({ memory }: MatchWorld): TraceMemory {
  if (memory === undefined) throw new Error('these rules need a memory')
  return memory
}

/** A bucket of `burst` packets, full at first, refilled in time. */
function underLimit({ buckets, nowUs }: TraceMemory, key: string, match: Match & { kind: 'limit' }): boolean {
  const { costUs, capUs } = limitCost(match)
  const bucket = buckets.get(key) ?? { creditUs: capUs, atUs: 0 }
  const creditUs = Math.min(capUs, bucket.creditUs + nowUs - bucket.atUs)
  const taken = creditUs >= costUs
  buckets.set(key, { creditUs: taken ? creditUs - costUs : creditUs, atUs: nowUs })
  return taken
}

const inRange = (range: PortRange | undefined, port: number): boolean =>
  range === undefined || (port >= range.from && port <= range.to) !== range.negated
