/**
 * A ruleset as data: what one node's netfilter holds for one IP family. Written by a proxier or parsed from text, printed in the
 * real tools' own format, traced and compiled by netfilter/. It knows nothing of Services.
 *
 * Models iptables(8) and iptables-extensions(8): built-in chains of a table hang on the hook of their name.
 * Objects are immutable and may be shared: two rulesets that hold the same Chain object hold the same chain, and compile it once.
 */
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import type { IpSet } from './ip-set.ts'
import type { ProtocolName } from './protocol-number.ts'

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
  /** In the order iptables-save prints them: -s, -d, -i, -o, -p, -f first, then `-m` matches as written. All must hold. */
  readonly matches: readonly Match[]
  /** Absent: the rule only counts. */
  readonly verdict?: Verdict
}

/**
 * What a rule demands of a packet. Whatever text can say is held, so that it prints back as it was; what evaluation does not model it
 * refuses by name. Where releases of iptables write one meaning in several ways, the match remembers how it was written.
 */
export type Match =
  | { readonly kind: 'source'; readonly prefix: IpPrefix; readonly negated: boolean }
  | { readonly kind: 'destination'; readonly prefix: IpPrefix; readonly negated: boolean }
  /** `-s 10.0.0.1/255.0.0.255`: `(source & mask) == value`, for a mask that is no prefix. */
  | {
      readonly kind: 'maskedAddress'
      readonly side: Side
      readonly value: IpAddress
      readonly mask: IpAddress
      readonly negated: boolean
    }
  /** `-i`; a trailing `+` matches any name that begins so. */
  | { readonly kind: 'inInterface'; readonly name: string; readonly negated: boolean }
  | { readonly kind: 'outInterface'; readonly name: string; readonly negated: boolean }
  | { readonly kind: 'protocol'; readonly protocol: L4Protocol; readonly negated: boolean }
  /** `-f`: a fragment that is not its packet's first. IPv4 only. */
  | { readonly kind: 'fragment'; readonly negated: boolean }
  | { readonly kind: 'comment'; readonly text: string }
  /** `-m tcp [--sport …] [--dport …] [--tcp-flags …]`; without options it only prints. */
  | {
      readonly kind: 'ports'
      readonly protocol: PortProtocol
      readonly source?: PortRange
      readonly destination?: PortRange
      /** tcp only. */
      readonly flags?: TcpFlags
    }
  /** `either`: the source port or the destination port is one of them (`--ports`). */
  | {
      readonly kind: 'multiport'
      readonly side: Side | 'either'
      readonly ports: readonly PortSpan[]
      readonly negated: boolean
    }
  /** `-m icmp --icmp-type 3/1`, `-m icmp6 --icmpv6-type 135`. Type absent: any; code absent: any code of the type. */
  | {
      readonly kind: 'icmp'
      readonly version: IpFamily
      readonly type?: number
      readonly code?: number
      readonly negated: boolean
    }
  | { readonly kind: 'iprange'; readonly source?: AddressRange; readonly destination?: AddressRange }
  /** What the node's own routing table says of an address; LOCAL is an address of the node itself. */
  | {
      readonly kind: 'addrtype'
      readonly source?: AddressTypes
      readonly destination?: AddressTypes
      /** Routing is asked on the packet's incoming or outgoing interface alone. */
      readonly limitInterface?: 'in' | 'out'
    }
  /** `-m conntrack --ctstate`; written `-m state --state`, with the same meaning, when `module` says so. */
  | {
      readonly kind: 'conntrack'
      readonly states: readonly CtState[]
      readonly negated: boolean
      readonly module?: 'state'
    }
  /** `(mark & mask) == value`; connmark: the mark of the packet's conntrack entry. */
  | { readonly kind: 'mark' | 'connmark'; readonly value: number; readonly mask: number; readonly negated: boolean }
  /** `-m statistic --mode random`: taken iff (random word & 0x7fffffff) < threshold; threshold = round(p 2^31), as xt_statistic stores it. */
  | {
      readonly kind: 'statistic'
      readonly threshold: number
      readonly negated: boolean
      /** Decimals of the probability as written, when not 11: releases before 1.4.16 wrote 6. */
      readonly decimals?: number
    }
  /** `-m statistic --mode nth`: of every `every` packets the one numbered `packet`, from 0. */
  | { readonly kind: 'nth'; readonly every: number; readonly packet: number; readonly negated: boolean }
  | {
      readonly kind: 'recent'
      readonly operation: 'set' | 'rcheck' | 'update' | 'remove'
      readonly name: string
      readonly side: Side
      readonly seconds?: number
      readonly reap?: boolean
      readonly hitcount?: number
      readonly rttl?: boolean
      /** Absent: the list tells every single address apart. */
      readonly mask?: IpAddress
      readonly negated: boolean
      /** Releases before 1.4.17 know no `--mask` and write none. */
      readonly withoutMask?: boolean
    }
  /** A token bucket of `burst` packets, refilled at `rate` packets `per` unit. */
  | { readonly kind: 'limit'; readonly rate: number; readonly per: RateUnit; readonly burst: number }
  /** `address` as written, lower case or upper: dumps made public often mask it (`XX:XX:XX:XX:XX:XX`), and no frame has such an address. */
  | { readonly kind: 'mac'; readonly address: string; readonly negated: boolean }
  /** Membership in an ipset, which lies outside the ruleset: `--match-set NAME src,dst`. */
  | {
      readonly kind: 'set'
      readonly name: string
      readonly directions: readonly ('src' | 'dst')[]
      readonly negated: boolean
      /** Elements marked nomatch hold, and no others. */
      readonly returnNomatch?: true
      /** What the set holds, where that is known (netfilter/ipset/give-ip-sets.ts). */
      readonly set?: IpSet
    }
  /** The port of a bridge that the packet came in or goes out by. */
  | { readonly kind: 'physdev'; readonly options: readonly PhysdevOption[] }
  | { readonly kind: 'nfacct'; readonly name: string }
  /** Any other match module: its options verbatim. */
  | { readonly kind: 'unknown'; readonly module: string; readonly options: string }

