/**
 * The tallies of a replay, which know destinations, DNAT rules and node numbers, become a RunResult, which knows Services, endpoints
 * and names. Counters are only moved and added up here; distribution numbers are made of them.
 */
import type { ClusterState } from '../cluster/cluster-state.ts'
import { nodeZone } from '../cluster/objects.ts'
import { distribution } from '../metrics/distribution.ts'
import { formatIp } from '../net/ip.ts'
import type { CostBackend, CostProfiles } from '../netfilter/cost/cost-profile.ts'
import type { PlannedRun } from '../replay/plan-run.ts'
import { PRICED_BACKENDS } from '../replay/priced-backends.ts'
import type { FamilyTallies, HopHistograms, Tallies } from '../replay/tallies.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { type AheadOfTallies, aheadOfTallies } from './ahead-of-tallies.ts'
import { runBudget } from './budget/run-budget.ts'
import { type EndpointRows, sharesOfRows, summedByEndpoint } from './endpoint-rows.ts'
import { hintedServices } from './hinted-services.ts'
import { nodeRules, type RuleCountsByTable } from './node-rules.ts'
import { countedRules } from './rule-columns.ts'
import { runMetrics } from './run-metrics.ts'
import type {
  EndpointColumns,
  ModelledNs,
  NodeColumns,
  RunHead,
  RunResult,
  ServiceColumns,
  ZoneColumns,
} from './run-result.ts'
import { type PassedNodes, timeColumns, timeMetrics } from './time-columns.ts'

export interface FinishedRun {
  readonly scenario: Scenario
  readonly state: ClusterState
  /** Events in the log. */
  readonly events: number
  readonly run: PlannedRun
  readonly tallies: Tallies
  /** Made while the tallies were counted. */
  readonly ahead?: AheadOfTallies
  /** The prices of the run, if it had any. */
  readonly profiles?: CostProfiles
  /** Of a run over time. */
  readonly passed?: PassedNodes
}

export function assembleResult(finished: FinishedRun): RunResult {
  const { run, tallies, profiles, passed } = finished
  const ahead = finished.ahead ?? aheadOfTallies(run)
  const endpoints = endpointColumns(ahead.endpoints, tallies)
  const services = serviceColumns(run, tallies, ahead.endpoints, endpoints.connections)
  const rulesOf = nodeRules(run)
  const rulesOfNode = run.nodes.map((_, node) => rulesOf(node))
  const nodes = nodeColumns(run, rulesOfNode, tallies, endpoints)
  const zones = zoneColumns(nodes)
  const time = passed === undefined ? undefined : timeColumns(passed, run.rows, nodes.node)
  const head = runHead(finished, rulesOfNode, endpoints.connections.length, zones.zone.length)
  const rulesEvaluated = { firstHop: tallies.firstHop, secondHop: tallies.secondHop, total: tallies.total }
  const rules = countedRules(ahead.rules, tallies)
  const modelledNs = tallies.modelledNs.map((hops, lane) => modelledOf(PRICED_BACKENDS[run.mode][lane], profiles, hops))
  const budget = runBudget(finished, services)
  return {
    ...(budget === undefined ? {} : { budget }),
    head,
    endpoints,
    services,
    nodes,
    zones,
    rules: rules.summed,
    detailNodes: run.plan.detailNodes.map((node, i) => ({
      node: run.nodes[node].name,
      why: run.detailReasons[i],
      rules: rules.details[i],
    })),
    rulesEvaluated,
    modelledNs,
    ...(time === undefined ? {} : { time }),
    metrics: {
      ...runMetrics(head, endpoints, services, rulesEvaluated, modelledNs),
      ...hintMetrics(finished.state),
      'rulesEvaluated.laterPackets.mean': laterRules(tallies),
      ...(time === undefined ? {} : timeMetrics(time)),
    },
  }
}

function hintMetrics(state: ClusterState): Record<string, number> {
  const { asking, hinted } = hintedServices(state)
  return { 'hints.servicesAsking': asking, 'hints.servicesHinted': hinted }
}

/** Mean rules that a packet behind a connection's first evaluates, over both hops; NaN without such packets. */
function laterRules({ nodes, destinations }: Tallies): number {
  const sum = (column: Float64Array): number => column.reduce((a, b) => a + b, 0)
  const packets = sum(destinations.packets) - sum(destinations.connections)
  return packets === 0 ? Number.NaN : sum(nodes.laterRulesEvaluated) / packets
}

function modelledOf(backend: CostBackend, profiles: CostProfiles | undefined, hops: HopHistograms): ModelledNs {
  if (profiles === undefined) throw new Error('nanoseconds without profiles')
  const { cpu, kernel, date } = profiles[backend].provenance
  return { ...hops, backend, profile: `${cpu}, ${kernel}, ${date}` }
}

function endpointColumns(
  { columns, endpointOfDnat, expected, firstOfRow }: EndpointRows,
  tallies: Tallies,
): EndpointColumns {
  const summed = (of: (counters: FamilyTallies) => Float64Array): Float64Array => {
    const { 4: four, 6: six } = tallies.families
    const ofDnat = { ...(four && { 4: of(four) }), ...(six && { 6: of(six) }) }
    return summedByEndpoint(ofDnat, endpointOfDnat, expected.length)
  }
  const connections = summed(c => c.backendConnections)
  return {
    ...columns,
    connections,
    packets: summed(c => c.backendPackets),
    share: sharesOfRows(connections, firstOfRow),
  }
}

