/** What `-j REJECT --reject-with` can send, as xt reject modules of both families know it. An answer is an ICMP error or a TCP reset. */
import type { IpFamily } from '../net/ip.ts'

export interface RejectKind {
  readonly name: string
  readonly family: IpFamily | undefined
  /** Absent: a TCP reset. */
  readonly icmp?: { readonly type: number; readonly code: number }
}

const icmp = (family: IpFamily, name: string, type: number, code: number): RejectKind => ({
  family,
  name,
  icmp: { type, code },
})

export const REJECT_KINDS: readonly RejectKind[] = [
  icmp(4, 'icmp-port-unreachable', 3, 3),
  icmp(6, 'icmp6-port-unreachable', 1, 4),
  icmp(4, 'icmp-net-unreachable', 3, 0),
  icmp(4, 'icmp-host-unreachable', 3, 1),
  icmp(4, 'icmp-proto-unreachable', 3, 2),
  icmp(4, 'icmp-net-prohibited', 3, 9),
  icmp(4, 'icmp-host-prohibited', 3, 10),
  icmp(4, 'icmp-admin-prohibited', 3, 13),
  icmp(6, 'icmp6-no-route', 1, 0),
  icmp(6, 'icmp6-adm-prohibited', 1, 1),
  icmp(6, 'icmp6-addr-unreachable', 1, 3),
  icmp(6, 'icmp6-policy-fail', 1, 5),
  icmp(6, 'icmp6-reject-route', 1, 6),
  { name: 'tcp-reset', family: undefined },
]

/** Place in REJECT_KINDS, or -1. */
export const rejectKind = (name: string, family: IpFamily): number =>
  REJECT_KINDS.findIndex(kind => kind.name === name && (kind.family ?? family) === family)
