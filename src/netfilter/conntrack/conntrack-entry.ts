/** One connection as `conntrack -L` would show it: what its first packet was, and what its answers are. */
import type { IpAddress } from '../../net/ip.ts'
import type { TimeUs } from '../../sim/time.ts'

export interface ConntrackEntry {
  /** IANA number. */
  readonly protocol: number
  readonly original: ConntrackTuple
  readonly reply: ConntrackTuple
  readonly assured: boolean
  readonly seenReply: boolean
}

/** With how far it has come, and how long it stays. */
export interface RememberedEntry extends ConntrackEntry {
  /** Of its protocol (TCP_STATE, SCTP_STATE); 0 for those without states. */
  readonly state: number
  readonly expiresUs: TimeUs
}

export interface ConntrackTuple {
  readonly source: IpAddress
  readonly sourcePort: number
  readonly destination: IpAddress
  readonly destinationPort: number
}
