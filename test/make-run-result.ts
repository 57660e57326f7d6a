/** A RunResult as a simulation could give it, for tests of outputs: a multinomial load over Services of given sizes, seeded. */
import { PooledTexts } from '../src/arrow/pooled-texts.ts'
import { type Distribution, distribution } from '../src/metrics/distribution.ts'
import { newHistogram, record } from '../src/metrics/histogram.ts'
import { COST_BACKENDS } from '../src/netfilter/cost/cost-profile.ts'
import type { BudgetHead } from '../src/output/budget/budget-head.ts'
import type { RuleColumns, RunResult, SweepColumns } from '../src/output/run-result.ts'
import type { TimeColumns } from '../src/output/time-columns.ts'
import { draw32, scale32 } from '../src/sim/random.ts'

export interface RunResultOptions {
  /** Endpoints of each Service; its name is `name(i)`. */
  readonly serviceSizes?: readonly number[]
  readonly name?: (service: number) => string
  /** Connections to each Service. */
  readonly connections?: (service: number) => number
  readonly nodes?: number
  readonly zones?: number
  readonly question?: string
  readonly metrics?: Readonly<Record<string, number>>
  /** Of a run over time. */
  readonly time?: TimeColumns
}

export function makeRunResult(options: RunResultOptions = {}): RunResult {
  const { serviceSizes = [3, 1, 2], nodes = 4, zones = 2 } = options
  const name = options.name ?? ((i: number) => `web-${i}`)
  const connectionsOf = options.connections ?? (() => 600)
  const services = serviceSizes.length
  const owner = serviceSizes.flatMap((size, service) => Array<number>(size).fill(service))
  const endpointCount = owner.length
  const nodeOf = (endpoint: number): number => (endpoint * 7) % nodes
  const zoneOf = (node: number): string => `zone-${'abcdefgh'[node % zones]}`
  const nodeName = (node: number): string => `node-${node}`
  const connections = new Float64Array(endpointCount)
  const nodeConnections = new Float64Array(nodes)
  const secondHop = new Float64Array(nodes)
  const hops = { firstHop: newHistogram(), secondHop: newHistogram(), total: newHistogram() }
  const spreads: Distribution[] = []
  let first = 0
  serviceSizes.forEach((size, service) => {
    for (let c = 0; c < connectionsOf(service); c++) {
      const draw = (n: number, bound: number): number => scale32(draw32(1, 2, c, service, n), bound)
      const place = size === 0 ? -1 : draw(0, size)
      const node = draw(1, nodes)
      nodeConnections[node]++
      const walked = 12 + draw(2, services) + place
      record(hops.firstHop, walked, 1)
      if (place >= 0) {
        connections[first + place]++
        secondHop[nodeOf(first + place)]++
        record(hops.secondHop, 10 + services, 1)
      }
      record(hops.total, walked + (place < 0 ? 0 : 10 + services), 1)
    }
    spreads.push(distribution(connections.slice(first, first + size), new Float64Array(size).fill(1 / size)))
    first += size
  })
  const delivered = Float64Array.from(serviceSizes, (size, i) => (size === 0 ? 0 : connectionsOf(i)))
  const asked = Float64Array.from(serviceSizes, (_, i) => connectionsOf(i))
  const perNode = (counts: (endpoint: number) => number): Float64Array => {
    const sums = new Float64Array(nodes)
    for (let e = 0; e < endpointCount; e++) sums[nodeOf(e)] += counts(e)
    return sums
  }
  const endpointConnections = perNode(e => connections[e])
  const localEndpoints = Uint32Array.from(perNode(() => 1))
  const allNodes = [...Array(nodes).keys()]
  const zoneNames = [...new Set(allNodes.map(zoneOf))].sort()
  const perZone = (values: ArrayLike<number>): Float64Array =>
    Float64Array.from(zoneNames, zone => allNodes.reduce((sum, n) => sum + (zoneOf(n) === zone ? values[n] : 0), 0))
  const rules = makeRules(serviceSizes, connections)
  return {
    head: {
      scenario: 'sample',
      question: options.question ?? 'Is the load even?',
      seed: 'svcsim',
      proxyMode: 'iptables',
      nodes,
      zones,
      pods: endpointCount,
      services,
      servicePorts: services,
      endpoints: endpointCount,
      events: nodes + 2 * services + endpointCount,
      rulesByTable: { nat: 15 + 2 * services + 3 * endpointCount, filter: 12 },
      kubeProxyNatRules: 12 + 2 * services + 3 * endpointCount,
      connections: asked.reduce((a, b) => a + b, 0),
      packets: 10 * asked.reduce((a, b) => a + b, 0),
    },
    endpoints: {
      service: owner.map(s => `shop/${name(s)}`),
      portName: owner.map(() => ''),
      protocol: owner.map(() => 'TCP'),
      address: owner.map((_, e) => `10.64.${e >> 8}.${e & 255}`),
      port: new Uint16Array(endpointCount).fill(8080),
      pod: owner.map((s, e) => `shop/${name(s)}-${e}`),
      node: owner.map((_, e) => nodeName(nodeOf(e))),
      zone: owner.map((_, e) => zoneOf(nodeOf(e))),
      connections,
      packets: connections.map(c => 10 * c),
      expectedShare: Float64Array.from(owner, s => 1 / serviceSizes[s]),
      share: Float64Array.from(owner, (s, e) => connections[e] / delivered[s]),
    },
    services: {
      namespace: serviceSizes.map(() => 'shop'),
      name: serviceSizes.map((_, i) => name(i)),
      portName: serviceSizes.map(() => ''),
      protocol: serviceSizes.map(() => 'TCP'),
      port: new Uint16Array(services).fill(80),
      type: serviceSizes.map(() => 'ClusterIP'),
      clusterIP: serviceSizes.map((_, i) => `10.96.${i >> 8}.${i & 255}`),
      endpoints: Uint32Array.from(serviceSizes),
      connections: asked,
      packets: asked.map(c => 10 * c),
      delivered,
      rejected: asked.map((c, i) => c - delivered[i]),
      dropped: new Float64Array(services),
      unmatched: new Float64Array(services),
      meanRulesEvaluated: Float64Array.from(serviceSizes, (size, i) =>
        connectionsOf(i) === 0 ? NaN : 12 + services / 2 + size / 2,
      ),
      distribution: spreads,
    },
    nodes: {
      node: allNodes.map(nodeName),
      zone: allNodes.map(zoneOf),
      localEndpoints,
      natRules: new Uint32Array(nodes).fill(15 + 2 * services + 3 * endpointCount),
      filterRules: new Uint32Array(nodes).fill(12),
      nftRules: new Uint32Array(nodes),
      connections: nodeConnections,
      secondHopConnections: secondHop,
      endpointConnections,
      endpointPackets: endpointConnections.map(c => 10 * c),
      rulesEvaluated: nodeConnections.map(c => 30 * c),
    },
    zones: {
      zone: zoneNames,
      nodes: Uint32Array.from(perZone(new Float64Array(nodes).fill(1))),
      endpoints: Uint32Array.from(perZone(localEndpoints)),
      endpointConnections: perZone(endpointConnections),
      endpointPackets: perZone(endpointConnections.map(c => 10 * c)),
    },
    rules,
    detailNodes: [
      { node: nodeName(0), why: 'first', rules },
      ...(nodes > 1 ? [{ node: nodeName(nodes - 1), why: 'busiest', rules }] : []),
    ],
    rulesEvaluated: hops,
    modelledNs: COST_BACKENDS.map(backend => ({ ...hops, backend, profile: 'a processor, a kernel, 2026-01-01' })),
    ...(hops.total.count === 0 ? {} : { budget: makeBudget() }),
    ...(options.time === undefined ? {} : { time: options.time }),
    metrics: options.metrics ?? { connections: 1, 'cluster.nodes': nodes },
  }
}

