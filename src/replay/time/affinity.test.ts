import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIXED, type PassedRun, passTime, rightOf } from '../../../test/run-time.ts'
import { applyEvent, type ClusterState, emptyState } from '../../cluster/cluster-state.ts'
import { syncAt } from '../../cluster/node-syncs.ts'
import { formatIp, readIpWords } from '../../net/ip.ts'
import { newPacket, type Packet } from '../../net/packet.ts'
import { PlainConntrack } from '../../netfilter/conntrack/plain-conntrack.ts'
import type { PlainRecent } from '../../netfilter/memory/plain-recent.ts'
import { newTraceMemory } from '../../netfilter/memory/trace-memory.ts'
import { newNftMemory } from '../../netfilter/nft/nft-memory.ts'
import { traceNft } from '../../netfilter/nft/trace-nft.ts'
import { trace } from '../../netfilter/trace.ts'
import { iptablesRuleset } from '../../proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../../proxier/nftables-proxier.ts'
import { draw32 } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import { drawFlow } from '../../workload/draw-flow.ts'
import { hostViews } from '../host-table.ts'
import { beginsUs } from './flow-times.ts'
import { TimePasser, timeJobCount } from './pass-time.ts'
import { RECALL, RECALLS } from './recall.ts'
import { NodeSyncer } from './sync-node.ts'
import { mergeTimeTallies, type TimeTallies } from './time-tallies.ts'

/** A node's rules, walked rule by rule; `load` replaces them, and lists that have their name again stay. */
interface SlowNode {
  load(state: ClusterState): void
  /** The packet as it leaves. */
  pass(packet: Packet, nowUs: TimeUs): Packet
}

function slowNode({ run, plan }: PassedRun, node: number): SlowNode {
  const { name } = run.nodes[node]
  const host = hostViews(run.families[4]!.plan.hosts)[node]
  const { ruleSeed } = plan.traffic
  const drawsOf =
    ({ flowLow, flowHigh }: Packet) =>
    (n: number): number =>
      draw32(ruleSeed.low, ruleSeed.high, flowLow, flowHigh, n)
  // Every connection is a new one, whatever ports it shares with others.
  const tracker = (): PlainConntrack => new PlainConntrack(ruleSeed, true)
  if (run.config.mode === 'iptables') {
    let ruleset: ReturnType<typeof iptablesRuleset>
    let recent: PlainRecent = new Map()
    return {
      load(state) {
        ruleset = iptablesRuleset(state, name, run.config, 4)
        const { recentStamps } = newTraceMemory(ruleset, tracker())
        recent = new Map([...recent].filter(([list]) => recentStamps.has(list)))
      },
      pass(packet, nowUs) {
        const memory = { ...newTraceMemory(ruleset, tracker()), recent, nowUs }
        return rightOf(trace(ruleset, host, packet, drawsOf(packet), { memory })).packet
      },
    }
  }
  let ruleset: ReturnType<typeof nftablesRuleset>
  let elements: ReturnType<typeof newNftMemory>['elements'] = new Map()
  return {
    load(state) {
      ruleset = nftablesRuleset(state, name, run.config, 4)
      const before = new Map([...elements].map(([set, held]) => [set.name, held]))
      elements = newNftMemory(ruleset, tracker()).elements
      for (const set of elements.keys()) elements.set(set, before.get(set.name) ?? new Map())
    },
    pass(packet, nowUs) {
      const memory = { ...newNftMemory(ruleset, tracker()), elements, nowUs }
      return traceNft(ruleset, host, packet, drawsOf(packet), { memory }).packet
    },
  }
}

/** Connections by the backend's address, node by node in order of time. */
function slowly(passed: PassedRun): Record<string, number> {
  const { plan, run, events } = passed
  const traffic = plan.traffic.plan
  const syncer = new NodeSyncer(plan, plan.families[4]!)
  const backends: Record<string, number> = {}
  for (let node = 0; node < plan.nodes.count; node++) {
    const syncs = syncer.syncsOf(node)
    const slow = slowNode(passed, node)
    const flows = traffic.classes.flatMap((kind, c) =>
      Array.from({ length: kind.connectionsOfNode[node] }, (_, i) => {
        const flow = { packet: newPacket(4), destination: -1, packets: 0 }
        drawFlow(traffic, c, node, i, flow)
        return { packet: flow.packet, startUs: beginsUs(plan, flow.packet) }
      }),
    )
    let loaded = -1
    for (const { packet, startUs } of flows.sort((a, b) => a.startUs - b.startUs)) {
      for (const at = syncAt(syncs, startUs); loaded < at; ) slow.load(stateOf(events, syncs, ++loaded))
      const { destination } = slow.pass(packet, startUs)
      const address = formatIp({ family: 4, value: readIpWords(destination, 0) })
      backends[address] = (backends[address] ?? 0) + 1
    }
  }
  expect(run.families[6]).toBeNull()
  return backends
}

