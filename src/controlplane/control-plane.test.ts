import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  makeNode,
  makeNodes,
  makePod,
  makeService,
  makeServicePort,
  makeSlice,
  makeWorkload,
} from '../../test/make-cluster-objects.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import { emptyState, evolve } from '../cluster/cluster-state.ts'
import type { ClusterObject, Pod, Service } from '../cluster/objects.ts'
import { describeProblem } from '../problem/problem.ts'
import { targetGroup } from './cloud-load-balancer.ts'
import type { ControlPlaneInput } from './control-plane.ts'
import { runControlPlane } from './control-plane.ts'
import type { ControlPlaneConfig } from './control-plane-config.ts'
import { defaultControlPlaneConfig, dualStackControlPlaneConfig } from './control-plane-config.ts'

/** A list of objects is what is added at that instant; `{remove}` objects go. */
type Step = readonly (ClusterObject | { readonly remove: ClusterObject })[]

const inputsOf = (steps: readonly Step[]): ControlPlaneInput[] =>
  steps.flatMap((step, timeUs) =>
    step.map(o =>
      'remove' in o
        ? { timeUs, type: 'DELETED' as const, object: o.remove }
        : { timeUs, type: 'ADDED' as const, object: o, place: { file: 'objects.yaml', line: 1 } },
    ),
  )

function attempt(steps: readonly Step[], config: Partial<ControlPlaneConfig> = {}) {
  const events: ClusterEvent[] = []
  const result = runControlPlane(inputsOf(steps), { ...defaultControlPlaneConfig, ...config }, e => events.push(e))
  return { result, events }
}

function run(steps: readonly Step[], config: Partial<ControlPlaneConfig> = {}) {
  const { result, events } = attempt(steps, config)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return { ...result.right, events }
}

function problemOf(steps: readonly Step[], config: Partial<ControlPlaneConfig> = {}): string {
  const { result } = attempt(steps, config)
  if (E.isRight(result)) throw new Error('expected a Problem')
  return describeProblem(result.left)
}

const service = (state: ClusterState, name: string) => state.services.get(`default/${name}`)!.object
const podsOf = (state: ClusterState, app: string) =>
  [...state.pods.values()].map(p => p.object).filter(p => p.labels['app'] === app)
const endpointsOf = (state: ClusterState, name: string) =>
  [...state.endpointSlices.values()].flatMap(s => (s.object.serviceName === name ? s.object.endpoints : []))
const told = (events: readonly ClusterEvent[], timeUs: number) =>
  events.filter(e => e.timeUs === timeUs).map(e => `${e.type} ${e.object.kind}`)

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

