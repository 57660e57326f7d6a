/**
 * A ruleset as data: what one node's netfilter holds for one IP family. Written by a proxier or parsed from text, printed in the
 * real tools' own format, traced and compiled by netfilter/. It knows nothing of Services.
 *
 * Models iptables(8) and iptables-extensions(8): built-in chains of a table hang on the hook of their name.
 * Objects are immutable and may be shared: two rulesets that hold the same Chain object hold the same chain, and compile it once.
 */
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security'

export interface Ruleset {
  readonly family: IpFamily
  /** In the order they are printed. */
  readonly tables: readonly Table[]
}

export interface Table {
  readonly name: TableName
  /** Built-in chains first, in hook order; then user chains sorted by name, as iptables-save shows them. */
  readonly chains: ReadonlyMap<string, Chain>
}

export interface Chain {
  readonly name: string
  /** Built-in chains only. */
  readonly policy?: 'ACCEPT' | 'DROP'
  readonly rules: readonly Rule[]
}

export interface Rule {
  /** In the order iptables-save prints them: -s, -d, -i, -o, -p first, then `-m` matches as written. All must hold. */
  readonly matches: readonly Match[]
  /** Absent: the rule only counts. */
  readonly verdict?: Verdict
}

export type Match =
  | { readonly kind: 'source'; readonly prefix: IpPrefix; readonly negated: boolean }
  | { readonly kind: 'destination'; readonly prefix: IpPrefix; readonly negated: boolean }
  /** `-i`; a trailing `+` matches any name that begins so. */
  | { readonly kind: 'inInterface'; readonly name: string; readonly negated: boolean }
  | { readonly kind: 'outInterface'; readonly name: string; readonly negated: boolean }
  | { readonly kind: 'protocol'; readonly protocol: L4Protocol; readonly negated: boolean }
  | { readonly kind: 'comment'; readonly text: string }
  /** `-m tcp [--sport …] [--dport …]`; without ports it only prints. */
  | {
      readonly kind: 'ports'
      readonly protocol: 'tcp' | 'udp' | 'sctp'
      readonly source?: PortRange
      readonly destination?: PortRange
    }
  /** `-m addrtype --src-type LOCAL` / `--dst-type LOCAL`: an address of the node itself. */
  | {
      readonly kind: 'addrtype'
      readonly side: 'source' | 'destination'
      readonly type: 'LOCAL'
      readonly negated: boolean
    }
  | { readonly kind: 'conntrack'; readonly states: readonly CtState[]; readonly negated: boolean }
  /** `(mark & mask) == value`. */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number; readonly negated: boolean }
  /** `-m statistic --mode random`: taken iff (random word & 0x7fffffff) < threshold; threshold = round(p 2^31), as xt_statistic stores it. */
  | { readonly kind: 'statistic'; readonly threshold: number }
  | {
      readonly kind: 'recent'
      readonly operation: 'set' | 'rcheck' | 'update'
      readonly name: string
      readonly seconds?: number
      readonly reap?: boolean
      readonly negated: boolean
    }
  | { readonly kind: 'nfacct'; readonly name: string }

export type L4Protocol = 'tcp' | 'udp' | 'sctp' | 'icmp' | 'ipv6-icmp'

export interface PortRange {
  readonly from: number
  readonly to: number
  readonly negated: boolean
}

/** ctstate words of conntrack(8); DNAT and SNAT are connection statuses that the match also accepts. */
export type CtState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED' | 'DNAT' | 'SNAT'

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'reject'; readonly with: string }
  /** Port 0: the port is kept. */
  | { readonly kind: 'dnat'; readonly address: IpAddress; readonly port: number }
  | { readonly kind: 'masquerade'; readonly randomFully: boolean }
  | { readonly kind: 'snat'; readonly address: IpAddress }
  /** MARK --set-xmark value/mask: mark = (mark & ~mask) ^ value. Evaluation goes on. */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }

/** xt_statistic's stored integer of a probability (netfilter: floor(p 2^31 + 0.5)). */
export const statisticThreshold = (probability: number): number => Math.floor(probability * 0x8000_0000 + 0.5)

/** Built-in chains of each table in the order iptables-save lists them (kernel hook order). */
export const BUILTIN_CHAINS: Readonly<Record<TableName, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}
