/**
 * An nftables ruleset as data: what one node's nf_tables hold for one IP family, as far as kube-proxy's nftables mode uses them.
 * Written by a proxier or parsed from text, printed in nft's own format, traced and compiled by netfilter/. It knows nothing of
 * Services. Models nft(8): tables of family ip or ip6, base chains on hooks, regular chains, named sets and verdict maps.
 *
 * How a packet goes, for whoever evaluates it: at each hook the base chains of all tables run by rising priority. In a chain, rules
 * run in order; in a rule, statements run from left to right, and the first match that fails ends the rule. `vmap` and `numgen` are
 * matches that also give a verdict when they find one: nothing after them in the rule is run. When a chain ends without a verdict,
 * evaluation goes on behind the jump that led there, which a `goto` leaves as it was; the base chain's end is its policy. `accept`
 * ends this base chain alone, `drop` and `reject` end the packet. Chains of type nat see only the first packet of a connection.
 *
 * Objects are immutable and may be shared: two rulesets that hold the same chain object hold the same chain, and compile it once.
 */
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'

export interface NftRuleset {
  readonly family: IpFamily
  /** In the order they are printed. */
  readonly tables: readonly NftTable[]
}

export interface NftTable {
  readonly name: string
  readonly comment?: string
  /** Sets and verdict maps share one name space. In the order they are printed. */
  readonly sets: ReadonlyMap<string, NftSet>
  /** In the order they are printed: the order in which they were made. */
  readonly chains: ReadonlyMap<string, NftChain>
}

export interface NftChain {
  readonly name: string
  readonly comment?: string
  /** Base chains only. */
  readonly hook?: NftHook
  readonly rules: readonly NftRule[]
}

export interface NftHook {
  readonly type: 'filter' | 'nat'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'
  /** Lower runs first: filter is 0, dstnat -100, srcnat 100. */
  readonly priority: number
  readonly policy: 'accept' | 'drop'
}

export interface NftRule {
  /** In order. A rule without a verdict goes on to the next one. */
  readonly statements: readonly NftStatement[]
  /** After all statements; absent when the last of them is a verdict map, or the rule only changes something. */
  readonly verdict?: NftVerdict
  readonly comment?: string
}

/** A match that must hold, a look-up that may end the rule with a verdict, or an action. */
export type NftStatement =
  /** `ip saddr 10.0.0.0/8`, `ip6 daddr != ::1`, `ip saddr != { 10.0.0.0/8, 192.0.2.1 }`: in one of the prefixes. */
  | {
      readonly kind: 'address'
      readonly side: NftSide
      readonly prefixes: readonly IpPrefix[]
      readonly negated: boolean
      /** An anonymous set; one of intervals shows neighbours as one. Absent: a single prefix. */
      readonly braces?: 'addresses' | 'intervals'
      /** Inside of the braces as it was first written, where nft made something else of it. */
      readonly writtenAs?: string
    }
  /** `ip saddr @set`, `ip daddr . meta l4proto . th dport @set`: is an element of a named set. */
  | { readonly kind: 'lookup'; readonly key: readonly NftSelector[]; readonly set: string; readonly negated: boolean }
  /** `ip daddr . meta l4proto . th dport vmap @map`: no match when the map lacks the key, else the element's verdict. */
  | { readonly kind: 'vmap'; readonly key: readonly NftSelector[]; readonly map: string }
  /**
   * `numgen random mod 3 vmap { 0 : goto a, 1 : goto b, 2 : goto c }`: the verdict at a number below `modulus`; no match when there
   * is none. Random: floor(r modulus / 2^32) of a 32-bit random word r. Inc: a counter of this rule, from 0, one step a packet.
   */
  | {
      readonly kind: 'numgen'
      readonly mode: 'random' | 'inc'
      readonly modulus: number
      readonly verdicts: readonly NftVerdict[]
    }
  /** `ct state new`. */
  | { readonly kind: 'ctState'; readonly states: readonly NftCtState[]; readonly negated: boolean }
  /** `meta l4proto tcp`. */
  | { readonly kind: 'protocol'; readonly protocol: NftProtocol; readonly negated: boolean }
  /** `tcp dport 80`: of that protocol, and to that port; `th dport 80`: of any. */
  | {
      readonly kind: 'destinationPort'
      readonly protocol: NftProtocol | 'th'
      readonly port: number
      readonly negated: boolean
    }
  /** `iifname "veth*"`: a trailing `*` matches any name that begins so. */
  | { readonly kind: 'inInterface'; readonly name: string; readonly negated: boolean }
  /** `fib daddr type local`: an address of the node itself. */
  | { readonly kind: 'fibLocal'; readonly side: NftSide; readonly negated: boolean }
  /** `meta mark & mask == value`. */
  | { readonly kind: 'mark'; readonly mask: number; readonly value: number; readonly negated: boolean }
  /** `meta mark set meta mark | value`; `set`: the value alone. */
  | { readonly kind: 'setMark'; readonly operation: 'or' | 'xor' | 'and' | 'set'; readonly value: number }
  /** `update @set { ip saddr }`: adds the element or starts its timeout anew. A full set ends the rule. */
  | { readonly kind: 'update'; readonly key: readonly NftSelector[]; readonly set: string }
  /** `counter packets 0 bytes 0`. */
  | { readonly kind: 'counter'; readonly packets: number; readonly bytes: number }

export type NftSide = 'source' | 'destination'

/** One part of a key: `ip saddr`, `ip daddr`, `meta l4proto`, `th dport`. */
export type NftSelector = 'source' | 'destination' | 'protocol' | 'destinationPort'

export const NFT_PROTOCOLS = ['tcp', 'udp', 'sctp'] as const
export type NftProtocol = (typeof NFT_PROTOCOLS)[number]

export const NFT_CT_STATES = ['invalid', 'established', 'related', 'new', 'untracked'] as const
export type NftCtState = (typeof NFT_CT_STATES)[number]

export type NftVerdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  /** ICMP or ICMPv6 port unreachable, or a TCP reset; its rule then asks for TCP, as nft sees to. */
  | { readonly kind: 'reject'; readonly with?: 'tcp reset' }
  /** Port 0: the port is kept. */
  | { readonly kind: 'dnat'; readonly address: IpAddress; readonly port: number }
  | { readonly kind: 'masquerade'; readonly fullyRandom: boolean }

/** A named set, or with verdicts a named verdict map. */
export interface NftSet {
  readonly kind: 'set' | 'map'
  readonly name: string
  /** Type of each part of a key. */
  readonly keyType: readonly NftKeyType[]
  readonly comment?: string
  readonly flags: readonly ('dynamic' | 'timeout')[]
  /** At most so many elements; nf_tables gives dynamic sets 65,535. */
  readonly size?: number
  /** After which an element vanishes. */
  readonly timeoutSeconds?: number
  /** By the key as text, `10.96.0.1 . tcp . 443` (nftKeyText); in any order. */
  readonly elements: ReadonlyMap<string, NftElement>
}

export type NftKeyType = 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service'

export interface NftElement {
  /** One value for each part of the set's keyType. */
  readonly key: readonly NftKeyValue[]
  /** Of a map's element. */
  readonly verdict?: NftVerdict
  readonly comment?: string
  /** Until it vanishes, in a set with a timeout. */
  readonly expiresMs?: number
}

/** An address, a protocol's name, a port. */
export type NftKeyValue = IpAddress | NftProtocol | number

/** nf_tables' size of a dynamic set that names none. */
export const DYNAMIC_SET_SIZE = 65_535
