/**
 * A cluster's state and a scenario -> everything a replay needs, and what is needed to read its tallies again: every node's rules,
 * compiled; the traffic; where every backend lives; the order of Services on each node. Pure; the slowest step at 5,000 nodes is
 * writing and compiling the rules (about a second each for 262,505 nat rules).
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { ClusterNode } from '../cluster/objects.ts'
import { inPrefixes } from '../net/in-prefixes.ts'
import type { IpFamily } from '../net/ip.ts'
import { formatIp, parsePrefix } from '../net/ip.ts'
import type { CostProfiles } from '../netfilter/cost/cost-profile.ts'
import type { Host } from '../netfilter/host.ts'
import { badInput, type Problem } from '../problem/problem.ts'
import { nodeDependence } from '../proxier/node-dependence.ts'
import { DEFAULT_PROXIER_CONFIG, NFTABLES_PROXIER_CONFIG, type ProxierConfig } from '../proxier/proxier-config.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { randomStream, streamSeed } from '../sim/random.ts'
import { benchmarkClients } from '../workload/benchmark-clients.ts'
import { planTraffic } from '../workload/plan-traffic.ts'
import { DESTINATION, DESTINATION_WORDS, type TrafficPlan } from '../workload/traffic.ts'
import type { TrafficClassRequest, TrafficDestination } from '../workload/traffic-request.ts'
import { zipfWeights } from '../workload/zipf-weights.ts'
import { AddressMap } from './address-map.ts'
import { type FamilyInput, type IptablesFamily, type NftFamily, planIptables, planNftables } from './plan-family.ts'
import type { AffinityPlan, IptablesPlan, NftPlan } from './replay-plan.ts'
import { type ServiceRow, serviceRows } from './service-rows.ts'

export type PlannedRun = PlannedIptables | PlannedNftables

export interface PlannedIptables extends Planned {
  readonly mode: 'iptables'
  readonly plan: IptablesPlan
  readonly families: { readonly 4: IptablesFamily | null; readonly 6: IptablesFamily | null }
}

export interface PlannedNftables extends Planned {
  readonly mode: 'nftables'
  readonly plan: NftPlan
  readonly families: { readonly 4: NftFamily | null; readonly 6: NftFamily | null }
}

export type PlannedFamily = IptablesFamily | NftFamily

interface Planned {
  /** In order of creation; node numbers of the plan are indices. */
  readonly nodes: readonly ClusterNode[]
  /** IPv4 rows, then IPv6 rows. */
  readonly rows: readonly ServiceRow[]
  /** Per destination of the plan: its row. */
  readonly rowOfDestination: Uint32Array
  /** What every kube-proxy runs with. */
  readonly config: ProxierConfig
  /** Why each detail node of the plan was chosen. */
  readonly detailReasons: readonly string[]
}

/** `profiles`: prices to model nanoseconds with; without, none are. */
export function planRun(
  state: ClusterState,
  scenario: Scenario,
  profiles?: CostProfiles,
): E.Either<Problem, PlannedRun> {
  const nodes = [...state.nodes.values()].map(stored => stored.object)
  const nodeIndex = new Map(nodes.map((node, i) => [node.name, i]))
  const podsOfNode = podAddresses(state, nodes, nodeIndex)
  const config = kubeProxyConfig(scenario, nodes)
  const input: FamilyInput = {
    state,
    nodes,
    hosts: nodes.map((node, n) => hostOf(node, podsOfNode[n], scenario)),
    config,
    nodeOfAddress: addressMap(state, nodes, podsOfNode, nodeIndex),
    ...(profiles === undefined ? {} : { profiles }),
  }
  const rowsOf = (own: PlannedFamily | null, family: IpFamily): ServiceRow[] =>
    own === null ? [] : serviceRows(state, family, own.views.servicePorts, nodeIndex)
  if (config.mode === 'nftables') {
    const v4 = planNftables(input, 4, 0)
    const rows = rowsOf(v4, 4)
    const families = { 4: v4, 6: planNftables(input, 6, rows.length) }
    rows.push(...rowsOf(families[6], 6))
    return pipe(
      planTheRest(rows, nodes, podsOfNode, scenario),
      E.map(
        ({ plan, ...rest }): PlannedRun => ({
          mode: 'nftables',
          plan: {
            ...plan,
            mode: 'nftables',
            families: { 4: families[4]?.plan ?? null, 6: families[6]?.plan ?? null },
            sameOnEveryNode: sameOnEveryNode(rows, rest.rowOfDestination, plan.traffic, config),
          },
          families,
          config,
          ...rest,
        }),
      ),
    )
  }
  const v4 = planIptables(input, 4, 0)
  if (E.isLeft(v4)) return v4
  const rows = rowsOf(v4.right, 4)
  const v6 = planIptables(input, 6, rows.length)
  if (E.isLeft(v6)) return v6
  const families = { 4: v4.right, 6: v6.right }
  rows.push(...rowsOf(families[6], 6))
  return pipe(
    planTheRest(rows, nodes, podsOfNode, scenario),
    E.map(
      ({ plan, ...rest }): PlannedRun => ({
        mode: 'iptables',
        plan: {
          ...plan,
          mode: 'iptables',
          orderKeyOfNode: orderKeys(scenario, nodes.length),
          families: { 4: families[4]?.plan ?? null, 6: families[6]?.plan ?? null },
        },
        families,
        config,
        ...rest,
      }),
    ),
  )
}

