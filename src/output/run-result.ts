/**
 * Everything one run has to say, before it becomes files: plain columns and numbers, all of them functions of
 * (scenario, seed). Wall times are not in here. Row order is fixed: Services by (namespace, name, port name), endpoints by
 * Service then place in the chain, nodes by order of creation, rules by (table, chain, index).
 */
import type { PooledTexts } from '../arrow/pooled-texts.ts'
import type { Distribution } from '../metrics/distribution.ts'
import type { Histogram } from '../metrics/histogram.ts'
import type { CostBackend } from '../netfilter/cost/cost-profile.ts'
import type { ProxyMode } from '../proxier/proxier-config.ts'
import type { BudgetHead } from './budget/budget-head.ts'
import type { TimeColumns } from './time-columns.ts'

export interface RunResult {
  readonly head: RunHead
  readonly endpoints: EndpointColumns
  readonly services: ServiceColumns
  readonly nodes: NodeColumns
  readonly zones: ZoneColumns
  readonly rules: RuleColumns
  /** The same per-rule columns for a few nodes alone, in node order. */
  readonly detailNodes: readonly { readonly node: string; readonly why: string; readonly rules: RuleColumns }[]
  readonly rulesEvaluated: RulesEvaluated
  /** What that costs in nanoseconds, by backend; empty when nobody asked. */
  readonly modelledNs: readonly ModelledNs[]
  /** Absent: nothing moved. */
  readonly time?: TimeColumns
  /** Where new connections pass the scenario's budget; absent: nothing was priced. */
  readonly budget?: BudgetHead
  /** Flat numbers by dotted name: what `expect` and `--threshold` compare. */
  readonly metrics: Readonly<Record<string, number>>
}

export interface RunHead {
  readonly scenario: string
  readonly question: string
  readonly seed: string
  readonly proxyMode: ProxyMode
  readonly nodes: number
  readonly zones: number
  readonly pods: number
  readonly services: number
  readonly servicePorts: number
  readonly endpoints: number
  readonly events: number
  /** Rules of one node by table as iptables-save or nft list shows them (the node with the most). */
  readonly rulesByTable: Readonly<Record<string, number>>
  /** nat rules as kube-proxy's metric counts them (without the base chains' three jumps); 0 in nftables mode, which has no such metric. */
  readonly kubeProxyNatRules: number
  /** Connections asked for and packets accounted for (original direction). */
  readonly connections: number
  readonly packets: number
}

/** One row an endpoint of a Service port. */
export interface EndpointColumns {
  readonly service: readonly string[]
  readonly portName: readonly string[]
  readonly protocol: readonly string[]
  readonly address: readonly string[]
  readonly port: Uint16Array
  readonly pod: readonly string[]
  readonly node: readonly string[]
  readonly zone: readonly string[]
  readonly connections: Float64Array
  readonly packets: Float64Array
  /** Share of its Service port's delivered connections in closed form, from the rules' own probabilities. */
  readonly expectedShare: Float64Array
  /** Share of its Service port's delivered connections in this run; NaN without connections. */
  readonly share: Float64Array
}

/** One row a Service port. */
export interface ServiceColumns {
  readonly namespace: readonly string[]
  readonly name: readonly string[]
  readonly portName: readonly string[]
  readonly protocol: readonly string[]
  readonly port: Uint16Array
  readonly type: readonly string[]
  readonly clusterIP: readonly string[]
  readonly endpoints: Uint32Array
  readonly connections: Float64Array
  readonly packets: Float64Array
  readonly delivered: Float64Array
  readonly rejected: Float64Array
  readonly dropped: Float64Array
  /** Sent somewhere no rule chose (a node's own stack, or out again on the uplink). */
  readonly unmatched: Float64Array
  /** Mean rules evaluated by a new connection of this Service port on the node where it met the rules. */
  readonly meanRulesEvaluated: Float64Array
  readonly distribution: readonly Distribution[]
}

export interface NodeColumns {
  readonly node: readonly string[]
  readonly zone: readonly string[]
  readonly localEndpoints: Uint32Array
  readonly natRules: Uint32Array
  readonly filterRules: Uint32Array
  /** In nftables mode's table; the two others are iptables mode's. */
  readonly nftRules: Uint32Array
  /** Connections that met this node's rules first. */
  readonly connections: Float64Array
  /** Connections that came here for their second hop. */
  readonly secondHopConnections: Float64Array
  /** Connections and packets that ended at an endpoint of this node. */
  readonly endpointConnections: Float64Array
  readonly endpointPackets: Float64Array
  readonly rulesEvaluated: Float64Array
}