/** KUBE-SERVICES, then a chain a Service with a rule an endpoint. */
function makeRules(serviceSizes: readonly number[], connections: Float64Array): RuleColumns {
  const rows: { chain: string; index: number; rule: string; matched: number; evaluated: number }[] = []
  serviceSizes.forEach((_, s) => {
    rows.push({
      chain: 'KUBE-SERVICES',
      index: s + 1,
      rule: `-A KUBE-SERVICES -d 10.96.0.${s}/32 -j ${chainName(s)}`,
      matched: 600,
      evaluated: 1_800,
    })
  })
  let endpoint = 0
  serviceSizes.forEach((size, s) => {
    for (let i = 0; i < size; i++, endpoint++)
      rows.push({
        chain: chainName(s),
        index: i + 1,
        rule: `-A ${chainName(s)} -j KUBE-SEP-${i}`,
        matched: connections[endpoint],
        evaluated: 2 * connections[endpoint],
      })
  })
  return {
    table: PooledTexts.of(rows.map(() => 'nat')),
    chain: PooledTexts.of(rows.map(r => r.chain)),
    index: Uint32Array.from(rows, r => r.index),
    rule: PooledTexts.of(rows.map(r => r.rule)),
    family: new Uint8Array(rows.length).fill(4),
    matched: Float64Array.from(rows, r => r.matched),
    evaluated: Float64Array.from(rows, r => r.evaluated),
  }
}

