/**
 * Runs in nftables mode against their slow twin: every packet of every connection traced rule by rule through the text's own objects, hop by hop. All
 * counters of rules, fates, backends and nanoseconds must be the same, whatever the cluster, the workers and the order of jobs.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prepareCluster } from '../src/app/prepare-cluster.ts'
import { readCostProfiles } from '../src/app/read-cost-profiles.ts'
import { MemoryBytes } from '../src/eventlog/memory-bytes.ts'
import { formatIp, type IpFamily, readIpWords } from '../src/net/ip.ts'
import { CT, copyPacket, newPacket, ORIGIN, type Packet } from '../src/net/packet.ts'
import { PlainConntrack } from '../src/netfilter/conntrack/plain-conntrack.ts'
import { itemsNs, spreadItems } from '../src/netfilter/cost/cost-profile.ts'
import { nftWayTerms, tracedNftWay } from '../src/netfilter/cost/nft-way-terms.ts'
import { type NftMemory, newNftMemory } from '../src/netfilter/nft/nft-memory.ts'
import { type NftTrace, traceNft } from '../src/netfilter/nft/trace-nft.ts'
import { OUTCOME } from '../src/netfilter/outcome.ts'
import { allRules } from '../src/output/rule-columns.ts'
import type { RuleColumns } from '../src/output/run-result.ts'
import { arrivalState, startOf } from '../src/replay/flow-start.ts'
import { hostViews } from '../src/replay/host-table.ts'
import { jobReplayer } from '../src/replay/job-replayer.ts'
import { jobsOf } from '../src/replay/jobs.ts'
import { type PlannedNftables, planRun } from '../src/replay/plan-run.ts'
import { withPool } from '../src/replay/pool.ts'
import { mergeTallies, type Tallies } from '../src/replay/tallies.ts'
import { printNftRule } from '../src/ruleset/print-nft-rule.ts'
import { checkScenario } from '../src/scenario/decode-scenario.ts'
import { draw32 } from '../src/sim/random.ts'
import { drawFlow } from '../src/workload/draw-flow.ts'
import { inNftables } from './in-mode.ts'
import { rightOf } from './run-time.ts'

const PROFILES = rightOf(await readCostProfiles(undefined)())

/** A Service without a selector: endpoints on the host network, at an address of nobody, and at a node port of another Service. */
const OBJECTS = `
apiVersion: v1
kind: Service
metadata: { name: agents, namespace: default }
spec: { type: NodePort, ports: [{ name: http, port: 80, protocol: TCP, targetPort: 9100 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: agents-1, namespace: default, labels: { kubernetes.io/service-name: agents } }
addressType: IPv4
ports: [{ name: http, port: 9100, protocol: TCP }]
endpoints:
  - { addresses: [172.18.0.2], nodeName: node-0, conditions: { ready: true } }
  - { addresses: [172.18.0.3], nodeName: node-1, conditions: { ready: true } }
  - { addresses: [198.51.100.9], conditions: { ready: true } }
`

function planned(written: object, objects = ''): PlannedNftables {
  const scenario = rightOf(
    checkScenario(
      { name: 'test', question: 'What happens?', proxy: { mode: 'nftables' }, ...written },
      { file: 'test.yaml' },
    ),
  )
  const log = { events: new MemoryBytes('events.arrows'), index: new MemoryBytes('events.idx') }
  const files = objects === '' ? [] : [{ name: 'objects.yaml', bytes: new TextEncoder().encode(objects) }]
  const { state } = rightOf(prepareCluster(scenario, { objects: files, recording: [] }, log))
  return inNftables(rightOf(planRun(state, scenario, PROFILES)))
}

/** Jobs dealt to so many workers, last ones first. */
function replayed({ plan }: PlannedNftables, workers: number): Tallies {
  const replayers = Array.from({ length: workers }, () => jobReplayer(plan))
  const jobs = jobsOf(plan.traffic).reverse()
  jobs.forEach((job, j) => {
    replayers[j % workers].replay(job)
  })
  return mergeTallies(
    plan,
    replayers.map(r => r.finish()),
  )
}

