import { describe, expect, it } from 'vitest'
import {
  makeNode,
  makeNodes,
  makePod,
  makeService,
  makeServicePort,
  makeWorkload,
} from '../../test/make-cluster-objects.ts'
import { podsOf, problemOf, run, service } from '../../test/run-control-plane.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { Service } from '../cluster/objects.ts'
import { targetGroup } from './cloud-load-balancer.ts'
import { defaultControlPlaneConfig } from './control-plane-config.ts'

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
