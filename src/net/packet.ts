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
  originalSourcePort: number
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
  /** TCP header flags, in the bits of TCP_FLAG. */
  tcpFlags: number
  /** The SCTP chunk that conntrack looks at (SCTP_CHUNK). */
  sctpChunk: number
  /** Of an ICMP packet. */
  icmpType: number
  icmpCode: number
  /** Source ports that a MASQUERADE or SNAT of this packet allows (0 to 0: any), and whether it asks for a random one. */
  natFrom: number
  natTo: number
  natRandom: boolean
  /** The addresses that a SNAT of this packet allows, when they are more than one. */
  natRange: AddressSpan | undefined
  /** Of an ICMP error: the packet it speaks of. */
  quoted: QuotedPacket | undefined
}

/** Addresses from `first` to `last`, as data of the rule that names them. */
export interface AddressSpan {
  readonly first: Uint32Array
  readonly last: Uint32Array
  readonly persistent: boolean
}

/** The head of a packet as an ICMP error carries it: as it was on the wire when it was refused. */
export interface QuotedPacket {
  readonly protocol: number
  readonly source: Uint32Array
  readonly destination: Uint32Array
  readonly sourcePort: number
  readonly destinationPort: number
}

/** TCP flags SYN alone: how a connection begins. */
const SYN = 2

export const newPacket = (family: IpFamily): Packet => ({
  family,
  source: new Uint32Array(4),
  destination: new Uint32Array(4),
  originalSource: new Uint32Array(4),
  originalDestination: new Uint32Array(4),
  originalSourcePort: 0,
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
  tcpFlags: SYN,
  sctpChunk: 0,
  icmpType: 0,
  icmpCode: 0,
  natFrom: 0,
  natTo: 0,
  natRandom: false,
  natRange: undefined,
  quoted: undefined,
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
  target.originalSourcePort = from.originalSourcePort
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
  target.tcpFlags = from.tcpFlags
  target.sctpChunk = from.sctpChunk
  target.icmpType = from.icmpType
  target.icmpCode = from.icmpCode
  target.natFrom = from.natFrom
  target.natTo = from.natTo
  target.natRandom = from.natRandom
  target.natRange = from.natRange
  target.quoted = from.quoted
}