type Sums = Record<string, number>

interface Counted {
  /** By `family chain index rule`, of all nodes, and of each node alone. */
  readonly rules: Map<string, { matched: number; evaluated: number }>
  readonly rulesOfNode: Map<string, { matched: number; evaluated: number }>[]
  readonly ends: Sums
  /** Connections and packets by `address port` of the backend. */
  readonly backends: Sums
  readonly backendPackets: Sums
  readonly rulesEvaluated: Record<'firstHop' | 'secondHop' | 'later', number>
  readonly ns: number[]
}

const add = (sums: Sums, key: string, count: number): void => {
  sums[key] = (sums[key] ?? 0) + count
}

function traced(run: PlannedNftables): Counted {
  const counted: Counted = {
    rules: new Map(),
    rulesOfNode: run.nodes.map(() => new Map()),
    ends: {},
    backends: {},
    backendPackets: {},
    rulesEvaluated: { firstHop: 0, secondHop: 0, later: 0 },
    ns: [],
  }
  for (const family of [4, 6] as const)
    if (run.families[family] !== null)
      for (let node = 0; node < run.nodes.length; node++) traceNode(run, family, node, counted)
  return counted
}

/** All connections that begin at the node, in order of time. */
function traceNode({ plan, families }: PlannedNftables, family: IpFamily, node: number, counted: Counted): void {
  const { traffic, affinity, ruleSeed } = plan
  const { views, plan: own } = families[family]!
  const hosts = hostViews(own.hosts)
  const rulesetOf = (n: number) => views.views[own.viewOfNode[n]]
  const tracker = (): PlainConntrack => new PlainConntrack(ruleSeed, true)
  const flows = traffic.classes.flatMap((kind, c) =>
    kind.family !== family
      ? []
      : Array.from({ length: kind.connectionsOfNode[node] }, (_, i) => {
          const flow = { packet: newPacket(family), destination: -1, packets: 0 }
          drawFlow(traffic, c, node, i, flow)
          const nowUs =
            affinity === undefined ? 0 : startOf(arrivalState(affinity.arrivalSeed, flow.packet), affinity.withinUs)
          return { flow, nowUs }
        }),
  )
  const memory = newNftMemory(rulesetOf(node), tracker())
  const trace = (at: number, packet: Packet, known: NftMemory | undefined): NftTrace => {
    const draw = (n: number): number => draw32(ruleSeed.low, ruleSeed.high, packet.flowLow, packet.flowHigh, n)
    return traceNft(rulesetOf(at), hosts[at], packet, draw, known === undefined ? {} : { memory: known })
  }
  /** A later packet belongs to the connection that the first one began. */
  const traceLater = (at: number, { packet }: NftTrace): NftTrace => {
    const later = Object.assign(copyPacket(packet), { mark: 0 })
    later.ctState = CT.ESTABLISHED | (packet.ctState & (CT.DNAT | CT.SNAT))
    return traceNft(rulesetOf(at), hosts[at], later, () => 0, { attached: true })
  }
  const count = (at: number, { steps }: NftTrace, packets: number): void => {
    for (const { chain, index, rule, matched } of steps)
      for (const rules of [counted.rules, counted.rulesOfNode[at]]) {
        const key = `${family} ${chain.name} ${index + 1} ${printNftRule(rule, family)}`
        const cell = rules.get(key) ?? { matched: 0, evaluated: 0 }
        rules.set(key, cell)
        cell.evaluated += packets
        if (matched) cell.matched += packets
      }
  }
  const nsOf = (at: number, way: NftTrace): number => {
    const seen = tracedNftWay(way, hosts[at])
    const spread = seen.isTranslated ? spreadItems(own.program.dnatCount) : []
    return itemsNs(PROFILES.nftables, [...nftWayTerms(seen), ...spread])
  }
  for (const { flow, nowUs } of flows.sort((a, b) => a.nowUs - b.nowUs)) {
    const first = trace(node, flow.packet, { ...memory, nowUs, tracker: tracker() })
    const verdict = first.dnat?.verdict
    const backend = verdict?.kind === 'dnat' ? verdict : undefined
    count(node, first, 1)
    counted.rulesEvaluated.firstHop += first.steps.length
    let ns = nsOf(node, first)
    let end: string = END[first.outcome] ?? (backend === undefined ? 'unmatched' : 'delivered')
    let second: NftTrace | undefined
    const target = backend === undefined ? -1 : nodeOf(own, family, formatIp(backend.address))
    if (end === 'delivered' && target >= 0) {
      if (target === node) end = first.outcome === OUTCOME.toUplink ? 'unmatched' : end
      else if (first.outcome !== OUTCOME.toUplink) end = 'unmatched'
      else {
        const arrives = Object.assign(copyPacket(first.packet), { mark: 0, origin: ORIGIN.uplink, ctState: CT.NEW })
        second = trace(target, arrives, newMemory(rulesetOf(target), tracker()))
        count(target, second, 1)
        counted.rulesEvaluated.secondHop += second.steps.length
        ns += nsOf(target, second)
        const strays = second.dnat !== undefined || second.outcome === OUTCOME.toUplink
        end = END[second.outcome] ?? (strays ? 'unmatched' : 'delivered')
      }
    }
    counted.ns.push(Math.round(ns))
    add(counted.ends, end, 1)
    if (end !== 'delivered') continue
    const key = `${formatIp(backend!.address)} ${backend!.port}`
    add(counted.backends, key, 1)
    add(counted.backendPackets, key, flow.packets)
    const later = flow.packets - 1
    if (later === 0) continue
    for (const [at, way] of second === undefined
      ? [[node, first] as const]
      : [[node, first] as const, [target, second] as const]) {
      const again = traceLater(at, way)
      expect(again.outcome).toBe(way.outcome)
      count(at, again, later)
      counted.rulesEvaluated.later += later * again.steps.length
    }
  }
}

