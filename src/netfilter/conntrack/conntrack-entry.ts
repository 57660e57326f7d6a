/** One connection as `conntrack -L` would show it: what its first packet was, and what its answers are. */
import type { IpAddress } from '../../net/ip.ts'

export interface ConntrackEntry {
  /** IANA number. */
  readonly protocol: number
  readonly original: ConntrackTuple
  readonly reply: ConntrackTuple
  readonly assured: boolean
  readonly seenReply: boolean
}

export interface ConntrackTuple {
  readonly source: IpAddress
  readonly sourcePort: number
  readonly destination: IpAddress
  readonly destinationPort: number
}
