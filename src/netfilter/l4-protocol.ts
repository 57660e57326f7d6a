import type { L4Protocol } from '../ruleset/ruleset.ts'

/** IANA number of each word `-p` knows. */
export const L4_PROTOCOL_NUMBER: Readonly<Record<L4Protocol, number>> = {
  tcp: 6,
  udp: 17,
  sctp: 132,
  icmp: 1,
  'ipv6-icmp': 58,
}