type Syncs = ReturnType<NodeSyncer['syncsOf']>

function stateOf(events: PassedRun['events'], { servicePosition, slicePosition }: Syncs, sync: number): ClusterState {
  const state = emptyState()
  const upTo = { Service: servicePosition[sync], EndpointSlice: slicePosition[sync] } as Record<string, number>
  events.forEach((event, i) => {
    if (i < (upTo[event.object.kind] ?? Infinity)) applyEvent(state, event)
  })
  return state
}

/** Connections by the address of the pod they reached. */
function byAddress({ plan, tallies, events }: PassedRun): Record<string, number> {
  const addresses = new Map<string, string>()
  for (const { object } of events)
    if (object.kind === 'Pod' && object.podIPs.length > 0)
      addresses.set(`${object.namespace}/${object.name}`, object.podIPs[0])
  const backends: Record<string, number> = {}
  plan.podNames.forEach((pod, p) => {
    const row = tallies.podLoad.subarray(p * plan.windowCount, (p + 1) * plan.windowCount)
    const load = row.reduce((a, b) => a + b, 0)
    const address = addresses.get(pod)!
    if (load > 0) backends[address] = (backends[address] ?? 0) + load
  })
  return backends
}

const recallsOf = ({ recalls }: TimeTallies, recall: number): number =>
  recalls.reduce((sum, count, cell) => (cell % RECALLS === recall ? sum + count : sum), 0)

const AFFINE = { sessionAffinity: 'ClientIP', affinityTimeoutSeconds: 30 }
const MODES = ['iptables', 'nftables'] as const

const shared = (mode: string, clients: number, replicas: number, more: object = {}): PassedRun =>
  passTime({
    ...FIXED,
    proxy: { ...FIXED.proxy, mode },
    cluster: {
      nodes: 1,
      workloads: [
        {
          name: 'web',
          replicas,
          service: { sessionAffinity: 'ClientIP', type: 'NodePort' },
        },
      ],
    },
    traffic: { packets: 20_000, packetsPerConnection: 1, clients, sources: { outside: 1 } },
    ...more,
  })

