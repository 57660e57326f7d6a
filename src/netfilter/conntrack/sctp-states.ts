/**
 * SCTP as conntrack sees it: which state follows a packet, by its first chunk and direction.
 *
 * Models nf_conntrack_proto_sctp.c of Linux 6.18 (sctp_conntracks). Deviates: verification tags always fit, one control chunk a packet.
 */
export const SCTP_STATE = {
  none: 0,
  closed: 1,
  cookieWait: 2,
  cookieEchoed: 3,
  established: 4,
  shutdownSent: 5,
  shutdownRecd: 6,
  shutdownAckSent: 7,
  heartbeatSent: 8,
} as const

export const SCTP_INVALID = 9

/** The chunk that decides; `other` (DATA, SACK, …) changes nothing. */
export const SCTP_CHUNK = {
  init: 0,
  initAck: 1,
  abort: 2,
  shutdown: 3,
  shutdownAck: 4,
  error: 5,
  cookieEcho: 6,
  cookieAck: 7,
  shutdownComplete: 8,
  heartbeat: 9,
  heartbeatAck: 10,
  other: 11,
} as const

/** `direction` 0 is the connection's original one. */
export const sctpNext = (direction: number, chunk: number, state: number): number =>
  chunk === SCTP_CHUNK.other
    ? state === SCTP_STATE.none
      ? SCTP_INVALID
      : state
    : NEXT[99 * direction + 9 * chunk + state]

/** Chunks that start nothing: a packet of theirs without an entry is INVALID. */
export const sctpStartsNothing = (chunk: number): boolean =>
  chunk === SCTP_CHUNK.abort || chunk === SCTP_CHUNK.shutdownComplete || chunk === SCTP_CHUNK.cookieAck

const [, CL, CW, CE, ES, SS, SR, SA, HS, IV] = [...Object.values(SCTP_STATE), SCTP_INVALID]

// biome-ignore format: a table, laid out as the kernel's
const NEXT = Uint8Array.of(
  // original
  //                NO  CL  CW  CE  ES  SS  SR  SA  HS
  /*init*/          CL, CL, CW, CE, ES, CL, CL, SA, CW,
  /*init_ack*/      CL, CL, CW, CE, ES, SS, SR, SA, CL,
  /*abort*/         CL, CL, CL, CL, CL, CL, CL, CL, CL,
  /*shutdown*/      CL, CL, CW, CE, SS, SS, SR, SA, CL,
  /*shutdown_ack*/  SA, CL, CW, CE, ES, SA, SA, SA, SA,
  /*error*/         CL, CL, CW, CE, ES, SS, SR, SA, CL,
  /*cookie_echo*/   CL, CL, CE, CE, ES, SS, SR, SA, CL,
  /*cookie_ack*/    CL, CL, CW, ES, ES, SS, SR, SA, CL,
  /*shutdown_comp*/ CL, CL, CW, CE, ES, SS, SR, CL, CL,
  /*heartbeat*/     HS, CL, CW, CE, ES, SS, SR, SA, HS,
  /*heartbeat_ack*/ CL, CL, CW, CE, ES, SS, SR, SA, HS,
  // reply
  /*init*/          IV, CL, CW, CE, ES, SS, SR, SA, IV,
  /*init_ack*/      IV, CW, CW, CE, ES, SS, SR, SA, IV,
  /*abort*/         IV, CL, CL, CL, CL, CL, CL, CL, IV,
  /*shutdown*/      IV, CL, CW, CE, SR, SS, SR, SA, IV,
  /*shutdown_ack*/  IV, CL, CW, CE, ES, SA, SA, SA, IV,
  /*error*/         IV, CL, CW, CL, ES, SS, SR, SA, IV,
  /*cookie_echo*/   IV, CL, CE, CE, ES, SS, SR, SA, IV,
  /*cookie_ack*/    IV, CL, CW, ES, ES, SS, SR, SA, IV,
  /*shutdown_comp*/ IV, CL, CW, CE, ES, SS, SR, CL, IV,
  /*heartbeat*/     IV, CL, CW, CE, ES, SS, SR, SA, HS,
  /*heartbeat_ack*/ IV, CL, CW, CE, ES, SS, SR, SA, ES,
)
