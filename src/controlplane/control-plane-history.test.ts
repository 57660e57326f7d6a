import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeNode, makePod, makeService, makeWorkload } from '../../test/make-cluster-objects.ts'
import { endpointsOf, run } from '../../test/run-control-plane.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import { emptyState, evolve } from '../cluster/cluster-state.ts'
import type { Service } from '../cluster/objects.ts'

describe('any history', () => {
  const APPS = ['a', 'b', 'c']
  const labels = fc.record({ app: fc.constantFrom(...APPS), v: fc.constantFrom('1', '2') })
  const pod = fc
    .record({
      i: fc.nat(5),
      labels,
      ready: fc.boolean(),
      terminating: fc.boolean(),
      nodeName: fc.constantFrom('', 'node-0', 'node-1', 'node-2'),
    })
    .map(({ i, ...more }) => makePod(`pod-${i}`, { ...more, phase: 'Running' }))
  const service_ = fc
    .record({
      i: fc.nat(3),
      app: fc.constantFrom(...APPS),
      v: fc.option(fc.constantFrom('1', '2')),
      publish: fc.boolean(),
    })
    .map(({ i, app, v, publish }) =>
      makeService(`s${i}`, { selector: v === null ? { app } : { app, v }, publishNotReadyAddresses: publish }),
    )
  const workload = fc
    .record({
      kind: fc.constantFrom('Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'),
      i: fc.nat(1),
      labels,
      replicas: fc.nat(4),
    })
    .map(w => makeWorkload(`w${w.i}`, { kind: w.kind, podLabels: w.labels, replicas: w.replicas }))
  const node = fc.record({ i: fc.nat(2), ready: fc.boolean() }).map(n => makeNode(`node-${n.i}`, { ready: n.ready }))
  const change = fc.oneof(
    pod,
    service_,
    workload,
    node,
    fc.oneof(pod, service_, workload, node).map(remove => ({ remove })),
  )
  // One node is always there and ready, so that there is always room.
  const history = fc
    .array(fc.array(change, { maxLength: 8 }), { maxLength: 8 })
    .map(steps => [[makeNode('always')], ...steps])

  /** The slow twin: every pod looked at for every Service. */
  const expectedEndpoints = (state: ClusterState, s: Service) =>
    [...state.pods.values()]
      .map(p => p.object)
      .filter(p => Object.entries(s.selector!).every(([k, v]) => p.labels[k] === v) && p.podIPs.length > 0)
      .filter(p => s.publishNotReadyAddresses || state.nodes.has(p.nodeName))
      .map(
        p =>
          `${p.name} ${p.podIPs} ${p.nodeName} ${s.publishNotReadyAddresses || (p.ready && !p.terminating)} ${p.ready} ${p.terminating}`,
      )
      .sort()

  it('ends in slices that show exactly the selected pods', () => {
    fc.assert(
      fc.property(history, steps => {
        const { state } = run(steps)
        for (const { object: s } of state.services.values())
          expect(
            endpointsOf(state, s.name)
              .map(e => `${e.podName} ${e.addresses} ${e.nodeName} ${e.ready} ${e.serving} ${e.terminating}`)
              .sort(),
          ).toEqual(expectedEndpoints(state, s))
        expect(
          [...state.endpointSlices.values()].every(s => state.services.has(`default/${s.object.serviceName}`)),
        ).toBe(true)
        const ips = [...state.pods.values()].flatMap(p => p.object.podIPs)
        expect(new Set(ips).size).toBe(ips.length)
        const clusterIPs = [...state.services.values()].flatMap(s => s.object.clusterIPs)
        expect(new Set(clusterIPs).size).toBe(clusterIPs.length)
      }),
    )
  })

  it('is the fold of its events, numbered without gaps, and has the pods that its workloads ask for', () => {
    fc.assert(
      fc.property(history, steps => {
        const { state, events } = run(steps)
        expect(events.map(e => e.sequence)).toEqual(events.map((_, i) => i))
        const folded = events.reduce(evolve, emptyState())
        expect(folded).toEqual(state)
        const [bare, made] = [true, false].map(
          b => [...state.pods.values()].filter(p => /^pod-\d$/.test(p.object.name) === b).length,
        )
        const asked = [...state.workloads.values()].reduce(
          (sum, w) => sum + (w.object.kind === 'DaemonSet' ? state.nodes.size : w.object.replicas),
          0,
        )
        expect(made).toBeLessThanOrEqual(asked)
        expect(made + bare).toBeGreaterThanOrEqual(asked)
      }),
    )
  })
})