const newMemory = newNftMemory

const END: Readonly<Record<number, string>> = { [OUTCOME.dropped]: 'dropped', [OUTCOME.rejected]: 'rejected' }

function nodeOf(
  { program, backendNode }: NonNullable<PlannedNftables['families'][4]>['plan'],
  family: IpFamily,
  address: string,
): number {
  for (let d = 0; d < program.dnatCount; d++)
    if (formatIp({ family, value: readIpWords(program.dnatAddress, 4 * d) }) === address) return backendNode[d]
  throw new Error(`nobody is ${address}`)
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0)

/** Rules that some packet came to. */
function rowsOf({ family, chain, index, rule, matched, evaluated }: RuleColumns): [string, object][] {
  return Array.from(index, (place, i): [string, { matched: number; evaluated: number }] => [
    `${family[i]} ${chain[i]} ${place} ${rule[i]}`,
    { matched: matched[i], evaluated: evaluated[i] },
  ]).filter(([, { evaluated: count }]) => count > 0)
}

function byBackend(
  { families }: PlannedNftables,
  tallies: Tallies,
  column: 'backendConnections' | 'backendPackets',
): Sums {
  const sums: Sums = {}
  for (const family of [4, 6] as const) {
    const own = families[family]
    own?.chainOfDnat.forEach((chain, dnat) => {
      const { servicePort, endpoint } = own.views.endpointChains.get(chain)!
      const { address, port } = own.views.servicePorts[servicePort].endpoints[endpoint]
      const count = tallies.families[family]![column][dnat]
      if (count > 0) add(sums, `${formatIp(address)} ${port}`, count)
    })
  }
  return sums
}