export interface ZoneColumns {
  readonly zone: readonly string[]
  readonly nodes: Uint32Array
  readonly endpoints: Uint32Array
  readonly endpointConnections: Float64Array
  readonly endpointPackets: Float64Array
}

/** Summed over nodes, or one node's. `matched` and `evaluated` count packets, as iptables does, or counters of nft in front of a rule's last part and its first. */
export interface RuleColumns {
  /** 4 (iptables, nft's ip) or 6 (ip6tables, ip6). */
  readonly family: Uint8Array
  readonly table: PooledTexts
  readonly chain: PooledTexts
  /** Place in its chain, from 1, as `iptables -L --line-numbers`. */
  readonly index: Uint32Array
  readonly rule: PooledTexts
  readonly matched: Float64Array
  readonly evaluated: Float64Array
}

/** Rules evaluated by a new connection's first packet, by hop, and over both. */
export interface RulesEvaluated {
  readonly firstHop: Histogram
  readonly secondHop: Histogram
  readonly total: Histogram
}

/** Nanoseconds of a new connection's first packet, by hop, and over both. */
export interface ModelledNs extends RulesEvaluated {
  readonly backend: CostBackend
  /** Where the prices come from. */
  readonly profile: string
}

/** Nanoseconds of a new connection over both hops along a sweep, for one backend. */
export interface SweepNs {
  readonly backend: CostBackend
  readonly mean: Float64Array
  readonly p50: Float64Array
  readonly p99: Float64Array
}

/** What a step of a sweep over time came to. */
export interface SweepTime {
  readonly connections: Float64Array
  readonly failed: Float64Array
  readonly packetsLost: Float64Array
  /** Network programming latency. */
  readonly latencyP50Ms: Float64Array
  readonly latencyP90Ms: Float64Array
  readonly latencyP99Ms: Float64Array
  readonly syncs: Float64Array
  readonly fullSyncMs: Float64Array
  readonly partialSyncMs: Float64Array
  readonly busyShare: Float64Array
  /** See PodShares. */
  readonly newShareAtEnd: Float64Array
  readonly secondsToShare: Float64Array
  readonly podMaxOverMean: Float64Array
  /** Where there is ClientIP affinity. */
  readonly affinityForgottenShare?: Float64Array
  /** Where connection tables may fill. */
  readonly conntrackPeakEntries?: Float64Array
  readonly conntrackDroppedShare?: Float64Array
}

/** One row a step of a sweep scenario. */
export interface SweepColumns {
  /** The path that is swept, as `cluster.workloads[0].replicas`. */
  readonly path: string
  readonly value: Float64Array
  readonly natRules: Float64Array
  readonly nftRules: Float64Array
  readonly meanRulesEvaluated: Float64Array
  readonly p50RulesEvaluated: Float64Array
  readonly p99RulesEvaluated: Float64Array
  readonly p90RulesEvaluated: Float64Array
  readonly maxRulesEvaluated: Float64Array
  /** Of packets behind a connection's first. */
  readonly laterRulesEvaluated: Float64Array
  readonly modelledNs: readonly SweepNs[]
  readonly maxOverMean: Float64Array
  readonly coefficientOfVariation: Float64Array
  readonly gini: Float64Array
  readonly jain: Float64Array
  readonly idleEndpoints: Float64Array
  readonly servicesAskingHints: Float64Array
  readonly servicesHinted: Float64Array
  /** Over time; absent: nothing moved. */
  readonly time?: SweepTime
  /** Figures of others to compare with. */
  readonly published?: PublishedColumns
}

/** One row a published figure. */
export interface PublishedColumns {
  readonly source: string
  readonly what: string
  /** `us` or `per second`. */
  readonly unit: string
  /** The two constants of the hardware, fitted to the figures. */
  readonly baseUs: number
  readonly perRuleNs: number
  /** Value of the sweep. */
  readonly at: Float64Array
  /** mean, p50, p90 or p99. */
  readonly statistic: readonly string[]
  /** Rules evaluated, that statistic of them. */
  readonly rules: Float64Array
  readonly published: Float64Array
  readonly modelled: Float64Array
  /** modelled / published - 1. */
  readonly error: Float64Array
}