describe('Services', () => {
  it('have no ClusterIP when headless or ExternalName', () => {
    const { state } = run([
      [
        makeService('a', { clusterIPs: ['None'] }),
        makeService('b', { type: 'ExternalName', externalName: 'x.example', ports: [] }),
      ],
    ])
    expect([service(state, 'a').clusterIPs, service(state, 'b').clusterIPs]).toEqual([['None'], []])
  })

  it('name both sides of a clash, or keep both with a warning', () => {
    const steps = [
      [makeService('demo', { clusterIPs: ['10.96.0.9'] }), makeService('other', { clusterIPs: ['10.96.0.9'] })],
    ]
    expect(problemOf(steps)).toMatch(
      /objects\.yaml:1: spec\.clusterIPs\[0\]: Service "default\/other" .*10\.96\.0\.9.*"default\/demo"/,
    )
    const { state, warnings } = run(steps, { onClash: 'warn' })
    expect(warnings).toEqual([expect.stringContaining('10.96.0.9')])
    expect([service(state, 'demo'), service(state, 'other')].map(s => s.clusterIPs[0])).toEqual([
      '10.96.0.9',
      '10.96.0.9',
    ])
  })

  it('reserve explicit addresses before dynamic ones are drawn, whatever the order of files', () => {
    const dynamic = Array.from({ length: 5 }, (_, i) => makeService(`d${i}`))
    const explicit = makeService('e', { clusterIPs: ['10.0.0.3'] })
    const { state } = run([[...dynamic, explicit]], { serviceCidrs: ['10.0.0.0/29'] })
    expect(new Set([...state.services.values()].map(s => s.object.clusterIPs[0])).size).toBe(6)
  })

  it('name Service, address and CIDR when outside, and are taken anywhere with infer', () => {
    const steps = [[makeService('a', { clusterIPs: ['192.168.18.202'] }), makeService('b')]]
    expect(problemOf(steps)).toMatch(/"default\/a".*192\.168\.18\.202.*10\.96\.0\.0\/12/)
    const { state } = run(steps, { serviceCidrs: 'infer' })
    expect(service(state, 'a').clusterIPs).toEqual(['192.168.18.202'])
    expect(service(state, 'b').clusterIPs[0]).toMatch(/^10\./)
  })

  it('infer IPv6 from what Services say', () => {
    const { state } = run([[makeService('a', { clusterIPs: ['fd12::5'] }), makeService('b')]], {
      serviceCidrs: 'infer',
    })
    expect(service(state, 'b').ipFamilies).toEqual(['IPv6'])
    const dual = run([[makeService('a', { ipFamilyPolicy: 'RequireDualStack' })]], { serviceCidrs: 'infer' })
    expect(service(dual.state, 'a').ipFamilies).toEqual(['IPv4', 'IPv6'])
  })

  it('say when the range is full, and with how many', () => {
    const steps = [Array.from({ length: 3 }, (_, i) => makeService(`s${i}`))]
    expect(problemOf(steps, { serviceCidrs: ['10.0.0.0/30'] })).toMatch(/"default\/s2".*10\.0\.0\.0\/30 is full with 2/)
    const cidr = { kind: 'ServiceCIDR' as const, namespace: '', name: 'more', labels: {}, cidrs: ['10.9.0.0/24'] }
    const { state } = run([[...steps[0], cidr]], { serviceCidrs: ['10.0.0.0/30'] })
    expect([...state.services.values()].filter(s => s.object.clusterIPs[0].startsWith('10.9.'))).toHaveLength(1)
  })

  it('give back address and ports when deleted or changed', () => {
    const web = makeService('web', {
      type: 'NodePort',
      clusterIPs: ['10.96.0.9'],
      ports: [makeServicePort(80, { nodePort: 30_080 })],
    })
    const { state } = run([[web], [{ remove: web }], [{ ...web, name: 'next' }]])
    expect(service(state, 'next').ports[0].nodePort).toBe(30_080)
    const moved = { ...web, clusterIPs: ['10.96.0.10'], ports: [makeServicePort(80, { nodePort: 30_081 })] }
    expect(run([[web], [moved], [{ ...web, name: 'next' }]]).state.services.size).toBe(2)
  })

  it('keep what they had when a change does not mention it', () => {
    const web = makeService('web', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' })
    const { state, events } = run([[web], [{ ...web, labels: { a: 'b' } }]])
    const first = events.find(e => e.object.kind === 'Service')!.object as Service
    expect(service(state, 'web')).toEqual({ ...first, labels: { a: 'b' } })
    expect(first.healthCheckNodePort).toBeGreaterThanOrEqual(30_086)
    expect(first.ports[0].nodePort).toBeGreaterThanOrEqual(30_086)
  })

  it('drop node ports with the type that needed them', () => {
    const web = makeService('web', { type: 'NodePort' })
    const { state } = run([[web], [{ ...web, type: 'ClusterIP' }]])
    expect(service(state, 'web').ports[0].nodePort).toBe(0)
  })

  it('refuse node ports outside the range, of two numbers, and in a clash', () => {
    const withPorts = (name: string, ...nodePorts: [number, number][]) =>
      makeService(name, {
        type: 'NodePort',
        ports: nodePorts.map(([port, nodePort]) => makeServicePort(port, { name: `p${port}`, nodePort })),
      })
    expect(problemOf([[withPorts('a', [80, 80])]])).toMatch(/spec\.ports\[0\]\.nodePort.*nodePort 80.*30000-32767/)
    expect(problemOf([[withPorts('a', [80, 30_080], [81, 30_080])]])).toMatch(/ports\[1\].*80 and 81/)
    expect(problemOf([[withPorts('a', [80, 30_080]), withPorts('b', [80, 30_080])]])).toMatch(
      /"default\/b".*30080.*"default\/a"/,
    )
  })

  it('say when node ports run out', () => {
    const steps = [[makeService('a', { type: 'NodePort' }), makeService('b', { type: 'NodePort' })]]
    expect(problemOf(steps, { nodePortRange: { first: 30_000, last: 30_000 } })).toMatch(
      /"default\/b": all 1 of 30000-30000/,
    )
  })

  it('get no node ports when they decline them', () => {
    const { state } = run([[makeService('a', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false })]])
    expect(service(state, 'a').ports[0].nodePort).toBe(0)
    expect(targetGroup(state, service(state, 'a'))).toEqual([])
  })
})

