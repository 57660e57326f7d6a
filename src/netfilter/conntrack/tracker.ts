/**
 * What the evaluators ask of connection tracking, at the places where the kernel asks: `track` behind table raw, `bindDestination` behind
 * nat PREROUTING and OUTPUT, `bindSource` behind nat POSTROUTING and INPUT, `confirm` or `release` at the end of the way. One packet at a
 * time. Conntrack is the fast one, PlainConntrack its slow twin.
 */
import type { Packet } from '../../net/packet.ts'

export interface Tracker {
  /** A packet arrives: so far it belongs to nothing. */
  begin(): void
  /** A packet arrives that carries the connection of the one before: its mark is at hand, nothing is asked, bound or confirmed. */
  resume(): void
  /**
   * Finds or begins the packet's connection. Reads the packet as it arrived (original…) and its flags; writes ctState, and where a known
   * connection is translated the addresses and ports behind it. False: no room in the table, the packet is dropped.
   */
  track(packet: Packet): boolean
  /** Of the packet under way: it began its connection, so nat's chains are asked. */
  readonly consultsNat: boolean
  /** Of the packet under way, or the one whose connection it carries: nat has not yet been asked for the connection's source. */
  readonly sourceIsOpen: boolean
  /** The same of its destination. */
  readonly destinationIsOpen: boolean
  /** Of the packet under way: it belongs to a connection, whose mark this is. */
  readonly hasEntry: boolean
  mark: number
  /** The destination the packet has now is the connection's. */
  bindDestination(packet: Packet): void
  /** The source the packet has now is the connection's; the port is chosen here, by the packet's natPorts. False: no port is free. */
  bindSource(packet: Packet): boolean
  /** The packet left the node, or reached it: the connection is remembered. */
  confirm(): void
  /** The packet was dropped: an unconfirmed connection is forgotten. */
  release(): void
}