export type Side = 'source' | 'destination'

/** A protocol by its name, or by its number where the text has that. */
export type L4Protocol = ProtocolName | number

/** Protocols whose ports a match of their own name asks for. */
export type PortProtocol = 'tcp' | 'udp' | 'sctp' | 'dccp'

export interface PortSpan {
  readonly from: number
  readonly to: number
}

export interface PortRange extends PortSpan {
  readonly negated: boolean
}

/** `(flags & mask) == set`, in the bits of TCP_FLAG. `--syn` is mask FIN,SYN,RST,ACK and set SYN. */
export interface TcpFlags {
  readonly mask: number
  readonly set: number
  readonly negated: boolean
}

/** Bits of the TCP header, in the order iptables prints them. */
export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const

export interface AddressRange {
  readonly from: IpAddress
  readonly to: IpAddress
  readonly negated: boolean
}

export interface AddressTypes {
  readonly types: readonly AddressType[]
  readonly negated: boolean
}

/** Kinds of route, in the order iptables prints them. */
export const ADDRESS_TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const
export type AddressType = (typeof ADDRESS_TYPES)[number]

/** ctstate words of conntrack(8), in the order iptables prints them; DNAT and SNAT are connection statuses that the match also accepts. */
export const CT_STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'] as const
export type CtState = (typeof CT_STATES)[number]

export type RateUnit = 'sec' | 'min' | 'hour' | 'day'

export type PhysdevOption =
  | { readonly option: 'in' | 'out'; readonly name: string; readonly negated: boolean }
  | { readonly option: 'is-in' | 'is-out' | 'is-bridged'; readonly negated: boolean }

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'reject'; readonly with: string }
  | ({ readonly kind: 'dnat'; readonly port: number } & NatTarget)
  | ({ readonly kind: 'snat'; readonly randomFully?: boolean } & NatTarget)
  | {
      readonly kind: 'masquerade'
      readonly ports?: PortSpan
      readonly random?: boolean
      readonly randomFully: boolean
    }
  /** DNAT to the address of the interface the packet came in by; to the node itself for its own packets. */
  | { readonly kind: 'redirect'; readonly ports?: PortSpan; readonly random?: boolean }
  /** MARK --set-xmark value/mask: mark = (mark & ~mask) ^ value. Evaluation goes on. */
  | {
      readonly kind: 'mark'
      readonly value: number
      readonly mask: number
      /** Releases before 1.4.1 wrote another option of the same meaning. */
      readonly written?: 'set-mark' | 'and-mark' | 'or-mark'
    }
  /** CONNMARK: sets the conntrack entry's mark as `mark` does; saves the packet's mark there; restores it from there. Evaluation goes on. */
  | { readonly kind: 'connmark'; readonly operation: 'set'; readonly value: number; readonly mask: number }
  | {
      readonly kind: 'connmark'
      readonly operation: 'save' | 'restore'
      readonly packetMask: number
      readonly entryMask: number
    }
  /** LOG, NFLOG: evaluation goes on. Options verbatim. */
  | { readonly kind: 'log' | 'nflog'; readonly options: string }
  /** The packet meets no conntrack: `-j CT --notrack`, or `-j NOTRACK` as older releases write. */
  | { readonly kind: 'notrack'; readonly written?: 'NOTRACK' }
  /** Any other target: its options verbatim. */
  | { readonly kind: 'unknown'; readonly target: string; readonly options: string }

export interface NatTarget {
  readonly address: IpAddress
  /** The last of a range of addresses, when there is one. */
  readonly lastAddress?: IpAddress
  /** 0 or absent: the port is kept. */
  readonly port?: number
  /** The last of a range of ports, when there is one. */
  readonly lastPort?: number
  readonly random?: boolean
  readonly persistent?: boolean
}

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
