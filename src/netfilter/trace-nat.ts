/** What the verdicts of nat do to a packet, plainly, for both kinds of trace. Statuses are set only when something changed, as nf_nat_setup_info does. */
import { writeIpWords } from '../net/ip.ts'
import type { Packet } from '../net/packet.ts'
import { CT } from '../net/packet.ts'
import type { NatTarget, PortSpan } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'
import { INTERFACE } from './interface.ts'
import { isInRange, natRangeOf, writeRangeAddress } from './nat-range.ts'
import { answersAsItself } from './route.ts'
import { natSpan } from './translation.ts'
import type { Fate } from './walk-hooks.ts'

/** Port 0: kept. */
export function translateDestination(packet: Packet, address: bigint, port: number): void {
  const before = [...packet.destination, packet.destinationPort].join()
  writeIpWords(address, packet.destination, 0)
  if (port !== 0) packet.destinationPort = port
  if ([...packet.destination, packet.destinationPort].join() !== before) packet.ctState |= CT.DNAT
}

/** A destination that is one of a range, or has one of a range of ports: the connection table chooses the port. */
export function translateDestinationTo(packet: Packet, target: NatTarget): Fate {
  const range = natRangeOf(target)
  if (range === undefined && target.lastPort === undefined) {
    translateDestination(packet, target.address.value, target.port ?? 0)
    return 'accept'
  }
  allowPorts(packet, target.random === true, natSpan(target))
  if (range === undefined) writeIpWords(target.address.value, packet.destination, 0)
  else writeRangeAddress(range, packet.family, packet.source, packet.destination, packet.destination)
  return 'accept'
}

/** To the node itself, at the address of the interface the packet came in by; without one it is dropped. */
export function redirect(
  host: HostView,
  packet: Packet,
  inInterface: string,
  { ports, random = false }: { readonly ports?: PortSpan; readonly random?: boolean },
): Fate {
  const from =
    inInterface === '' ? INTERFACE.lo : inInterface === host.podInterfaceName ? INTERFACE.pod : INTERFACE.uplink
  const words = host.redirects.slice(4 * from, 4 * from + 4)
  if (words.every(word => word === 0)) return 'drop'
  allowPorts(packet, random, ports)
  packet.destination.set(words)
  return 'accept'
}

/** Of a range: who comes from it stays as it is, if it can, which the connection table decides. */
export function translateSourceTo(packet: Packet, target: NatTarget): Fate {
  const range = natRangeOf(target)
  if (range === undefined) return translateSource(packet, target.address.value)
  packet.natRange = range
  if (!isInRange(packet.source, range))
    writeRangeAddress(range, packet.family, packet.source, packet.destination, packet.source)
  packet.ctState |= CT.SNAT
  return 'accept'
}

export function translateSource(packet: Packet, address: bigint): Fate {
  const words = new Uint32Array(4)
  writeIpWords(address, words, 0)
  return changeSource(packet, words)
}

/** Which source port a connection table may choose (conntrack/nat-port.ts). */
export function allowPorts(packet: Packet, random: boolean, span: PortSpan | undefined): void {
  packet.natRandom = random
  packet.natFrom = span?.from ?? 0
  packet.natTo = span?.to ?? 0
}

/** The address the node has where the packet leaves. A node without an address of the family cannot masquerade: the kernel drops the packet. */
export function masquerade(host: HostView, packet: Packet, outInterface: string): Fate {
  const out =
    outInterface === 'lo' ? INTERFACE.lo : outInterface === host.podInterfaceName ? INTERFACE.pod : INTERFACE.uplink
  const words =
    out === INTERFACE.lo && answersAsItself(host, packet.destination)
      ? packet.destination.slice()
      : host.sources.slice(4 * out, 4 * out + 4)
  return words.every(word => word === 0) ? 'drop' : changeSource(packet, words)
}

function changeSource(packet: Packet, words: Uint32Array): Fate {
  const before = packet.source.join()
  packet.source.set(words)
  if (packet.natRandom || packet.source.join() !== before) packet.ctState |= CT.SNAT
  return 'accept'
}