describe.each(MODES)('clients that nodes remember, %s', mode => {
  it('go where every rule, walked in order of time, leads them, while endpoints come and go', () => {
    const shapes = fc.record({
      seed: fc.nat(1_000),
      clients: fc.constantFrom(1, 20, 101, 300),
      replicas: fc.constantFrom(1, 2, 4),
      policy: fc.constantFrom('Cluster', 'Local'),
      // Back to what it was: lists of endpoints that have gone meanwhile are empty.
      scaled: fc.constantFrom(1, 3, 6),
    })
    fc.assert(
      fc.property(shapes, ({ seed, clients, replicas, policy, scaled }) => {
        const passed = passTime({
          ...FIXED,
          seed,
          proxy: { ...FIXED.proxy, mode },
          // Who was chosen answers: what is compared is the choice.
          pods: { preStop: '50s', terminationGracePeriod: '100s', readiness: { period: '1s' } },
          cluster: {
            nodes: 2,
            workloads: [
              { name: 'web', replicas, service: { ...AFFINE, type: 'NodePort', externalTrafficPolicy: policy } },
              { name: 'plain', replicas: 2, service: {} },
            ],
          },
          actions: [
            { at: '20s', scale: { workload: 'web-0', replicas: scaled } },
            { at: '40s', scale: { workload: 'web-0', replicas } },
          ],
          traffic: { packets: 1_000, packetsPerConnection: 1, clients, sources: { outside: 2, pod: 1 } },
        })
        const arrived = byAddress(passed)
        const slow = slowly(passed)
        expect(Object.fromEntries(Object.keys(arrived).map(a => [a, slow[a]]))).toEqual(arrived)
        expect(Object.values(arrived).reduce((a, b) => a + b, 0)).toBeGreaterThan(policy === 'Local' ? 500 : 999)
      }),
      { numRuns: 12 },
    )
  }, 120_000)

  it('are one endpoint each while they come back in time, so one address loads one pod', () => {
    const { tallies, plan } = shared(mode, 1, 5)
    const loads = plan.podNames.map((_, p) =>
      tallies.podLoad.subarray(p * plan.windowCount, (p + 1) * plan.windowCount).reduce((a, b) => a + b, 0),
    )
    expect(loads.filter(l => l > 0)).toEqual([20_000])
    expect(recallsOf(tallies, RECALL.stranger)).toBe(1)
    expect(recallsOf(tallies, RECALL.kept)).toBe(19_999)
  })

  it('are all remembered up to 100 addresses, whatever the endpoints', () => {
    for (const replicas of [1, 2, 5]) expect(recallsOf(shared(mode, 100, replicas).tallies, RECALL.forgotten)).toBe(0)
  })

  it('stay with their second endpoint when the first comes back: its list is gone', () => {
    const visits = Array.from({ length: 8 }, (_, seed) => {
      const { tallies, plan } = shared(mode, 1, 2, {
        seed,
        time: { ...FIXED.time, window: '1s' },
        pods: { readiness: { period: '1s' } },
        actions: [{ at: '10s', crashLoop: { workload: 'web-0', runs: '1s', times: 1 } }],
      })
      const at = (w: number): number[] =>
        plan.podNames.flatMap((_, p) => (tallies.podLoad[p * plan.windowCount + w] > 0 ? [p] : []))
      const seen = Array.from({ length: plan.windowCount }, (_, w) => at(w)).flat()
      return seen.filter((pod, i) => pod !== seen[i - 1])
    })
    expect(visits.map(v => v.length).sort()).toEqual(expect.arrayContaining([1, 2]))
    for (const visit of visits) expect(visit.length).toBeLessThanOrEqual(2)
  })

  it('come in the same order for any number of workers and any order of jobs', () => {
    const { plan, tallies } = passTime({
      ...FIXED,
      proxy: { ...FIXED.proxy, mode },
      cluster: {
        nodes: 40,
        workloads: [
          { name: 'web', replicas: 5, service: { ...AFFINE, type: 'LoadBalancer' } },
          { name: 'in', replicas: 5, service: { ...AFFINE } },
          { name: 'plain', replicas: 5, service: { type: 'LoadBalancer' } },
        ],
      },
      churn: { podsPerSecond: 1 },
      traffic: { packets: 20_000, keepAlive: { requests: 2 }, sources: { outside: 1, pod: 1 } },
    })
    const passers = [new TimePasser(plan), new TimePasser(plan)]
    for (let job = timeJobCount(plan) - 1; job >= 0; job--) passers[job % 2].pass(job)
    const parts = passers.map(p => p.tallies)
    expect(mergeTimeTallies(plan, parts)).toEqual(tallies)
    expect(recallsOf(tallies, RECALL.kept)).toBeGreaterThan(0)
    expect(recallsOf(tallies, RECALL.moved)).toBeGreaterThan(0)
  })
})

describe('the 100 clients of a list', () => {
  it('are too few in iptables mode as soon as more than 100 addresses an endpoint come; nftables mode forgets nobody', () => {
    const forgotten = (mode: string): number => recallsOf(shared(mode, 101, 1).tallies, RECALL.forgotten)
    expect(forgotten('iptables')).toBeGreaterThan(0)
    expect(forgotten('nftables')).toBe(0)
    expect(recallsOf(shared('iptables', 400, 2).tallies, RECALL.forgotten)).toBeGreaterThan(0)
    expect(recallsOf(shared('nftables', 400, 2).tallies, RECALL.forgotten)).toBe(0)
  })

  it('lose an address that comes every Nth in turn before it comes again', () => {
    // Of one endpoint and n clients each comes back unforgotten when fewer than 100 others came meanwhile: with draws that are
    // even, a client is absent for k connections with chance (1 - 1/n)^k, and 100 distinct others must have come by then.
    const { tallies } = shared('iptables', 200, 1, {
      traffic: { packets: 40_000, packetsPerConnection: 1, clients: 200, sources: { outside: 1 } },
    })
    const share =
      recallsOf(tallies, RECALL.forgotten) / (recallsOf(tallies, RECALL.forgotten) + recallsOf(tallies, RECALL.kept))
    // The list always holds 100 of the 200, the next one to come is any of them.
    expect(Math.abs(share - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 40_000) + 100 / 40_000)
  })
})

describe('a machine that comes back', () => {
  it('remembers nobody, though the clients stayed away for less than the timeout', () => {
    const { tallies } = shared('iptables', 10, 5, {
      cluster: {
        nodes: 2,
        workloads: [{ name: 'web', replicas: 5, service: { sessionAffinity: 'ClientIP', type: 'NodePort' } }],
      },
      actions: [
        { at: '20s', failNode: { node: '*-1' } },
        { at: '30s', recoverNode: { node: '*-1' } },
      ],
    })
    // Ten clients at two nodes, and again at the one that came back.
    expect(recallsOf(tallies, RECALL.stranger)).toBe(30)
  })
})