const chainName = (service: number): string =>
  `KUBE-SVC-${service
    .toString(26)
    .toUpperCase()
    .replace(/[0-9]/g, d => 'QRSTUVWXYZ'[Number(d)])
    .padStart(16, 'A')}`

export function makeSweep(values: readonly number[] = [1, 10, 100, 1_000]): SweepColumns {
  const column = (f: (v: number) => number): Float64Array => Float64Array.from(values, f)
  return {
    path: 'cluster.workloads[0].replicas',
    value: column(v => v),
    natRules: column(v => 20 + 3 * v),
    nftRules: column(() => 0),
    meanRulesEvaluated: column(v => 30 + v / 2),
    p50RulesEvaluated: column(v => 30 + Math.floor(v / 2)),
    p99RulesEvaluated: column(v => 30 + v),
    p90RulesEvaluated: column(v => 30 + Math.floor(0.9 * v)),
    maxRulesEvaluated: column(v => 31 + v),
    laterRulesEvaluated: column(() => 8),
    modelledNs: COST_BACKENDS.map((backend, lane) => ({
      backend,
      mean: column(v => 4000 + 100 * lane * v),
      p50: column(v => 4000 + 90 * lane * v),
      p99: column(v => 4000 + 200 * lane * v),
    })),
    maxOverMean: column(v => 1 + Math.sqrt(v) / 100),
    coefficientOfVariation: column(v => Math.sqrt(v) / 300),
    gini: column(v => Math.sqrt(v) / 500),
    jain: column(v => 1 - v / 90_000),
    idleEndpoints: column(() => 0),
    servicesAskingHints: column(() => 0),
    servicesHinted: column(() => 0),
  }
}

const makeBudget = (): BudgetHead => ({
  us: 100,
  backends: COST_BACKENDS.map((backend, lane) => ({
    backend,
    meanUs: 12.3456 - lane,
    slowUs: 20 - lane,
    connectionsPerCore: 81_000.4 + 1_000 * lane,
    services: lane === 2 ? null : 9_000 - 4_000 * lane,
    servicesSlow: lane === 2 ? null : 7_000 - 4_000 * lane,
    endpoints: lane === 2 ? null : 2_000,
    fit: lane === 2 ? null : { cases: 47, medianError: 0.004, worstError: 0.157 },
  })),
})
