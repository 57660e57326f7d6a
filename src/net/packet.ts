/**
 * One packet on its way through one node, reused for every packet of a job (nothing is allocated per packet).
 * Addresses are four 32-bit words (see net/ip.ts). The data plane sees addresses and ports here, never Services.
 */
import type { IpFamily } from './ip.ts'

/** Where a packet meets the node: from another host, from a pod of the node, or from the node's own IP layer. */
export const ORIGIN = { uplink: 0, pod: 1, node: 2 } as const
export type Origin = (typeof ORIGIN)[keyof typeof ORIGIN]

/** Bits of a conntrack state and status, as `--ctstate` compares them. */
export const CT = { NEW: 1, ESTABLISHED: 2, RELATED: 4, INVALID: 8, UNTRACKED: 16, DNAT: 32, SNAT: 64 } as const

export interface Packet {
  readonly family: IpFamily
  /** Source address now (after a masquerade: the new one). */
  readonly source: Uint32Array
  /** Destination address now (after DNAT: the backend). */
  readonly destination: Uint32Array
  /** Source and destination as the connection's first packet brought them to this node; evaluation of a NEW packet writes them. */
  readonly originalSource: Uint32Array
  readonly originalDestination: Uint32Array
  originalDestinationPort: number
  /** IANA protocol number. */
  protocol: number
  sourcePort: number
  destinationPort: number
  mark: number
  origin: Origin
  /** One of CT.NEW, CT.ESTABLISHED, CT.RELATED, CT.INVALID, with CT.DNAT and CT.SNAT added when the connection has them. */
  ctState: number
  /** The flow's number in its stream, two 32-bit words: with the draw number it decides every random branch. */
  flowLow: number
  flowHigh: number
  /** Draws taken so far by this flow; goes on from node to node. */
  draws: number
}

export const newPacket = (family: IpFamily): Packet => ({
  family,
  source: new Uint32Array(4),
  destination: new Uint32Array(4),
  originalSource: new Uint32Array(4),
  originalDestination: new Uint32Array(4),
  originalDestinationPort: 0,
  protocol: 0,
  sourcePort: 0,
  destinationPort: 0,
  mark: 0,
  origin: ORIGIN.uplink,
  ctState: CT.NEW,
  flowLow: 0,
  flowHigh: 0,
  draws: 0,
})

/** A packet of its own with the same words. */
export const copyPacket = (packet: Packet): Packet => ({
  ...packet,
  source: packet.source.slice(),
  destination: packet.destination.slice(),
  originalSource: packet.originalSource.slice(),
  originalDestination: packet.originalDestination.slice(),
})

/** Makes `target` equal to `from`, without allocating. Both are of one family. */
export function writePacket(target: Packet, from: Packet): void {
  target.source.set(from.source)
  target.destination.set(from.destination)
  target.originalSource.set(from.originalSource)
  target.originalDestination.set(from.originalDestination)
  target.originalDestinationPort = from.originalDestinationPort
  target.protocol = from.protocol
  target.sourcePort = from.sourcePort
  target.destinationPort = from.destinationPort
  target.mark = from.mark
  target.origin = from.origin
  target.ctState = from.ctState
  target.flowLow = from.flowLow
  target.flowHigh = from.flowHigh
  target.draws = from.draws
}
