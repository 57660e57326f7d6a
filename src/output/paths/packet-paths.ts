/**
 * What a page needs to walk packets through the rules of a run by itself: a few nodes, Services to send to, and the rules that such packets
 * can meet, as text. The engine in the page is the project's own (page/), so this holds rules and routes, no results.
 *
 * Rules that none of these packets can match are not spelled out: so many of one form stand where they stood, so each rule keeps its place
 * in its chain, and what a packet evaluates and pays is what it would among all rules (compact-ruleset.ts). In nftables mode rules are few,
 * and elements of sets and maps that none of the packets asks for are left out (compact-nftables.ts).
 */
import type { CostProfile } from '../../netfilter/cost/cost-profile.ts'
import type { ProxyMode } from '../../proxier/proxier-config.ts'

export interface PacketPaths {
  /** Of the run they belong to (run.json). */
  readonly digest: string
  /** Those in detail first; the others only have endpoints of `destinations`. */
  readonly nodes: readonly PathNode[]
  readonly destinations: readonly PathDestination[]
  readonly backends: readonly PathBackend[]
  readonly mode: ProxyMode
  readonly rulesets: readonly PathRuleset[]
  /** Shared by the rulesets, in iptables mode. */
  readonly chains: readonly PathChain[]
  /** Shared by the rulesets, in nftables mode: sets, maps and chains as nft prints them. */
  readonly texts: readonly string[]
  readonly profiles: readonly CostProfile[]
  /** Service ports of the cluster, of which `destinations` are some. */
  readonly servicePorts: number
}

export interface PathNode {
  readonly name: string
  readonly zone: string
  /** Why it was chosen; empty for a node that only has endpoints. */
  readonly why: string
  readonly addresses: readonly string[]
  readonly podPrefixes: readonly string[]
  readonly uplinkName: string
  readonly podInterfaceName: string
  /** Places in `rulesets`, IPv4 and IPv6: what a packet that is sent here meets, and one that another node has translated; -1: none. */
  readonly sent: readonly [number, number]
  readonly translated: readonly [number, number]
  /** Pods that packets can be sent from. */
  readonly pods: readonly { readonly name: string; readonly address: string }[]
}

export interface PathDestination {
  /** namespace/name, with `:port` when the port has a name. */
  readonly service: string
  /** As `ClusterIP`, `node port`. */
  readonly way: string
  readonly family: 4 | 6
  /** Empty: of the node that the packet comes to. */
  readonly address: string
  readonly port: number
  /** IANA number. */
  readonly protocol: number
}

export interface PathBackend {
  readonly address: string
  /** Its pod; empty when nothing is known of it. */
  readonly pod: string
  /** Place in `nodes`; -1: on no node of the cluster. */
  readonly node: number
}

export interface PathRuleset {
  readonly family: 4 | 6
  /** Rules of the whole ruleset by table, of which these are some. */
  readonly rules: Readonly<Record<string, number>>
  /** Lists of `-m recent`, and backends that the run's traffic spreads over: prices depend on them. */
  readonly recentLists: number
  readonly spread: number
  /** Pieces of an nftables ruleset by their places in PacketPaths.texts, in order. */
  readonly texts: readonly number[]
  /** Of an iptables ruleset; chains by their places in PacketPaths.chains. */
  readonly tables: readonly { readonly name: string; readonly chains: readonly number[] }[]
}

export interface PathChain {
  readonly name: string
  /** Of a built-in chain; else empty. */
  readonly policy: string
  readonly rules: readonly PathRule[]
}

/** A rule as iptables-save prints it, without `-A CHAIN `; or so many that none of the packets can match, by the form of all of them. */
export type PathRule = string | readonly [count: number, form: string]
