import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makeServiceJson } from '../../test/make-kubernetes-json.ts'
import { describeProblem } from '../problem/problem.ts'
import { decodeObject } from './decode-object.ts'
import type { JsonObject, Service } from './objects.ts'

const decode = (spec: JsonObject, metadata: JsonObject = {}, status: JsonObject = {}): Service => {
  const result = decodeObject({ ...makeServiceJson(spec, metadata), status })
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right as Service
}

const fault = (spec: JsonObject, metadata: JsonObject = {}): string => {
  const result = decodeObject(makeServiceJson(spec, metadata))
  return E.isLeft(result) ? describeProblem(result.left) : 'accepted'
}

const port = (fields: JsonObject = {}): JsonObject => ({ ports: [{ port: 80, ...fields }] })

describe('a Service', () => {
  it("gets the API server's defaults", () => {
    const { source: _, ...service } = decode({})
    expect(service).toEqual({
      kind: 'Service',
      namespace: 'default',
      name: 'web',
      labels: {},
      type: 'ClusterIP',
      clusterIPs: [],
      ipFamilies: [],
      ports: [{ name: '', protocol: 'TCP', port: 80, targetPort: 80, nodePort: 0 }],
      sessionAffinity: 'None',
      affinityTimeoutSeconds: 10800,
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      externalIPs: [],
      loadBalancerIngress: [],
      loadBalancerSourceRanges: [],
      healthCheckNodePort: 0,
      allocateLoadBalancerNodePorts: true,
      publishNotReadyAddresses: false,
      externalName: '',
    })
  })

  it('keeps the JSON it came from', () => {
    const json = makeServiceJson({ trafficDistribution: 'PreferClose' })
    expect(E.isRight(decodeObject(json)) && (decodeObject(json) as E.Right<Service>).right.source).toBe(json)
  })

  it('has its addresses from clusterIPs, or else from clusterIP, with their families', () => {
    expect(decode({ clusterIP: '10.96.0.1' })).toMatchObject({ clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'] })
    expect(decode({ clusterIP: 'FD00::1' })).toMatchObject({ clusterIPs: ['fd00::1'], ipFamilies: ['IPv6'] })
    expect(decode({ clusterIP: 'fd00::1', clusterIPs: ['fd00::1', '10.96.0.1'] })).toMatchObject({
      clusterIPs: ['fd00::1', '10.96.0.1'],
      ipFamilies: ['IPv6', 'IPv4'],
    })
    expect(decode({ clusterIP: 'None', ipFamilies: ['IPv6'] })).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv6'],
    })
    expect(decode({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] })).toMatchObject({
      ipFamilyPolicy: 'RequireDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
    })
  })

  it.each([
    [undefined, 80],
    [0, 80],
    ['', 80],
    [8080, 8080],
    ['http', 'http'],
  ])('targetPort %j is %j', (targetPort, expected) => {
    expect(decode(port({ targetPort })).ports[0].targetPort).toBe(expected)
  })

  it('has no ports only when it is headless or a name', () => {
    expect(decode({ ports: [], clusterIP: 'None' }).ports).toEqual([])
    expect(decode({ ports: undefined, type: 'ExternalName', externalName: 'db.example.com' })).toMatchObject({
      ports: [],
      externalName: 'db.example.com',
    })
    expect(fault({ ports: [] })).toMatch(/^spec.ports: the Service has no ports/)
    expect(fault({ ports: undefined })).toMatch(/^spec.ports: the Service has no ports/)
  })

  it('tells no selector from an empty one', () => {
    expect(decode({}).selector).toBeUndefined()
    expect(decode({ selector: {} }).selector).toEqual({})
  })

  it('reads a load balancer, ipMode VIP by default', () => {
    const ingress = [{ ip: '192.0.2.1' }, { ip: '192.0.2.2', ipMode: 'Proxy' }, { hostname: 'lb.example.com' }]
    expect(decode({ type: 'LoadBalancer' }, {}, { loadBalancer: { ingress } }).loadBalancerIngress).toEqual([
      { ip: '192.0.2.1', ipMode: 'VIP' },
      { ip: '192.0.2.2', ipMode: 'Proxy' },
      { hostname: 'lb.example.com' },
    ])
  })

  it('allows one number for two protocols, and one node port for both', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP', nodePort: 30053 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', nodePort: 30053 },
    ]
    expect(decode({ type: 'NodePort', ports }).ports).toHaveLength(2)
  })

  it.each([
    ['spec.type', { type: 'Headless' }],
    ['spec.type', { type: 1 }],
    ['spec.ports', { ports: {} }],
    ['spec.ports[0]', { ports: ['80'] }],
    ['spec.ports[0].port', port({ port: 0 })],
    ['spec.ports[0].port', port({ port: 65536 })],
    ['spec.ports[0].port', port({ port: -1 })],
    ['spec.ports[0].port', port({ port: '80' })],
    ['spec.ports[0].port', port({ port: 80.5 })],
    ['spec.ports[0].port', port({ port: null })],
    ['spec.ports[0].protocol', port({ protocol: 'ICMP' })],
    ['spec.ports[0].protocol', port({ protocol: 'tcp' })],
    ['spec.ports[0].name', port({ name: 'Web' })],
    ['spec.ports[0].targetPort', port({ targetPort: '8080' })],
    ['spec.ports[0].targetPort', port({ targetPort: 65536 })],
    ['spec.ports[0].targetPort', port({ targetPort: true })],
    ['spec.ports[0].nodePort', { type: 'NodePort', ...port({ nodePort: 65536 }) }],
    ['spec.ports[0].nodePort', port({ nodePort: 30000 })],
    ['spec.ports[0].name', { ports: [{ port: 80 }, { port: 81 }] }],
    [
      'spec.ports[1].name',
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      },
    ],
    [
      'spec.ports[1].port',
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      },
    ],
    [
      'spec.ports[1].nodePort',
      { type: 'NodePort', ports: [1, 2].map(p => ({ name: `p${p}`, port: p, nodePort: 30000 })) },
    ],
    ['spec.clusterIP', { clusterIP: '10.96.0.256' }],
    ['spec.clusterIP', { clusterIP: 'none' }],
    ['spec.clusterIP', { clusterIP: 'None', type: 'NodePort' }],
    ['spec.clusterIP', { clusterIP: '10.96.0.1', type: 'ExternalName', externalName: 'a.b' }],
    ['spec.clusterIPs[0]', { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.2'] }],
    ['spec.clusterIPs', { clusterIPs: ['10.96.0.1', '10.96.0.2'] }],
    ['spec.clusterIPs', { clusterIPs: ['None', '10.96.0.2'] }],
    ['spec.ipFamilies[0]', { ipFamilies: ['IPv5'] }],
    ['spec.ipFamilies', { ipFamilies: ['IPv4', 'IPv4'] }],
    ['spec.ipFamilies[0]', { clusterIP: '10.96.0.1', ipFamilies: ['IPv6'] }],
    ['spec.ipFamilyPolicy', { ipFamilyPolicy: 'DualStack' }],
    ['spec.externalIPs[1]', { externalIPs: ['192.0.2.1', '192.0.2'] }],
    ['spec.externalIPs[0]', { externalIPs: ['127.0.0.1'] }],
    ['spec.externalIPs[0]', { externalIPs: ['fe80::1'] }],
    ['spec.loadBalancerSourceRanges[0]', { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/33'] }],
    ['spec.loadBalancerSourceRanges', { loadBalancerSourceRanges: ['10.0.0.0/8'] }],
    ['spec.sessionAffinity', { sessionAffinity: 'Cookie' }],
    [
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
      { sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } },
    ],
    ['spec.externalTrafficPolicy', { externalTrafficPolicy: 'local' }],
    ['spec.internalTrafficPolicy', { internalTrafficPolicy: 'Node' }],
    ['spec.healthCheckNodePort', { healthCheckNodePort: 30000 }],
    ['spec.allocateLoadBalancerNodePorts', { allocateLoadBalancerNodePorts: 'false' }],
    ['spec.externalName', { type: 'ExternalName' }],
    ['spec.externalName', { type: 'ExternalName', externalName: 'a b' }],
    ['spec.selector.app', { selector: { app: 1 } }],
    ['spec.selector["-app"]', { selector: { '-app': 'x' } }],
  ])('is refused at %s for %j', (field, spec) => {
    expect(fault(spec).slice(0, field.length + 1)).toBe(`${field}:`)
  })

  it.each([
    ['metadata.name', { name: '1web' }],
    ['metadata.name', { name: 'Web' }],
    ['metadata.name', { name: '' }],
    ['metadata.name', { name: undefined, generateName: 'web-' }],
    ['metadata.namespace', { namespace: 'a.b' }],
    ['metadata.labels.version', { labels: { version: 1 } }],
    ['metadata.labels', { labels: [] }],
  ])('is refused at %s for metadata %j', (field, metadata) => {
    expect(fault({}, metadata).slice(0, field.length + 1)).toBe(`${field}:`)
  })
})
