/** What the verdicts of nat do to a packet, plainly, for both kinds of trace. Statuses are set only when something changed, as nf_nat_setup_info does. */
import { writeIpWords } from '../net/ip.ts'
import type { Packet } from '../net/packet.ts'
import { CT } from '../net/packet.ts'
import type { PortSpan } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'
import { INTERFACE } from './interface.ts'
import { answersAsItself } from './route.ts'
import type { Fate } from './walk-hooks.ts'

/** Port 0: kept. */
export function translateDestination(packet: Packet, address: bigint, port: number): void {
  const before = [...packet.destination, packet.destinationPort].join()
  writeIpWords(address, packet.destination, 0)
  if (port !== 0) packet.destinationPort = port
  if ([...packet.destination, packet.destinationPort].join() !== before) packet.ctState |= CT.DNAT
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