/** What is the same in either mode. */
function planTheRest(
  rows: readonly ServiceRow[],
  nodes: readonly ClusterNode[],
  podsOfNode: readonly (readonly string[])[],
  scenario: Scenario,
) {
  if (rows.length === 0)
    return E.left(
      badInput(
        { field: 'cluster' },
        'no Service has a clusterIP, so there is nothing to send to',
        'add a Service with ports (cluster.objects, or a workload with a service)',
      ),
    )
  const { destinations, classes, rowOfDestination } = requestOf(rows, scenario)
  const traffic = planTraffic({
    seed: scenario.seed,
    packets: scenario.traffic.packets,
    packetsPerConnection: packetsPerConnection(scenario),
    nodes: nodes.map((node, n) => ({ addresses: internalIps(node), pods: podsOfNode[n] })),
    destinations,
    classes,
  })
  if (E.isLeft(traffic)) return traffic
  const affinity = affinityPlan(rows, rowOfDestination, scenario)
  const detail = detailNodes(traffic.right, nodes.length, scenario.detailNodes)
  return E.right({
    plan: {
      traffic: traffic.right,
      ruleSeed: streamSeed(scenario.seed, 'rules'),
      detailNodes: detail.map(d => d.node),
      ...(affinity === undefined ? {} : { affinity }),
    },
    nodes,
    rows,
    rowOfDestination,
    detailReasons: detail.map(d => d.why),
  })
}

/**
 * nftables mode gives every node rules of its own, as each names its own addresses for node ports. Where nothing else tells them apart, a
 * destination leads to the same backends on all of them.
 */
function sameOnEveryNode(
  rows: readonly ServiceRow[],
  rowOfDestination: Uint32Array,
  { destinations: { words } }: TrafficPlan,
  { nodePortAddresses }: ProxierConfig,
): Uint8Array {
  const takesNodePorts = nodePortAddresses.length === 0 || nodePortAddresses.includes('primary')
  return Uint8Array.from(rowOfDestination, (row, d) => {
    const atIngress = words[DESTINATION_WORDS * d + DESTINATION.atIngress] === 1
    return nodeDependence(rows[row].port) === undefined && (takesNodePorts || !atIngress) ? 1 : 0
  })
}

