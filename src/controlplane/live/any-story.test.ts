import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../test/run-simulation.ts'
import type { ClusterState } from '../../cluster/cluster-state.ts'
import { emptyState, evolve } from '../../cluster/cluster-state.ts'
import { EndpointLives } from '../../cluster/endpoint-lives.ts'

const workload = fc.constantFrom('web-0', 'web-*', 'db-0', 'agent-0', '*/*')
const node = fc.constantFrom('node-0', 'node-1', 'node-2', 'node-*')
const at = fc.integer({ min: 0, max: 200 })

const action = fc.oneof(
  fc.record({ at, scale: fc.record({ workload, replicas: fc.nat(8) }) }),
  fc.record({ at, autoscale: fc.record({ workload, replicas: fc.nat(12), pods: fc.constant(2) }) }),
  fc.record({ at, rollout: fc.record({ workload }) }),
  fc.record({ at, crashLoop: fc.record({ workload, times: fc.integer({ min: 1, max: 4 }), runs: fc.nat(20) }) }),
  fc.record({ at, drain: fc.record({ node, interval: fc.nat(3) }) }),
  fc.record({ at, uncordon: fc.record({ node }) }),
  fc.record({ at, failNode: fc.record({ node }) }),
  fc.record({ at, recoverNode: fc.record({ node }) }),
  fc.record({ at, removeNode: fc.record({ node }) }),
  fc.record({ at, joinNodes: fc.record({ count: fc.integer({ min: 1, max: 2 }) }) }),
)

const story = fc.record({
  actions: fc.array(action, { maxLength: 10 }),
  pods: fc.record({
    preStop: fc.nat(10),
    exit: fc.nat(40),
    terminationGracePeriod: fc.nat(30),
    minReady: fc.nat(5),
    maxSurge: fc.nat(2),
    maxUnavailable: fc.nat(2),
  }),
  podsPerSecond: fc.constantFrom(0, 0.2),
  maxPodsPerNode: fc.constantFrom(4, 110),
})

type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

const scenarioOf = ({ actions, pods, podsPerSecond, maxPodsPerNode }: Story) => ({
  cluster: {
    nodes: 3,
    zones: 3,
    maxPodsPerNode,
    workloads: [
      { name: 'web', count: 2, replicas: 2, service: { topologyMode: 'Auto' } },
      { name: 'db', kind: 'StatefulSet', replicas: 2, service: { trafficDistribution: 'PreferSameNode' } },
      { name: 'agent', kind: 'DaemonSet' },
    ],
  },
  time: { horizon: '1000s', controllers: { evictAfter: '60s' } },
  pods,
  actions,
  churn: { podsPerSecond, until: '200s' },
})

/** The slow twin: every pod looked at for every Service. */
function expectedEndpoints(state: ClusterState, app: string): string[] {
  return [...state.pods.values()]
    .map(p => p.object)
    .filter(p => p.labels['app'] === app && p.podIPs.length > 0 && !/Succeeded|Failed/.test(p.phase))
    .filter(p => state.nodes.has(p.nodeName))
    .map(p => `${p.name} ${p.podIPs} ${p.ready && !p.terminating} ${p.ready} ${p.terminating}`)
    .sort()
}

describe('any story', () => {
  it('ends at its horizon in slices that show what there is; the log is the cluster', () => {
    fc.assert(
      fc.property(story, told => {
        const { events, state } = simulate(scenarioOf(told))
        expect(events.every((e, i) => i === 0 || e.timeUs >= events[i - 1].timeUs)).toBe(true)
        expect(events.reduce(evolve, emptyState())).toEqual(state)
        for (const { object: service } of state.services.values()) {
          const endpoints = [...state.endpointSlices.values()]
            .filter(s => s.object.serviceName === service.name)
            .flatMap(s => s.object.endpoints)
          expect(
            endpoints.map(e => `${e.podName} ${e.addresses} ${e.ready} ${e.serving} ${e.terminating}`).sort(),
          ).toEqual(expectedEndpoints(state, service.name))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('never gives an address twice, nor a node more pods than it takes', () => {
    fc.assert(
      fc.property(story, told => {
        const { events, lives } = simulate(scenarioOf(told))
        const state = emptyState()
        const holders = new Map<string, string>()
        let now = state
        for (const event of events) {
          now = evolve(now, event)
          if (event.object.kind !== 'Pod') continue
          const { name, podIPs, phase } = event.object
          const isHeld = event.type !== 'DELETED' && phase === 'Running'
          for (const ip of podIPs) {
            if (isHeld) expect([undefined, name]).toContain(holders.get(ip))
            if (isHeld) holders.set(ip, name)
            else if (holders.get(ip) === name) holders.delete(ip)
          }
        }
        const onNode = Map.groupBy(now.pods.values(), p => p.object.nodeName)
        onNode.delete('')
        for (const pods of onNode.values())
          expect(pods.filter(p => p.object.labels['app'] !== 'agent-0').length).toBeLessThanOrEqual(told.maxPodsPerNode)
        const known = new EndpointLives(lives)
        for (const address of new Set(lives.flatMap(l => l.addresses))) {
          const own = known.of(address)
          for (const [i, life] of own.entries()) {
            expect(life.upUs).toBeLessThanOrEqual(life.downUs)
            expect(life.downUs).toBeLessThanOrEqual(life.goneUs)
            if (i > 0) expect(own[i - 1].goneUs).toBeLessThanOrEqual(life.upUs)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('brings workloads to what they were told, when nothing is in their way', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ at, scale: fc.record({ workload, replicas: fc.nat(8) }) }),
            fc.record({ at, rollout: fc.record({ workload }) }),
          ),
          { maxLength: 6 },
        ),
        story,
        (actions, told) => {
          const { state, rollouts, pendingPods } = simulate(scenarioOf({ ...told, actions, maxPodsPerNode: 110 }))
          expect(pendingPods).toBe(0)
          for (const { object: w } of state.workloads.values()) {
            const pods = [...state.pods.values()].map(p => p.object).filter(p => p.labels['app'] === w.name)
            expect(pods.filter(p => p.ready && !p.terminating)).toHaveLength(w.kind === 'DaemonSet' ? 3 : w.replicas)
            expect(pods.filter(p => p.terminating)).toEqual([])
          }
          expect(rollouts.filter(r => r.endUs === Infinity)).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })
})