function serviceColumns(
  run: PlannedRun,
  { destinations }: Tallies,
  { firstOfRow, columns }: EndpointRows,
  endpointConnections: Float64Array,
): ServiceColumns {
  const byRow = (ofDestination: Float64Array): Float64Array => {
    const sum = new Float64Array(run.rows.length)
    run.rowOfDestination.forEach((row, d) => {
      sum[row] += ofDestination[d]
    })
    return sum
  }
  const connections = byRow(destinations.connections)
  const noTarget = byRow(destinations.noTarget)
  const rulesEvaluated = byRow(destinations.rulesEvaluated)
  return {
    namespace: run.rows.map(r => r.port.namespace),
    name: run.rows.map(r => r.port.name),
    portName: run.rows.map(r => r.port.portName),
    protocol: run.rows.map(r => r.port.protocol),
    port: Uint16Array.from(run.rows, r => r.port.port),
    type: run.rows.map(r => r.service.type),
    clusterIP: run.rows.map(r => formatIp(r.port.clusterIP)),
    endpoints: Uint32Array.from(run.rows, (_, r) => firstOfRow[r + 1] - firstOfRow[r]),
    connections,
    packets: byRow(destinations.packets),
    delivered: byRow(destinations.delivered),
    rejected: byRow(destinations.rejected),
    dropped: byRow(destinations.dropped),
    unmatched: byRow(destinations.unmatched),
    // A connection that found no ingress node met no rules.
    meanRulesEvaluated: rulesEvaluated.map((sum, r) => sum / (connections[r] - noTarget[r])),
    distribution: run.rows.map(({ port }, r) => {
      const [from, to] = [firstOfRow[r], firstOfRow[r + 1]]
      const shares = columns.expectedShare.subarray(from, to)
      const whole = distribution(
        endpointConnections.subarray(from, to),
        // Nobody is expected anywhere: as good as even.
        shares.map(share => (Number.isNaN(share) ? 1 / shares.length : share)),
      )
      return port.affinitySeconds === 0 ? whole : { ...whole, ...UNTESTED }
    }),
  }
}

/** The chi-square is of connections that choose for themselves; a client that is remembered does not. */
const UNTESTED = { chiSquare: Number.NaN, degreesOfFreedom: Number.NaN, pValue: Number.NaN }

/** nftables mode's own table. */
const NFT_TABLE = 'kube-proxy'

function nodeColumns(
  run: PlannedRun,
  rules: readonly RuleCountsByTable[],
  { nodes: tallies }: Tallies,
  endpoints: EndpointColumns,
): NodeColumns {
  const local = new Map<string, number>()
  for (const node of endpoints.node) local.set(node, (local.get(node) ?? 0) + 1)
  const inTable = (table: string): Uint32Array => Uint32Array.from(rules, counts => counts.get(table) ?? 0)
  return {
    node: run.nodes.map(n => n.name),
    zone: run.nodes.map(nodeZone),
    localEndpoints: Uint32Array.from(run.nodes, n => local.get(n.name) ?? 0),
    natRules: inTable('nat'),
    filterRules: inTable('filter'),
    nftRules: inTable(NFT_TABLE),
    connections: tallies.connections,
    secondHopConnections: tallies.secondHopConnections,
    endpointConnections: tallies.endpointConnections,
    endpointPackets: tallies.endpointPackets,
    rulesEvaluated: tallies.rulesEvaluated,
  }
}

function zoneColumns(nodes: NodeColumns): ZoneColumns {
  const zones = [...new Set(nodes.zone)].sort()
  const sum = (of: (n: number) => number): Float64Array => {
    const byZone = new Map(zones.map(z => [z, 0]))
    nodes.zone.forEach((zone, n) => {
      byZone.set(zone, byZone.get(zone)! + of(n))
    })
    return Float64Array.from(byZone.values())
  }
  return {
    zone: zones,
    nodes: Uint32Array.from(sum(() => 1)),
    endpoints: Uint32Array.from(sum(n => nodes.localEndpoints[n])),
    endpointConnections: sum(n => nodes.endpointConnections[n]),
    endpointPackets: sum(n => nodes.endpointPackets[n]),
  }
}

function runHead(
  { scenario, state, events, run }: FinishedRun,
  rules: readonly RuleCountsByTable[],
  endpoints: number,
  zones: number,
): RunHead {
  const { traffic } = run.plan
  const most = rules.reduce((best, counts) => (total(counts) > total(best) ? counts : best))
  const families = Object.values(run.families).filter(own => own !== null).length
  return {
    scenario: scenario.name,
    question: scenario.question,
    seed: scenario.seed,
    proxyMode: scenario.proxy.mode,
    nodes: run.nodes.length,
    zones,
    pods: state.pods.size,
    services: state.services.size,
    servicePorts: run.rows.length,
    endpoints,
    events,
    rulesByTable: Object.fromEntries(most),
    kubeProxyNatRules: run.mode === 'iptables' ? most.get('nat')! - BASE_NAT_JUMPS * families : 0,
    connections: traffic.connections,
    packets: scenario.traffic.packets,
  }
}

/** Jumps from nat's built-in chains: iptables-save shows them, kube-proxy's metric leaves them out. */
const BASE_NAT_JUMPS = 3

const total = (counts: RuleCountsByTable): number => counts.values().reduce((sum, count) => sum + count, 0)