function agrees(run: PlannedNftables, workers: number): Counted {
  const tallies = replayed(run, workers)
  const slow = traced(run)
  const { destinations, nodes, modelledNs } = tallies
  const noTarget = sum(destinations.noTarget)
  for (const end of ['delivered', 'rejected', 'unmatched'] as const)
    expect([end, sum(destinations[end])]).toEqual([end, slow.ends[end] ?? 0])
  expect(sum(destinations.dropped)).toBe((slow.ends['dropped'] ?? 0) + noTarget)
  expect(byBackend(run, tallies, 'backendConnections')).toEqual(slow.backends)
  expect(byBackend(run, tallies, 'backendPackets')).toEqual(slow.backendPackets)
  expect(tallies.firstHop.sum).toBe(slow.rulesEvaluated.firstHop)
  expect(tallies.secondHop.sum).toBe(slow.rulesEvaluated.secondHop)
  expect(tallies.total.sum).toBe(slow.rulesEvaluated.firstHop + slow.rulesEvaluated.secondHop)
  expect(sum(nodes.rulesEvaluated)).toBe(tallies.total.sum)
  expect(sum(nodes.laterRulesEvaluated)).toBe(slow.rulesEvaluated.later)
  expect(modelledNs.length).toBe(1)
  expect(modelledNs[0].total.count).toBe(slow.ns.length)
  expect(modelledNs[0].total.sum).toBe(sum(slow.ns))
  const { summed, details } = allRules(run, tallies)
  // The same chain may stand on nodes in several forms: a row each rule of any, in the order they come.
  expect(byText(rowsOf(summed))).toEqual(byText([...slow.rules]))
  run.plan.detailNodes.forEach((node, d) => {
    expect(new Map(rowsOf(details[d]))).toEqual(slow.rulesOfNode[node])
  })
  return slow
}

/** Without the place in the chain, which differs where nodes have other forms of it. */
function byText(rows: readonly (readonly [string, object])[]): Map<string, object> {
  const sums = new Map<string, { matched: number; evaluated: number }>()
  for (const [key, cell] of rows as [string, { matched: number; evaluated: number }][]) {
    const [family, chain, , ...rule] = key.split(' ')
    const text = [family, chain, ...rule].join(' ')
    const { matched, evaluated } = sums.get(text) ?? { matched: 0, evaluated: 0 }
    sums.set(text, { matched: matched + cell.matched, evaluated: evaluated + cell.evaluated })
  }
  return sums
}

const CIDRS = {
  serviceCidrs: '10.96.0.0/16,fd00:96::/112',
  clusterCidrs: '10.244.0.0/16,fd00:244::/48',
  nodeCidrs: '172.18.0.0/16,fd00:18::/64',
}

const policy = fc.constantFrom('Cluster', 'Local')

const service = fc.record(
  {
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
    ipFamilyPolicy: fc.constantFrom('SingleStack', 'PreferDualStack'),
    internalTrafficPolicy: policy,
    trafficDistribution: fc.constantFrom('PreferSameZone', 'PreferSameNode'),
    sessionAffinity: fc.constantFrom('None', 'ClientIP'),
    affinityTimeoutSeconds: fc.constantFrom(1, 20, 10_800),
  },
  { requiredKeys: ['type'] },
)

const workload = fc
  .record({ replicas: fc.nat(5), service, external: policy })
  .map(({ external, service: { affinityTimeoutSeconds, ...own }, replicas }) => ({
    replicas,
    service: {
      ...own,
      ...(own.type === 'ClusterIP' ? {} : { externalTrafficPolicy: external }),
      ...(own.sessionAffinity === 'ClientIP' && affinityTimeoutSeconds !== undefined ? { affinityTimeoutSeconds } : {}),
    },
  }))

const shapes = fc.record({
  seed: fc.string({ minLength: 1, maxLength: 8 }),
  nodes: fc.integer({ min: 1, max: 5 }),
  zones: fc.integer({ min: 1, max: 2 }),
  workloads: fc.array(workload, { minLength: 1, maxLength: 4 }),
  packetsPerConnection: fc.constantFrom(1, 3, { geometricMean: 4 }),
  sources: fc.record({ pod: fc.nat(2), node: fc.nat(2), outside: fc.nat(2) }),
  detailNodes: fc.nat(3),
  masqueradeAll: fc.boolean(),
  detectLocalMode: fc.constantFrom('ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'),
  workers: fc.integer({ min: 1, max: 3 }),
})

