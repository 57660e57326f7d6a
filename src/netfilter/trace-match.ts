/** Whether one match of one rule holds for a packet: the plain reading of iptables-extensions(8), for trace. */
import type { IpPrefix } from '../net/ip.ts'
import { readIpWords } from '../net/ip.ts'
import type { Packet } from '../net/packet.ts'
import { CT } from '../net/packet.ts'
import { protocolNumber } from '../ruleset/protocol-number.ts'
import type { AddressTypes, Match, PortRange } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'

/** What a packet is at one table of one hook, beyond its own words. */
export interface PacketPlace {
  /** Empty where the hook knows none. */
  readonly inInterface: string
  readonly outInterface: string
  readonly ctState: number
}

/** `draw` gives the random word of a statistic match; matches are asked in order, so a later draw is not taken after a failure. */
export function matchHolds(
  match: Match,
  packet: Packet,
  host: HostView,
  place: PacketPlace,
  draw: () => number,
): boolean {
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
      return inRange(match.source, packet.sourcePort) && inRange(match.destination, packet.destinationPort)
    case 'addrtype':
      return (
        isLocal(match.source, host, readIpWords(packet.source, 0)) &&
        isLocal(match.destination, host, readIpWords(packet.destination, 0))
      )
    case 'conntrack':
      return match.states.some(s => (place.ctState & CT[s]) !== 0) !== match.negated
    case 'mark':
      return ((packet.mark & match.mask) >>> 0 === match.value >>> 0) !== match.negated
    case 'statistic':
      return draw() < 2 * match.threshold
    case 'comment':
    case 'nfacct':
      return true
    default:
      throw new Error(`match ${match.kind} is refused before it is asked`)
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

const isLocal = (types: AddressTypes | undefined, host: HostView, address: bigint): boolean =>
  types === undefined || (addressPlace(host, address) === 'local') !== types.negated

const inRange = (range: PortRange | undefined, port: number): boolean =>
  range === undefined || (port >= range.from && port <= range.to) !== range.negated
