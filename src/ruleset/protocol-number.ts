/** Protocols of the IP header by name, as `-p` reads them and iptables-save prints them from /etc/protocols (Debian's list). */
import type { L4Protocol } from './ruleset.ts'

/** IANA number of a protocol given by name or number. */
export const protocolNumber = (protocol: L4Protocol): number =>
  typeof protocol === 'number' ? protocol : PROTOCOL_NUMBERS[protocol]

/** Protocol of a word after `-p`; undefined when it names none. `0` and `all` are left to the caller. */
export function parseProtocol(word: string): L4Protocol | undefined {
  if (/^\d{1,3}$/.test(word)) return Number(word) <= 255 ? Number(word) : undefined
  const name = word.toLowerCase()
  return Object.hasOwn(PROTOCOL_NUMBERS, name) ? (name as ProtocolName) : undefined
}

const PROTOCOL_NUMBERS = {
  tcp: 6,
  udp: 17,
  sctp: 132,
  icmp: 1,
  'ipv6-icmp': 58,
  icmpv6: 58,
  dccp: 33,
  udplite: 136,
  igmp: 2,
  ggp: 3,
  ipencap: 4,
  ipip: 94,
  st: 5,
  egp: 8,
  igp: 9,
  pup: 12,
  hmp: 20,
  'xns-idp': 22,
  rdp: 27,
  'iso-tp4': 29,
  xtp: 36,
  ddp: 37,
  'idpr-cmtp': 38,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  idrp: 45,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  skip: 57,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  rspf: 73,
  vmtp: 81,
  eigrp: 88,
  ospf: 89,
  'ax.25': 93,
  etherip: 97,
  encap: 98,
  pim: 103,
  ipcomp: 108,
  vrrp: 112,
  l2tp: 115,
  isis: 124,
  fc: 133,
  'mobility-header': 135,
  'ipv6-mh': 135,
  mh: 135,
  'mpls-in-ip': 137,
  manet: 138,
  hip: 139,
  shim6: 140,
  wesp: 141,
  rohc: 142,
} as const

export type ProtocolName = keyof typeof PROTOCOL_NUMBERS