describe('a run in nftables mode', () => {
  it('counts what tracing packet by packet counts, on any cluster', () => {
    fc.assert(
      fc.property(shapes, ({ seed, nodes, zones, workloads, sources, detailNodes, workers, ...rest }) => {
        const { packetsPerConnection, masqueradeAll, detectLocalMode } = rest
        const run = planned({
          seed,
          detailNodes,
          cluster: {
            nodes,
            zones: Math.min(nodes, zones),
            ...CIDRS,
            workloads: workloads.map((w, i) => ({ name: `w${i}`, ...w })),
          },
          proxy: {
            mode: 'nftables',
            masqueradeAll,
            detectLocalMode,
            podBridgeInterface: 'cni0',
            podInterfaceNamePrefix: 'veth',
          },
          traffic: { packets: 300, packetsPerConnection, sources: { ...sources, node: sources.node + 1 }, clients: 5 },
        })
        agrees(run, workers)
      }),
      { numRuns: 40 },
    )
  }, 240_000)

  it('goes on to backends of the host network and of nobody, and comes in by node ports', () => {
    const run = planned(
      {
        seed: 'hosts',
        detailNodes: 2,
        cluster: { nodes: 3, workloads: [{ name: 'web', replicas: 3, service: { type: 'NodePort' } }], ...CIDRS },
        traffic: { packets: 2_000, packetsPerConnection: 2, sources: { pod: 2, node: 1, outside: 2 } },
      },
      OBJECTS,
    )
    const { ends, backends } = agrees(run, 2)
    expect(ends['delivered']).toBe(1_000)
    expect(Object.keys(backends)).toEqual(expect.arrayContaining(['172.18.0.2 9100', '198.51.100.9 9100']))
  })

  it('tells nodes apart that share most elements of a map', () => {
    const own = (name: string, replicas: number) => ({ name, replicas, service: { internalTrafficPolicy: 'Local' } })
    const run = planned({
      cluster: {
        nodes: 3,
        workloads: [own('one', 1), own('two', 2), { name: 'web', count: 30, replicas: 1, service: {} }],
        ...CIDRS,
      },
      traffic: { packets: 3_000, packetsPerConnection: 1, sources: { node: 1 } },
    })
    const { tables } = run.families[4]!.plan.program
    expect(tables.some(t => t.under !== undefined && t.used < 3 && t.values.includes(-1))).toBe(true)
    const { ends } = agrees(run, 1)
    expect(ends['dropped']).toBeGreaterThan(50)
    expect(ends['delivered']).toBeGreaterThan(1_000)
  })

  it('comes to the same tallies on any number of threads', async () => {
    const { plan } = planned({
      cluster: {
        nodes: 30,
        zones: 3,
        workloads: [
          { name: 'web', replicas: 20, service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } },
          { name: 'old', replicas: 3, service: { sessionAffinity: 'ClientIP', ipFamilyPolicy: 'PreferDualStack' } },
        ],
        ...CIDRS,
      },
      traffic: { packets: 60_000, packetsPerConnection: 2, sources: { pod: 1, node: 1, outside: 1 } },
    })
    const [none, ...more] = await Promise.all(
      [0, 1, 3].map(async workers => rightOf(await withPool(workers, pool => pool.replay(plan))())),
    )
    expect(none.total.count).toBe(30_000)
    for (const tallies of more) expect(tallies).toEqual(none)
  })

  it('evaluates as many rules whatever the number of Services', () => {
    const rules = [1, 100].map(count => {
      const run = planned({
        cluster: { nodes: 3, workloads: [{ name: 'web', count, replicas: 3, service: {} }], ...CIDRS },
        traffic: { packets: 600, packetsPerConnection: 1, sources: { node: 1 } },
      })
      return replayed(run, 1).firstHop.max
    })
    expect(rules[1]).toBe(rules[0])
  })
})
