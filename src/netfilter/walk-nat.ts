/**
 * What the verdicts of nat that kube-proxy writes do to a packet, in words; ranges and REDIRECT are in translation.ts. Shared by the
 * interpreters of both kinds of rules; the plain readings are in trace-nat.ts. Hot: nothing is allocated.
 *
 * Models nf_nat_setup_info: a status is set only when something changed. The port of a source is kept here, whatever ports are allowed; a
 * connection table chooses it (conntrack/nat-port.ts).
 */
import type { Packet } from '../net/packet.ts'
import { CT } from '../net/packet.ts'
import type { HostView } from './host.ts'
import { INTERFACE } from './interface.ts'
import { answersAsItself } from './route.ts'

/** To the port and address at code[at …]. Port 0 keeps the port. */
export function translateDestination(packet: Packet, code: Int32Array, at: number): void {
  const { destination } = packet
  const port = code[at] === 0 ? packet.destinationPort : code[at]
  let changed = port ^ packet.destinationPort
  packet.destinationPort = port
  for (let i = 0; i < 4; i++) {
    const word = code[at + 1 + i]
    changed |= word ^ destination[i]
    destination[i] = word
  }
  if (changed !== 0) packet.ctState |= CT.DNAT
}

/** To the address at words[at …]. */
export function translateSource(packet: Packet, words: Int32Array | Uint32Array, at: number): void {
  const { source } = packet
  let changed = packet.natRandom ? 1 : 0
  for (let i = 0; i < 4; i++) {
    const word = words[at + i]
    changed |= word ^ source[i]
    source[i] = word
  }
  if (changed !== 0) packet.ctState |= CT.SNAT
}

/** The source becomes the node's where the packet leaves. False: the node has no address of the family there, and the kernel drops the packet. */
export function masquerade(host: HostView, packet: Packet, outInterface: number): boolean {
  const { destination } = packet
  if (outInterface === INTERFACE.lo && answersAsItself(host, destination)) {
    translateSource(packet, destination, 0)
    return true
  }
  const { sources } = host
  const at = 4 * outInterface
  if ((sources[at] | sources[at + 1] | sources[at + 2] | sources[at + 3]) === 0) return false
  translateSource(packet, sources, at)
  return true
}

/** Which source ports a connection table may choose: `index` of a program's natPorts. */
export function allowPorts(packet: Packet, natPorts: Int32Array, index: number): void {
  packet.natRandom = natPorts[3 * index] !== 0
  packet.natFrom = natPorts[3 * index + 1]
  packet.natTo = natPorts[3 * index + 2]
}