/** Inside: every row's ClusterIP. Outside: the rows that clients outside can reach. */
function requestOf(
  rows: readonly ServiceRow[],
  scenario: Scenario,
): { destinations: TrafficDestination[]; classes: TrafficClassRequest[]; rowOfDestination: Uint32Array } {
  const weights = popularity(rows.length, scenario)
  const outsideRows = rows.flatMap((row, r) => (row.outside === null ? [] : [r]))
  const destinations = [...rows.map(r => r.inside), ...outsideRows.map(r => rows[r].outside!)]
  const inside = { destinations: rows.map((_, r) => r), weights }
  const { pod, node, outside } = scenario.traffic.sources
  const { clients: wanted } = scenario.traffic
  const clients = typeof wanted === 'number' ? benchmarkClients(wanted) : wanted
  return {
    destinations,
    rowOfDestination: Uint32Array.from([...rows.keys(), ...outsideRows]),
    classes: [
      { origin: 'pod', weight: pod, ...inside },
      { origin: 'node', weight: node, ...inside },
      {
        origin: 'outside',
        weight: outside,
        destinations: outsideRows.map((_, i) => rows.length + i),
        weights: outsideRows.map(r => weights[r]),
        ...(clients.length > 0 ? { clients } : {}),
      },
    ],
  }
}

/** Clients that are remembered, in order of time; without time all at one instant. */
function affinityPlan(
  rows: readonly ServiceRow[],
  rowOfDestination: Uint32Array,
  { seed, time, traffic: { keepAlive } }: Scenario,
): AffinityPlan | undefined {
  const remembers = Uint8Array.from(rowOfDestination, row => (rows[row].port.affinitySeconds > 0 ? 1 : 0))
  if (!remembers.includes(1)) return undefined
  const horizonUs = time?.horizon ?? 0
  return {
    remembers,
    withinUs: keepAlive === undefined ? horizonUs : Math.min(keepAlive.ramp, horizonUs),
    arrivalSeed: streamSeed(seed, 'arrivals'),
  }
}

/** Weights of the rows: even, or Zipf's over a seeded order. */
function popularity(count: number, scenario: Scenario): Float64Array {
  const { popularity: wanted } = scenario.traffic
  if (wanted === 'uniform') return new Float64Array(count).fill(1)
  const byRank = zipfWeights(count, wanted.zipf)
  const stream = randomStream(scenario.seed, 'popularity')
  for (let i = count - 1; i > 0; i--) {
    const j = stream.below(i + 1)
    const weight = byRank[i]
    byRank[i] = byRank[j]
    byRank[j] = weight
  }
  return byRank
}

function packetsPerConnection({ traffic }: Scenario) {
  const wanted = traffic.packetsPerConnection
  return typeof wanted === 'number'
    ? ({ kind: 'fixed', packets: wanted } as const)
    : ({ kind: 'geometric', mean: wanted.geometricMean } as const)
}

/** kube-proxy's settings as a cluster of this scenario runs it: --cluster-cidr is where the cluster's pod CIDRs come from. */
export function kubeProxyConfig(scenario: Scenario, nodes: readonly ClusterNode[]): ProxierConfig {
  const config = proxierConfig(scenario, nodes)
  if (scenario.proxy.mode === 'iptables') return config
  const { nodePortAddresses } = config.nodePortAddresses.length > 0 ? config : NFTABLES_PROXIER_CONFIG
  return { ...config, mode: 'nftables', nodePortAddresses }
}

/** The same, as if in iptables mode. */
function proxierConfig(scenario: Scenario, nodes: readonly ClusterNode[]): ProxierConfig {
  const {
    mode: _,
    serviceOrder: __,
    minSyncPeriod: ___,
    syncPeriod: ____,
    syncDuration: _____,
    syncTool: ______,
    conntrack: _______,
    ...flags
  } = scenario.proxy
  return {
    ...DEFAULT_PROXIER_CONFIG,
    ...flags,
    clusterCidrs: scenario.cluster.clusterCidrs ?? inferredClusterCidrs(nodes),
  }
}

/** Of each family the range of the first pod CIDR, widened to a /16 or /56 as kubeadm and kind lay their clusters out. */
function inferredClusterCidrs(nodes: readonly ClusterNode[]): string[] {
  const found: string[] = []
  for (const family of [4, 6] as const) {
    const first = nodes.flatMap(n => n.podCIDRs).find(c => c.includes(':') === (family === 6))
    const prefix = first === undefined ? undefined : parsePrefix(first)
    if (prefix === undefined) continue
    const length = Math.min(prefix.length, family === 4 ? 16 : 56)
    const hostBits = BigInt((family === 4 ? 32 : 128) - length)
    found.push(`${formatIp({ family, value: (prefix.value >> hostBits) << hostBits })}/${length}`)
  }
  return found
}

