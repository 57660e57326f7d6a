import { describe, expect, it } from 'vitest'
import { makeNode, makeNodes, makePod, makeService, makeWorkload } from '../../test/make-cluster-objects.ts'
import { endpointsOf, podsOf, problemOf, run, told } from '../../test/run-control-plane.ts'

describe('workloads', () => {
  it('are one pod a node as a DaemonSet, on nodes that come later too', () => {
    const { state } = run([
      [...makeNodes(3), makeWorkload('agent', { kind: 'DaemonSet', replicas: 0 })],
      [makeNode('late')],
    ])
    expect(podsOf(state, 'agent').map(p => p.nodeName)).toEqual(['node-0', 'node-1', 'node-2', 'late'])
    expect(podsOf(state, 'agent')[0].name).toMatch(/^agent-.{5}$/)
  })

  it('count their pods from 0 as a StatefulSet', () => {
    const { state } = run([[...makeNodes(1), makeWorkload('db', { kind: 'StatefulSet', replicas: 3 })]])
    expect(podsOf(state, 'db').map(p => [p.name, p.labels['statefulset.kubernetes.io/pod-name']])).toEqual(
      ['db-0', 'db-1', 'db-2'].map(n => [n, n]),
    )
  })

  it('put hostNetwork pods on the node’s addresses', () => {
    const { state } = run([[...makeNodes(1), makeWorkload('proxy', { kind: 'DaemonSet', hostNetwork: true })]])
    expect(podsOf(state, 'proxy')[0].podIPs).toEqual(['172.18.0.2'])
  })

  it.each(['Deployment', 'ReplicaSet', 'StatefulSet'] as const)('scale a %s up and down, the newest first', kind => {
    const at = (replicas: number) => makeWorkload('web', { kind, replicas })
    const { state, events } = run([[...makeNodes(2), makeService('web'), at(2)], [at(4)], [at(1)], [at(0)], [at(1)]])
    const first = events.filter(e => e.timeUs === 0 && e.object.kind === 'Pod').map(e => e.object.name)
    expect(told(events, 1)).toEqual([`MODIFIED ${kind}`, 'ADDED Pod', 'ADDED Pod', 'MODIFIED EndpointSlice'])
    const gone = events.filter(e => e.timeUs === 2 && e.type === 'DELETED').map(e => e.object.name)
    const born = events.filter(e => e.timeUs === 1 && e.type === 'ADDED').map(e => e.object.name)
    expect(gone).toEqual([born[1], born[0], first[1]])
    expect(told(events, 3)).toEqual([`MODIFIED ${kind}`, 'DELETED Pod', 'MODIFIED EndpointSlice'])
    expect(podsOf(state, 'web')).toHaveLength(1)
    expect(endpointsOf(state, 'web')).toHaveLength(1)
  })

  it('replace all pods when the template changes', () => {
    const before = makeWorkload('web', { replicas: 2 })
    const { state, events } = run([[...makeNodes(2), before], [{ ...before, podLabels: { app: 'web', v: '2' } }]])
    expect(told(events, 1).filter(t => t.endsWith('Pod'))).toEqual([
      'DELETED Pod',
      'DELETED Pod',
      'ADDED Pod',
      'ADDED Pod',
    ])
    expect(podsOf(state, 'web').map(p => p.labels['v'])).toEqual(['2', '2'])
  })

  it('go with their pods when deleted, and make up for a pod that is deleted', () => {
    const web = makeWorkload('web', { kind: 'StatefulSet', replicas: 2 })
    const start = [...makeNodes(2), web]
    expect(run([start, [{ remove: web }]]).state.pods.size).toBe(0)
    const { state, events } = run([start, [{ remove: makePod('web-0') }]])
    expect(told(events, 1)).toEqual(['DELETED Pod', 'ADDED Pod'])
    expect(
      podsOf(state, 'web')
        .map(p => p.name)
        .sort(),
    ).toEqual(['web-0', 'web-1'])
  })

  it('move to other nodes when theirs goes', () => {
    const nodes = makeNodes(2)
    const { state, events } = run([
      [...nodes, makeService('web'), makeWorkload('web', { replicas: 4 })],
      [{ remove: nodes[0] }],
    ])
    expect(podsOf(state, 'web').map(p => p.nodeName)).toEqual(Array(4).fill('node-1'))
    expect(endpointsOf(state, 'web').every(e => e.nodeName === 'node-1')).toBe(true)
    expect(told(events, 1)).toEqual([
      'DELETED Node',
      'DELETED Pod',
      'DELETED Pod',
      'ADDED Pod',
      'ADDED Pod',
      'MODIFIED EndpointSlice',
    ])
  })

  it('are not ready while their node is not', () => {
    const { state } = run([[makeNode('n'), makeService('web'), makeWorkload('web')], [makeNode('n', { ready: false })]])
    expect(endpointsOf(state, 'web').map(e => e.ready)).toEqual([false])
    expect(state.nodes.get('n')!.object.podCIDRs).toEqual(['10.244.0.0/24'])
  })

  it('say what is missing when there is no room', () => {
    const steps = [
      [...makeNodes(2), makeWorkload('a', { replicas: 3 }), makeWorkload('b', { replicas: 1_000_000_000 })],
    ]
    expect(problemOf(steps, { maxPodsPerNode: 4 })).toMatch(
      /1000000003 pod\(s\).*room for 8 on 2 ready Node\(s\) of at most 4/,
    )
    expect(problemOf([[makeWorkload('a')]])).toMatch(/room for 0 on 0 ready/)
    expect(problemOf([[makePod('a')]])).toMatch(/room for 0 on 0 ready/)
    expect(problemOf([[...makeNodes(1), makeWorkload('a', { replicas: 300 })]], { maxPodsPerNode: 300 })).toMatch(
      /holds 253 pods/,
    )
    expect(
      problemOf(
        [[...makeNodes(1), makeWorkload('a', { kind: 'DaemonSet' }), makeWorkload('b', { kind: 'DaemonSet' })]],
        { maxPodsPerNode: 1 },
      ),
    ).toMatch(/Node "node-0".*DaemonSet "default\/b"/)
  })

  it('say how many nodes fit', () => {
    expect(problemOf([makeNodes(3)], { clusterCidrs: ['10.0.0.0/23'] })).toMatch(/10\.0\.0\.0\/23 holds 2 nodes/)
    expect(problemOf([makeNodes(3)], { nodeCidrs: ['172.18.0.0/30'] })).toMatch(/172\.18\.0\.0\/30 holds 1 nodes/)
  })
})
