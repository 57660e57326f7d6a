/**
 * What conntrack knows of a connection's progress, in one word: protocol state, whether a reply was seen, whether it is worth keeping when
 * the table is full (assured), and what TCP needs of the segment before. Pure; both tracking tables keep it per entry.
 *
 * Models nf_conntrack_tcp_packet, nf_conntrack_udp_packet, nf_conntrack_sctp_packet of Linux 6.18.
 */
import type { Packet } from '../../net/packet.ts'
import { SCTP_INVALID, SCTP_STATE, sctpNext, sctpStartsNothing } from './sctp-states.ts'
import { TCP_IGNORED, TCP_INVALID, TCP_KIND, TCP_STATE, tcpFlagsAreValid, tcpKind, tcpNext } from './tcp-states.ts'
import {
  GENERIC_TIMEOUT_US,
  ICMP_TIMEOUT_US,
  SCTP_TIMEOUT_US,
  TCP_TIMEOUT_US,
  UDP_STREAM_US,
  UDP_UNREPLIED_US,
} from './timeouts.ts'

/** Bits of the word; below them the protocol's state. */
export const MEMORY = { seenReply: 16, assured: 32 } as const

/** In place of a word: the packet belongs to no connection; it begins its connection anew. */
export const INVALID_PACKET = -1
export const REOPENS = -2

/** The bits of the protocol's state. */
export const PROTOCOL_STATE = 15
/** TCP: a FIN began the end; the segment changes nothing (never stored). */
const CLOSING = 64
const IGNORED = 128
/** TCP_KIND and direction of the segment before. */
const LAST_KIND = 8
const LAST_REPLY = 1 << 11

const TCP = 6
const UDP = 17
const SCTP = 132

/**
 * The word after `packet`. `memory` 0: the packet would begin a connection. `aged`: UDP's first packet is UDP_STREAM_AGE_US ago.
 * `loose`: nf_conntrack_tcp_loose.
 */
export function advance(memory: number, direction: number, packet: Packet, aged: boolean, loose: boolean): number {
  switch (packet.protocol) {
    case TCP:
      return advanceTcp(memory, direction, packet.tcpFlags, loose)
    case UDP:
      return (memory & MEMORY.seenReply) !== 0 && aged ? memory | MEMORY.assured : memory
    case SCTP:
      return advanceSctp(memory, direction, packet.sctpChunk)
    default:
      return memory
  }
}

/** What is kept of `advance`'s answer, the reply of direction 1 noted. */
export const remembered = (after: number, direction: number): number =>
  (after & ~IGNORED) | (direction === 1 ? MEMORY.seenReply : 0)

/** Microseconds until the entry expires; 0: as before; below 0: at once. */
export function timeoutUs(before: number, after: number, packet: Packet, aged: boolean): number {
  const state = after & PROTOCOL_STATE
  switch (packet.protocol) {
    case TCP:
      return tcpTimeoutUs(before, after, packet.tcpFlags)
    case UDP:
      return (before & MEMORY.seenReply) !== 0 && aged ? UDP_STREAM_US : UDP_UNREPLIED_US
    case SCTP:
      return SCTP_TIMEOUT_US[state]
    default:
      return packet.protocol === 1 || packet.protocol === 58 ? ICMP_TIMEOUT_US : GENERIC_TIMEOUT_US
  }
}

function advanceTcp(memory: number, direction: number, flags: number, loose: boolean): number {
  if (!tcpFlagsAreValid(flags)) return INVALID_PACKET
  const kind = tcpKind(flags)
  const before = memory & PROTOCOL_STATE
  let next = tcpNext(direction, kind, before)
  if (next === TCP_INVALID) return INVALID_PACKET
  if (before === TCP_STATE.none && next !== TCP_STATE.synSent && !loose) return INVALID_PACKET
  const lastKind = (memory >> LAST_KIND) & 7
  const lastDirection = (memory & LAST_REPLY) !== 0 ? 1 : 0
  const last = (kind << LAST_KIND) | (direction === 1 ? LAST_REPLY : 0)
  if (next === TCP_IGNORED) {
    // A SYN/ACK that answers a SYN let through before: the two ends know better, and the connection is a new one.
    if (kind !== TCP_KIND.synAck || lastKind !== TCP_KIND.syn || direction === lastDirection)
      return (memory & (PROTOCOL_STATE | MEMORY.seenReply | MEMORY.assured | CLOSING)) | last | IGNORED
    next = TCP_STATE.synRecv
  }
  if (
    next === TCP_STATE.synSent &&
    before >= TCP_STATE.timeWait &&
    before !== TCP_STATE.synSent2 &&
    ((memory & CLOSING) !== 0 || (lastDirection === direction && lastKind === TCP_KIND.rst))
  )
    return REOPENS
  const closing = next === TCP_STATE.finWait && before !== TCP_STATE.finWait ? CLOSING : memory & CLOSING
  const assured =
    (memory & MEMORY.seenReply) !== 0 &&
    (before === TCP_STATE.synRecv || before === TCP_STATE.established) &&
    next === TCP_STATE.established
      ? MEMORY.assured
      : 0
  return next | (memory & (MEMORY.seenReply | MEMORY.assured)) | closing | assured | last
}

function tcpTimeoutUs(before: number, after: number, flags: number): number {
  if ((after & IGNORED) !== 0) return 0
  const state = after & PROTOCOL_STATE
  const kind = tcpKind(flags)
  // Every segment here carries data, and nobody has acknowledged it yet.
  const timeout = TCP_TIMEOUT_US[kind === TCP_KIND.rst ? TCP_STATE.close : state]
  if ((before & MEMORY.seenReply) !== 0) return timeout
  // An answer that is a reset alone: there never was a connection.
  if (kind === TCP_KIND.rst) return -1
  if (kind === TCP_KIND.syn && (before & PROTOCOL_STATE) === TCP_STATE.synSent) return 0
  return timeout
}

function advanceSctp(memory: number, direction: number, chunk: number): number {
  const before = memory & PROTOCOL_STATE
  if (before === SCTP_STATE.none && sctpStartsNothing(chunk)) return INVALID_PACKET
  const next = sctpNext(direction, chunk, before)
  if (next === SCTP_INVALID) return INVALID_PACKET
  const assured =
    before === SCTP_STATE.cookieEchoed && direction === 1 && next === SCTP_STATE.established ? MEMORY.assured : 0
  return next | (memory & (MEMORY.seenReply | MEMORY.assured)) | assured
}
