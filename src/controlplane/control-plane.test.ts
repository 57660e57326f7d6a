import { describe, expect, it } from 'vitest'
import { makeNode, makeNodes, makePod, makeService, makeSlice, makeWorkload } from '../../test/make-cluster-objects.ts'
import { endpointsOf, podsOf, problemOf, run, service, told } from '../../test/run-control-plane.ts'
import type { ControlPlaneInput } from './control-plane.ts'
import { runControlPlane } from './control-plane.ts'
import { defaultControlPlaneConfig, dualStackControlPlaneConfig } from './control-plane-config.ts'

describe('a cluster from objects', () => {
  it('gives nodes, pods, Services and slices what they lack', () => {
    const { state, events, warnings } = run([
      [makeService('web'), makeWorkload('web', { replicas: 3 }), ...makeNodes(2)],
    ])
    expect([...state.nodes.values()].map(n => [n.object.podCIDRs, n.object.addresses])).toEqual([
      [['10.244.0.0/24'], [{ type: 'InternalIP', address: '172.18.0.2' }]],
      [['10.244.1.0/24'], [{ type: 'InternalIP', address: '172.18.0.3' }]],
    ])
    const pods = podsOf(state, 'web')
    expect(new Set(pods.map(p => p.podIPs[0])).size).toBe(3)
    for (const pod of pods) {
      expect(pod.name).toMatch(/^web-[bcdf456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
      expect(pod).toMatchObject({ phase: 'Running', ready: true, labels: { app: 'web' } })
      expect(pod.podIPs[0]).toMatch(pod.nodeName === 'node-0' ? /^10\.244\.0\.[23]$/ : /^10\.244\.1\.[23]$/)
    }
    expect(service(state, 'web').clusterIPs[0]).toMatch(/^10\.(9[6-9]|10\d|11[01])\./)
    expect(endpointsOf(state, 'web').map(e => e.addresses[0])).toEqual(pods.map(p => p.podIPs[0]))
    expect(warnings).toEqual([])
    expect(told(events, 0)).toEqual([
      'ADDED Node',
      'ADDED Node',
      'ADDED Deployment',
      'ADDED Service',
      'ADDED Pod',
      'ADDED Pod',
      'ADDED Pod',
      'ADDED EndpointSlice',
    ])
  })

  it('has nothing to say about nothing', () => {
    expect(run([]).events).toEqual([])
    expect(run([[]]).events).toEqual([])
  })

  it('says the same for a seed, and something else for another', () => {
    const steps = [[...makeNodes(3), makeService('web'), makeWorkload('web', { replicas: 5 })]]
    expect(run(steps).events).toEqual(run(steps).events)
    expect(run(steps, { seed: 'other' }).events).not.toEqual(run(steps).events)
  })

  it('does not rename pods or move addresses of others when a workload is added', () => {
    const objects = [...makeNodes(3), makeWorkload('web', { replicas: 2 })]
    const names = podsOf(run([objects]).state, 'web').map(p => p.name)
    expect(podsOf(run([[...objects, makeWorkload('api', { replicas: 2 })]]).state, 'web').map(p => p.name)).toEqual(
      names,
    )
  })

  it('must not change for a seed', () => {
    const { state } = run([
      [...makeNodes(3), makeService('web', { type: 'LoadBalancer' }), makeWorkload('web', { replicas: 2 })],
    ])
    const { clusterIPs, ports, loadBalancerIngress } = service(state, 'web')
    expect([
      clusterIPs[0],
      ports[0].nodePort,
      loadBalancerIngress[0].hostname,
      ...podsOf(state, 'web').map(p => `${p.name} ${p.nodeName} ${p.podIPs}`),
      ...state.endpointSlices.keys(),
    ]).toMatchInlineSnapshot(`
      [
        "10.99.183.226",
        31352,
        "25e8a18a8a35d137.elb.example",
        "web-5b6bfc994c-2chd9 node-2 10.244.2.2",
        "web-5b6bfc994c-9r9zc node-1 10.244.1.2",
        "default/web-p8szn",
      ]
    `)
  })

  it('runs dual stack', () => {
    const { state } = run(
      [[...makeNodes(1), makeWorkload('web'), makeService('web', { ipFamilyPolicy: 'RequireDualStack' })]],
      dualStackControlPlaneConfig,
    )
    expect(service(state, 'web').clusterIPs.map(ip => ip.includes(':'))).toEqual([false, true])
    expect(podsOf(state, 'web')[0].podIPs).toEqual(['10.244.0.2', 'fd00:10:244::2'])
    expect(state.nodes.get('node-0')!.object.addresses.map(a => a.address)).toEqual([
      '172.18.0.2',
      'fc00:f853:ccd:e793::2',
    ])
    expect([...state.endpointSlices.values()].map(s => s.object.addressType)).toEqual(['IPv4', 'IPv6'])
  })

  it('runs on IPv6 alone', () => {
    const six = {
      serviceCidrs: ['fd00:10:96::/112'],
      clusterCidrs: ['fd00:10:244::/56'],
      nodeCidrs: ['fc00:f853:ccd:e793::/64'],
    }
    const { state } = run([[...makeNodes(1), makeWorkload('web'), makeService('web')]], six)
    expect(service(state, 'web').ipFamilies).toEqual(['IPv6'])
    expect(endpointsOf(state, 'web').map(e => e.addresses)).toEqual([['fd00:10:244::2']])
  })
})

describe('EndpointSlices', () => {
  it('that the input brings are the only ones of their Service', () => {
    const slice = makeSlice('web-abc', { serviceName: 'web' })
    for (const steps of [
      [[slice, makeService('web'), ...makeNodes(1), makeWorkload('web')]],
      [[makeService('web')], [slice]],
    ])
      expect([...run(steps).state.endpointSlices.keys()]).toEqual(['default/web-abc'])
  })

  it('go with their Service', () => {
    const web = makeService('web')
    const { state, events } = run([[...makeNodes(1), web, makeWorkload('web')], [{ remove: web }]])
    expect(told(events, 1)).toEqual(['DELETED Service', 'DELETED EndpointSlice'])
    expect(state.endpointSlices.size).toBe(0)
  })

  it('are left alone when nothing they show has changed', () => {
    const pod = makePod('web-1', { labels: { app: 'web' } })
    const { events } = run([
      [...makeNodes(1), makeService('web'), pod],
      [{ ...pod, labels: { app: 'web', extra: 'x' } }],
      [makeService('web')],
    ])
    expect([told(events, 1), told(events, 2)]).toEqual([['MODIFIED Pod'], ['MODIFIED Service']])
  })

  it('follow the zone of a node', () => {
    const zone = (z: string) => makeNode('n', { labels: { 'topology.kubernetes.io/zone': z } })
    const { state, events } = run([[zone('a'), makeService('web'), makeWorkload('web')], [zone('b')]])
    expect(endpointsOf(state, 'web').map(e => e.zone)).toEqual(['b'])
    expect(told(events, 1)).toEqual(['MODIFIED Node', 'MODIFIED EndpointSlice'])
  })

  it('of many pods at one instant are written once', () => {
    const { events } = run([[...makeNodes(3), makeService('web'), makeWorkload('web', { replicas: 250 })]])
    expect(events.filter(e => e.object.kind === 'EndpointSlice')).toHaveLength(3)
  })
})

describe('bad configuration', () => {
  it.each([
    [{ clusterCidrs: ['10.0.0.0'] }, 'cluster.clusterCidrs[0]'],
    [{ nodeCidrs: [] }, 'cluster.nodeCidrs'],
    [{ serviceCidrs: ['x'] }, 'cluster.serviceCidrs[0]'],
    [{ serviceCidrs: [] }, 'cluster.serviceCidrs'],
    [{ serviceCidrs: ['fd00::/48'] }, 'cluster.serviceCidrs[0]'],
    [{ maxPodsPerNode: 0 }, 'cluster.maxPodsPerNode'],
    [{ maxPodsPerNode: Number.NaN }, 'cluster.maxPodsPerNode'],
    [{ nodePortRange: { first: 2, last: 1 } }, 'cluster.nodePortRange'],
    [{ loadBalancer: { ingress: 'ip', ipRange: 'x', hostnamePattern: '' } }, 'cluster.loadBalancer.ipRange'],
  ] as const)('%j is refused at %s', (config, field) => {
    expect(problemOf([], config)).toContain(`${field}: `)
  })

  it('a broken order of time is a broken invariant', () => {
    const input = (timeUs: number): ControlPlaneInput => ({ timeUs, type: 'ADDED', object: makeNode(`n${timeUs}`) })
    expect(() => runControlPlane([input(2), input(1)], defaultControlPlaneConfig, () => {})).toThrow('after one of 2')
  })
})