describe('load balancers', () => {
  const PORTS: readonly [number, number][] = [
    [3306, 30_699],
    [3307, 30_004],
    [2223, 30_375],
    [22, 32_755],
    [80, 31_992],
    [443, 31_377],
  ]
  const traefik = (more: Partial<Service> = {}) =>
    makeService('traefik', {
      type: 'LoadBalancer',
      ports: PORTS.map(([port, nodePort]) => makeServicePort(port, { name: `p${port}`, nodePort })),
      loadBalancerIngress: [{ hostname: 'a1b2.elb.amazonaws.com' }],
      ...more,
    })
  const group = (state: ClusterState, port: number) =>
    targetGroup(state, service(state, 'traefik')).find(g => g.port === port)!

  it('reach port 80 of traefik through node port 31992 of every node', () => {
    const { state } = run([[...makeNodes(4), traefik(), makeWorkload('traefik')]])
    expect(service(state, 'traefik').loadBalancerIngress).toEqual([{ hostname: 'a1b2.elb.amazonaws.com' }])
    expect(service(state, 'traefik').ports.map(p => [p.port, p.nodePort])).toEqual(PORTS)
    expect(group(state, 80)).toMatchObject({ nodePort: 31_992, protocol: 'TCP' })
    expect(group(state, 80).targets.map(t => [t.nodeName, t.address, t.healthy])).toEqual([
      ['node-0', '172.18.0.2', true],
      ['node-1', '172.18.0.3', true],
      ['node-2', '172.18.0.4', true],
      ['node-3', '172.18.0.5', true],
    ])
  })

  it('find exactly one healthy target with externalTrafficPolicy Local and one pod', () => {
    const { state } = run([[...makeNodes(4), traefik({ externalTrafficPolicy: 'Local' }), makeWorkload('traefik')]])
    expect(service(state, 'traefik').healthCheckNodePort).toBeGreaterThan(0)
    const healthy = group(state, 80).targets.filter(t => t.healthy)
    expect(healthy.map(t => t.nodeName)).toEqual([podsOf(state, 'traefik')[0].nodeName])
  })

  it('pass over nodes that are labelled out or not ready, and pods that are not ready', () => {
    const nodes = [
      makeNode('out', { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }),
      makeNode('down', { ready: false }),
      makeNode('up'),
    ]
    const { state } = run([[...nodes, traefik()]])
    expect(group(state, 80).targets.map(t => [t.nodeName, t.healthy])).toEqual([
      ['down', false],
      ['up', true],
    ])
    const pod = makePod('p', {
      labels: { app: 'traefik' },
      phase: 'Running',
      ready: false,
      nodeName: 'up',
      podIPs: ['10.244.9.9'],
    })
    const local = run([[...nodes, traefik({ externalTrafficPolicy: 'Local' }), pod]]).state
    expect(group(local, 80).targets.some(t => t.healthy)).toBe(false)
  })

  it('publish a hostname that is the Service’s alone, or an address of the range', () => {
    const two = [makeService('a', { type: 'LoadBalancer' }), makeService('b', { type: 'LoadBalancer' })]
    const names = [...run([two]).state.services.values()].map(s => s.object.loadBalancerIngress[0].hostname)
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{16}\.elb\.example$/)
    expect(names[0]).not.toBe(names[1])
    const loadBalancer = {
      ...defaultControlPlaneConfig.loadBalancer,
      ingress: 'ip' as const,
      ipRange: '198.51.100.0/30',
    }
    const ips = [...run([two], { loadBalancer }).state.services.values()].map(s => s.object.loadBalancerIngress)
    expect(ips).toEqual([[{ ip: '198.51.100.1', ipMode: 'VIP' }], [{ ip: '198.51.100.2', ipMode: 'VIP' }]])
    expect(problemOf([[...two, makeService('c', { type: 'LoadBalancer' })]], { loadBalancer })).toMatch(
      /all 2 of 198\.51\.100\.0\/30/,
    )
    expect(
      run([two, [{ remove: two[0] }], [makeService('c', { type: 'LoadBalancer' })]], { loadBalancer }).warnings,
    ).toEqual([])
  })
})

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
