/**
 * TCP as conntrack sees it from the middle: which state follows a segment, by its flags and direction.
 *
 * Models nf_conntrack_proto_tcp.c of Linux 6.18 (tcp_conntracks, tcp_valid_flags, nf_conntrack_tcp_packet). Deviates: every segment is
 * taken to lie in its window, and to carry data that is not acknowledged yet.
 */
import { TCP_FLAG } from '../../ruleset/ruleset.ts'

export const TCP_STATE = {
  none: 0,
  synSent: 1,
  synRecv: 2,
  established: 3,
  finWait: 4,
  closeWait: 5,
  lastAck: 6,
  timeWait: 7,
  close: 8,
  synSent2: 9,
} as const

/** In place of a next state. Ignored: the segment belongs to the connection and changes nothing, for the receiver will answer it. */
export const TCP_INVALID = 10
export const TCP_IGNORED = 11

/** What of its flags conntrack looks at. */
export const TCP_KIND = { syn: 0, synAck: 1, fin: 2, ack: 3, rst: 4, none: 5 } as const

export function tcpKind(flags: number): number {
  if ((flags & TCP_FLAG.RST) !== 0) return TCP_KIND.rst
  if ((flags & TCP_FLAG.SYN) !== 0) return (flags & TCP_FLAG.ACK) !== 0 ? TCP_KIND.synAck : TCP_KIND.syn
  if ((flags & TCP_FLAG.FIN) !== 0) return TCP_KIND.fin
  return (flags & TCP_FLAG.ACK) !== 0 ? TCP_KIND.ack : TCP_KIND.none
}

/** Combinations that no TCP sends (PSH, ECE and CWR aside) are INVALID. */
export const tcpFlagsAreValid = (flags: number): boolean => VALID_FLAGS.has(flags & 0x37)

const { FIN, SYN, RST, ACK, URG } = TCP_FLAG
const VALID_FLAGS: ReadonlySet<number> = new Set([
  SYN,
  SYN | URG,
  SYN | ACK,
  RST,
  RST | ACK,
  FIN | ACK,
  FIN | ACK | URG,
  ACK,
  ACK | URG,
])

/** The state after a segment of TCP_KIND `kind`; `direction` 0 is the connection's original one. */
export const tcpNext = (direction: number, kind: number, state: number): number =>
  NEXT[60 * direction + 10 * kind + state]

const [, SS, SR, ES, FW, CW, LA, TW, CL, S2, IV, IG] = [...Object.values(TCP_STATE), TCP_INVALID, TCP_IGNORED]

// The kernel's own table and layout, so that the two can be laid side by side.
// biome-ignore format: a table
const NEXT = Uint8Array.of(
  // original
  //        NO  SS  SR  ES  FW  CW  LA  TW  CL  S2
  /*syn*/   SS, SS, IG, IG, IG, IG, IG, SS, SS, S2,
  /*synack*/IV, IV, SR, IV, IV, IV, IV, IV, IV, SR,
  /*fin*/   IV, IV, FW, FW, LA, LA, LA, TW, CL, IV,
  /*ack*/   ES, IV, ES, ES, CW, CW, TW, TW, CL, IV,
  /*rst*/   IV, CL, CL, CL, CL, CL, CL, CL, CL, CL,
  /*none*/  IV, IV, IV, IV, IV, IV, IV, IV, IV, IV,
  // reply
  /*syn*/   IV, S2, IV, IV, IV, IV, IV, SS, IV, S2,
  /*synack*/IV, SR, IG, IG, IG, IG, IG, IG, IG, SR,
  /*fin*/   IV, IV, FW, FW, LA, LA, LA, TW, CL, IV,
  /*ack*/   IV, IG, SR, ES, CW, CW, TW, TW, CL, IG,
  /*rst*/   IV, CL, CL, CL, CL, CL, CL, CL, CL, CL,
  /*none*/  IV, IV, IV, IV, IV, IV, IV, IV, IV, IV,
)
