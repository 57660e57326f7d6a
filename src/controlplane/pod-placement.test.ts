import { describe, expect, it } from 'vitest'
import { makeNode, makeNodes, makePod, makeService, makeWorkload } from '../../test/make-cluster-objects.ts'
import type { Step } from '../../test/run-control-plane.ts'
import { endpointsOf, podsOf, run } from '../../test/run-control-plane.ts'
import type { Pod } from '../cluster/objects.ts'

describe('pods that the input brings', () => {
  const owned = (kind: string, name: string) => ({
    metadata: { ownerReferences: [{ kind, name, controller: true }] },
    status: { phase: 'Running', hostIP: '192.168.49.2' },
  })
  const live = (name: string, ip: string, source = owned('ReplicaSet', 'web-77d5cd745d'), more: Partial<Pod> = {}) =>
    makePod(name, {
      labels: { app: 'web' },
      nodeName: 'minikube',
      podIPs: [ip],
      phase: 'Running',
      ready: true,
      source,
      ...more,
    })

  it('keep node and address; a node nobody described is made, with a warning', () => {
    const { state, warnings } = run([[live('web-1', '10.244.120.79'), makeService('web')]])
    expect(endpointsOf(state, 'web')).toMatchObject([{ addresses: ['10.244.120.79'], nodeName: 'minikube' }])
    expect(state.nodes.get('minikube')!.object.addresses).toEqual([{ type: 'InternalIP', address: '192.168.49.2' }])
    expect(warnings).toEqual([expect.stringContaining('minikube')])
  })

  it('are not doubled by their Deployments and ReplicaSets, whichever comes first', () => {
    const deployment = makeWorkload('web', { replicas: 2 })
    const replicaSet = makeWorkload('web-77d5cd745d', {
      kind: 'ReplicaSet',
      replicas: 2,
      owned: true,
      source: { metadata: { ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }] } },
    })
    const pods = [live('web-1', '10.244.120.79'), live('web-2', '10.244.120.80')]
    for (const steps of [[[deployment, replicaSet, ...pods]], [[deployment, replicaSet], pods], [[deployment], pods]])
      expect([...run(steps).state.pods.keys()]).toEqual(['default/web-1', 'default/web-2'])
  })

  it('count as a workload’s own when nobody owns them and the labels fit', () => {
    const orphan = live('web-old', '10.244.120.79', { ...owned('x', 'y'), metadata: { ownerReferences: [] } })
    const { state } = run([[...makeNodes(1), orphan, makeWorkload('web', { replicas: 2 })]])
    expect(podsOf(state, 'web')).toHaveLength(2)
  })

  it('block their addresses for pods made here', () => {
    const pod = live('x', '10.244.0.2', owned('ReplicaSet', 'other-77d5cd745d'), { nodeName: 'node-0', labels: {} })
    const { state } = run([[...makeNodes(1), pod, makeWorkload('web')]])
    expect(podsOf(state, 'web')[0].podIPs).toEqual(['10.244.0.3'])
  })

  it('are placed and started when they have no status', () => {
    const { state } = run([[...makeNodes(1), makePod('bare', { source: { metadata: {} } })]])
    expect(state.pods.get('default/bare')!.object).toMatchObject({
      nodeName: 'node-0',
      podIPs: ['10.244.0.2'],
      ready: true,
      phase: 'Running',
    })
  })

  it('stay pending when their status says so', () => {
    const { state } = run([[...makeNodes(1), makePod('stuck', { source: { status: { phase: 'Pending' } } })]])
    expect(state.pods.get('default/stuck')!.object).toMatchObject({ nodeName: '', podIPs: [] })
  })

  it('leave the endpoints when their node goes, and do not bring it back', () => {
    const pod = live('web-1', '10.244.120.79')
    const { state } = run([[pod, makeService('web')], [{ remove: makeNode('minikube') }], [{ ...pod, ready: false }]])
    expect(endpointsOf(state, 'web')).toEqual([])
    expect([state.nodes.size, state.pods.size]).toEqual([0, 1])
  })

  it('never start on a node that is gone, and hold nobody up', () => {
    const { state } = run([makeNodes(2), [{ remove: makeNode('node-0') }], [makePod('late', { nodeName: 'node-0' })]])
    expect(state.pods.get('default/late')!.object.podIPs).toEqual([])
    expect([...state.nodes.keys()]).toEqual(['node-1'])
  })

  it('follow readiness, termination, labels and deletion', () => {
    const pod = live('web-1', '10.244.120.79')
    const conditions = (...steps: Step[]) =>
      endpointsOf(run([[pod, makeService('web')], ...steps]).state, 'web').map(e => [e.ready, e.serving, e.terminating])
    expect(conditions()).toEqual([[true, true, false]])
    expect(conditions([{ ...pod, ready: false }])).toEqual([[false, false, false]])
    expect(conditions([{ ...pod, terminating: true }])).toEqual([[false, true, true]])
    expect(conditions([{ ...pod, labels: { app: 'other' } }])).toEqual([])
    expect(conditions([{ ...pod, phase: 'Succeeded' }])).toEqual([])
    expect(conditions([{ remove: pod }])).toEqual([])
    expect(conditions([{ remove: pod }], [pod])).toEqual([[true, true, false]])
  })
})
