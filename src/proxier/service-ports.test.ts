import { describe, expect, it } from 'vitest'
import type { Service } from '../cluster/objects.ts'
import { formatIp, formatPrefix } from '../net/ip.ts'
import { isExternallyAccessible, servicePorts, usesClusterEndpoints, usesLocalEndpoints } from './service-ports.ts'
import { makePort, makeService, makeSlice, makeState } from './testing/make-objects.ts'

const portsOf = (parts: Partial<Service>, family: 4 | 6 = 4) => servicePorts(makeState(makeService(parts)), family)

describe('servicePorts', () => {
  it('are none without Services', () => {
    expect(servicePorts(makeState(), 4)).toEqual([])
  })

  it.each<[string, Partial<Service>]>([
    ['has no clusterIP yet', { clusterIPs: [] }],
    ['is headless', { clusterIPs: ['None'] }],
    ['is of the other family', { clusterIPs: ['fd00::10'] }],
    ['is an ExternalName', { type: 'ExternalName', externalName: 'example.org' }],
    ['is another proxy’s', { labels: { 'service.kubernetes.io/service-proxy-name': '' } }],
    ['carries the headless label', { labels: { 'service.kubernetes.io/headless': '' } }],
    ['has no ports', { ports: [] }],
  ])('leaves out a Service that %s', (_, parts) => {
    expect(portsOf(parts)).toEqual([])
  })

  it('sorts by namespace, name and port name', () => {
    const state = makeState(
      makeService({ name: 'b', ports: [makePort({ name: 'y', port: 1 }), makePort({ name: 'x', port: 2 })] }),
      makeService({ name: 'a-b' }),
      makeService({ name: 'a' }),
      makeService({ namespace: 'apps', name: 'z' }),
    )
    expect(servicePorts(state, 4).map(p => `${p.namespace}/${p.name}:${p.portName}`)).toEqual([
      'apps/z:http',
      'default/a:http',
      'default/a-b:http',
      'default/b:x',
      'default/b:y',
    ])
  })

  it('gives one Service of two families a port in each', () => {
    const parts = { clusterIPs: ['10.96.0.10', 'fd00::10'] }
    expect([4, 6].map(f => formatIp(portsOf(parts, f as 4 | 6)[0].clusterIP))).toEqual(['10.96.0.10', 'fd00::10'])
  })

  it('finds endpoints by port name and protocol, not by targetPort', () => {
    const state = makeState(
      makeService({
        ports: [
          makePort({ name: 'dns', protocol: 'UDP', port: 53 }),
          makePort({ name: 'dns-tcp', port: 53, targetPort: 53 }),
        ],
      }),
      makeSlice(['10.0.0.1'], {
        ports: [
          { name: 'dns', protocol: 'UDP', port: 5353 },
          { name: 'dns', protocol: 'TCP', port: 53 },
        ],
      }),
    )
    expect(servicePorts(state, 4).map(p => p.endpoints.map(e => e.label))).toEqual([['10.0.0.1:5353'], []])
  })

  it('keeps source ranges of its family, blanks and host bits removed', () => {
    const ranges = [' 192.0.2.7/24 ', 'fd00::/64', '198.51.100.1/32']
    expect(portsOf({ loadBalancerSourceRanges: ranges })[0].sourceRanges.map(formatPrefix)).toEqual([
      '192.0.2.0/24',
      '198.51.100.1/32',
    ])
  })

  it('drops all ranges of a family when one lets everyone in', () => {
    const ranges = ['192.0.2.0/24', '0.0.0.0/0', 'fd00::/64']
    expect(portsOf({ loadBalancerSourceRanges: ranges })[0].sourceRanges).toEqual([])
  })

  it('takes load balancer addresses that reach the node as they are', () => {
    const [port] = portsOf({
      type: 'LoadBalancer',
      loadBalancerIngress: [
        { ip: '203.0.113.1' },
        { ip: '203.0.113.2', ipMode: 'VIP' },
        { ip: '203.0.113.3', ipMode: 'Proxy' },
        { hostname: 'lb.example.org' },
        { ip: 'fd00::1' },
      ],
    })
    expect(port.loadBalancerVIPs.map(formatIp)).toEqual(['203.0.113.1', '203.0.113.2'])
  })

  it.each<[string, Partial<Service>, boolean, number]>([
    ['ClusterIP', { healthCheckNodePort: 32000 }, false, 0],
    ['ClusterIP with externalIPs', { externalIPs: ['203.0.113.9'], healthCheckNodePort: 32000 }, true, 0],
    ['NodePort', { type: 'NodePort', healthCheckNodePort: 32000 }, true, 0],
    ['LoadBalancer', { type: 'LoadBalancer', healthCheckNodePort: 32000 }, true, 32000],
  ])('heeds externalTrafficPolicy Local: %s', (_, parts, local, health) => {
    const [port] = portsOf({ ...parts, externalTrafficPolicy: 'Local' })
    expect(port.externalPolicyLocal).toBe(local)
    expect(port.healthCheckNodePort).toBe(health)
  })

  it('remembers clients only with ClientIP affinity', () => {
    expect(portsOf({})[0].affinitySeconds).toBe(0)
    expect(portsOf({ sessionAffinity: 'ClientIP', affinityTimeoutSeconds: 60 })[0].affinitySeconds).toBe(60)
  })
})

describe('which endpoints a Service port needs', () => {
  it.each<[string, Partial<Service>, boolean, boolean, boolean]>([
    ['clusterIP', {}, false, true, false],
    ['clusterIP, internal Local', { internalTrafficPolicy: 'Local' }, false, false, true],
    ['nodePort', { type: 'NodePort', ports: [makePort({ nodePort: 30080 })] }, true, true, false],
    [
      'nodePort, internal Local',
      { type: 'NodePort', ports: [makePort({ nodePort: 30080 })], internalTrafficPolicy: 'Local' },
      true,
      true,
      true,
    ],
    [
      'nodePort, external Local',
      { type: 'NodePort', ports: [makePort({ nodePort: 30080 })], externalTrafficPolicy: 'Local' },
      true,
      true,
      true,
    ],
    [
      'LoadBalancer without any address, external Local',
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
      false,
      true,
      false,
    ],
  ])('%s', (_, parts, external, cluster, local) => {
    const [port] = portsOf(parts)
    expect([isExternallyAccessible(port), usesClusterEndpoints(port), usesLocalEndpoints(port)]).toEqual([
      external,
      cluster,
      local,
    ])
  })
})