const internalIps = (node: ClusterNode): string[] =>
  node.addresses.flatMap(a => (a.type === 'InternalIP' ? [a.address] : []))

/** Pods of each node that have an address of their own. */
function podAddresses(
  state: ClusterState,
  nodes: readonly ClusterNode[],
  nodeIndex: ReadonlyMap<string, number>,
): string[][] {
  const pods: string[][] = nodes.map(() => [])
  for (const { object: pod } of state.pods.values()) {
    const node = nodeIndex.get(pod.nodeName)
    if (node !== undefined && !pod.hostNetwork && pod.phase === 'Running') pods[node].push(...pod.podIPs)
  }
  return pods
}

/** Which node an address lives on: pods, node addresses, and what imported EndpointSlices say of theirs. */
function addressMap(
  state: ClusterState,
  nodes: readonly ClusterNode[],
  podsOfNode: readonly (readonly string[])[],
  nodeIndex: ReadonlyMap<string, number>,
): AddressMap {
  const map = new AddressMap()
  for (const { object: slice } of state.endpointSlices.values()) {
    for (const { addresses, nodeName } of slice.endpoints) {
      const node = nodeIndex.get(nodeName)
      if (node !== undefined) for (const address of addresses) map.set(address, node)
    }
  }
  nodes.forEach((node, n) => {
    for (const address of podsOfNode[n]) map.set(address, n)
    for (const address of internalIps(node)) map.set(address, n)
  })
  return map
}

/** A node routes its podCIDRs to its pods, and every pod address outside of them on its own. */
function hostOf(node: ClusterNode, pods: readonly string[], { proxy }: Scenario): Host {
  const prefixes = node.podCIDRs.flatMap(c => parsePrefix(c) ?? [])
  const isNear = inPrefixes(prefixes)
  const strays = pods.filter(p => !isNear(p))
  return {
    localAddresses: internalIps(node),
    podPrefixes: [...node.podCIDRs, ...strays.map(p => `${p}/${p.includes(':') ? 128 : 32}`)],
    uplinkName: 'eth0',
    podInterfaceName:
      proxy.detectLocalMode === 'BridgeInterface' ? proxy.podBridgeInterface : `${proxy.podInterfaceNamePrefix}0`,
  }
}

/** kube-proxy's random order of Services, another on every node; 0 is the order as written. */
function orderKeys({ proxy, seed }: Scenario, nodeCount: number): Uint32Array {
  const keys = new Uint32Array(new SharedArrayBuffer(4 * nodeCount))
  if (proxy.serviceOrder === 'sorted') return keys
  const stream = randomStream(seed, 'service-order')
  for (let n = 0; n < nodeCount; n++) keys[n] = 1 + stream.below(0xffff_ffff)
  return keys
}

/** The first node, the busiest, the median, and then evenly between, by the connections that start there. */
function detailNodes(traffic: TrafficPlan, nodeCount: number, wanted: number): { node: number; why: string }[] {
  const load = new Float64Array(nodeCount)
  for (const kind of traffic.classes) for (let n = 0; n < nodeCount; n++) load[n] += kind.connectionsOfNode[n]
  const byLoad = Array.from(load.keys()).sort((a, b) => load[a] - load[b] || a - b)
  const candidates = [
    { node: 0, why: 'first' },
    { node: byLoad[nodeCount - 1], why: 'busiest' },
    ...[0.5, 0.25, 0.75, 0, 0.9, 0.1, 0.6, 0.4, 0.3, 0.7, 0.2, 0.8, 0.95, 0.05].map(share => ({
      node: byLoad[Math.floor(share * (nodeCount - 1))],
      why: share === 0.5 ? 'median' : share === 0 ? 'idlest' : `${Math.round(share * 100)}th percentile`,
    })),
  ]
  const chosen = new Map<number, string>()
  for (const { node, why } of candidates) if (chosen.size < wanted && !chosen.has(node)) chosen.set(node, why)
  return [...chosen].map(([node, why]) => ({ node, why })).sort((a, b) => a.node - b.node)
}
