/**
 * Runs in nftables mode against their slow twin (trace-nft-run.ts): all counters of rules, fates, backends and nanoseconds must be the same, whatever
 * the cluster, the workers and the order of jobs.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prepareCluster } from '../src/app/prepare-cluster.ts'
import { readCostProfiles } from '../src/app/read-cost-profiles.ts'
import { MemoryBytes } from '../src/eventlog/memory-bytes.ts'
import { formatIp } from '../src/net/ip.ts'
import { countedRules, ruleRows } from '../src/output/rule-columns.ts'
import type { RuleColumns } from '../src/output/run-result.ts'
import { expectedShares } from '../src/replay/expected-shares.ts'
import { jobReplayer } from '../src/replay/job-replayer.ts'
import { jobsOf } from '../src/replay/jobs.ts'
import { type PlannedNftables, type PlannedRun, planRun } from '../src/replay/plan-run.ts'
import { withPool } from '../src/replay/pool.ts'
import { mergeTallies, type Tallies } from '../src/replay/tallies.ts'
import { checkScenario } from '../src/scenario/decode-scenario.ts'
import { inNftables } from './in-mode.ts'
import { rightOf } from './run-time.ts'
import { add, type Counted, type Sums, traceNftRun } from './trace-nft-run.ts'

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

const planned = (written: object, objects = ''): PlannedNftables => inNftables(plannedRun(written, objects))

function plannedRun(written: object, objects: string): PlannedRun {
  const scenario = rightOf(
    checkScenario(
      { name: 'test', question: 'What happens?', proxy: { mode: 'nftables' }, ...written },
      { file: 'test.yaml' },
    ),
  )
  const log = { events: new MemoryBytes('events.arrows'), index: new MemoryBytes('events.idx') }
  const files = objects === '' ? [] : [{ name: 'objects.yaml', bytes: new TextEncoder().encode(objects) }]
  const { state } = rightOf(prepareCluster(scenario, { objects: files, recording: [] }, log))
  return rightOf(planRun(state, scenario, PROFILES))
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

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0)

/** Rules that some packet came to. */
function rowsOf({ family, index, matched, evaluated, ...texts }: RuleColumns): [string, object][] {
  const [chain, rule] = [texts.chain.toArray(), texts.rule.toArray()]
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
  const slow = traceNftRun(run, PROFILES.nftables)
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
  const { summed, details } = countedRules(ruleRows(run), tallies)
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

/** Expected connections by destination and backend, in closed form. */
function sharesOf(run: PlannedRun): Sums {
  const { start, dnat, backendConnections } = expectedShares(run.plan)
  const sums: Sums = {}
  run.rowOfDestination.forEach((row, d) => {
    const own = run.families[run.rows[row].family]!
    for (let entry = start[d]; entry < start[d + 1]; entry++) {
      const { servicePort, endpoint } = own.views.endpointChains.get(own.chainOfDnat[dnat[entry]])!
      const { address, port } = own.views.servicePorts[servicePort].endpoints[endpoint]
      add(sums, `${d} ${formatIp(address)} ${port}`, backendConnections[entry])
    }
  })
  return sums
}

describe('a run in nftables mode', () => {
  it('expects of every backend what the same run in iptables mode expects', () => {
    fc.assert(
      fc.property(shapes, ({ seed, nodes, zones, workloads, sources, detectLocalMode }) => {
        const [iptables, nftables] = ['iptables', 'nftables'].map(mode =>
          sharesOf(
            plannedRun(
              {
                seed,
                cluster: {
                  nodes,
                  zones: Math.min(nodes, zones),
                  ...CIDRS,
                  workloads: workloads.map((w, i) => ({ name: `w${i}`, ...w })),
                },
                proxy: { mode, detectLocalMode, podBridgeInterface: 'cni0', podInterfaceNamePrefix: 'veth' },
                traffic: { packets: 1_000, packetsPerConnection: 1, sources: { ...sources, node: sources.node + 1 } },
              },
              '',
            ),
          ),
        )
        expect(Object.keys(nftables).sort()).toEqual(Object.keys(iptables).sort())
        for (const [backend, expected] of Object.entries(iptables)) expect(nftables[backend]).toBeCloseTo(expected, 5)
      }),
      { numRuns: 25 },
    )
  }, 120_000)

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
