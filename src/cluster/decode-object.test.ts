import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { makePodJson, makeSliceJson } from '../../test/make-kubernetes-json.ts'
import { describeProblem } from '../problem/problem.ts'
import { decodeObject, isKnownKind } from './decode-object.ts'
import type { ClusterObject, JsonObject } from './objects.ts'

const decode = (json: JsonObject): ClusterObject => {
  const result = decodeObject(json)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  const { source, ...object } = result.right
  expect(source).toBe(json)
  return object as ClusterObject
}

const faultField = (json: JsonObject): string | undefined => {
  const result = decodeObject(json)
  return E.isLeft(result) && result.left._tag === 'BadInput' ? result.left.place.field : undefined
}

const make = (kind: string, apiVersion: string, spec: JsonObject, status: JsonObject = {}): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x' },
  spec,
  status,
})

describe('decodeObject', () => {
  it('knows kinds by their API version', () => {
    expect(isKnownKind('v1', 'Service')).toBe(true)
    expect(isKnownKind('serving.knative.dev/v1', 'Service')).toBe(false)
    expect(isKnownKind('networking.k8s.io/v1beta1', 'ServiceCIDR')).toBe(true)
    expect(isKnownKind('v1', 'ConfigMap')).toBe(false)
    expect(faultField({ apiVersion: 'v2', kind: 'Service' })).toBe('kind')
  })

  it('reads a Node', () => {
    const status = {
      addresses: [
        { type: 'InternalIP', address: 'FD00::1' },
        { type: 'Hostname', address: 'node-a' },
      ],
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: 'Unknown' },
      ],
    }
    expect(decode(make('Node', 'v1', { podCIDR: '10.244.0.0/24' }, status))).toEqual({
      kind: 'Node',
      namespace: '',
      name: 'x',
      labels: {},
      podCIDRs: ['10.244.0.0/24'],
      addresses: [
        { type: 'InternalIP', address: 'fd00::1' },
        { type: 'Hostname', address: 'node-a' },
      ],
      ready: false,
    })
    expect(
      decode(make('Node', 'v1', { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24', 'fd00::/64'] })),
    ).toMatchObject({
      podCIDRs: ['10.244.0.0/24', 'fd00::/64'],
      ready: true,
    })
    expect(faultField(make('Node', 'v1', { podCIDR: '10.244.0.0' }))).toBe('spec.podCIDR')
    expect(faultField(make('Node', 'v1', {}, { addresses: [{ type: 'InternalIP', address: 'x' }] }))).toBe(
      'status.addresses[0].address',
    )
  })

  it('reads a Pod, and of its containers the ports that a name can find', () => {
    const spec = {
      nodeName: 'node-a',
      hostNetwork: true,
      containers: [
        { ports: [{ name: 'http', containerPort: 80 }] },
        { ports: [{ containerPort: 53, protocol: 'UDP' }] },
      ],
      initContainers: [
        { ports: [{ containerPort: 1 }] },
        { restartPolicy: 'Always', ports: [{ name: 'proxy', containerPort: 2, protocol: 'SCTP' }] },
      ],
    }
    const status = {
      phase: 'Running',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    }
    expect(decode(makePodJson(spec, status, { deletionTimestamp: '2026-01-01T00:00:00Z', namespace: 'shop' }))).toEqual(
      {
        kind: 'Pod',
        namespace: 'shop',
        name: 'web-1',
        labels: {},
        nodeName: 'node-a',
        podIPs: ['10.0.0.1', 'fd00::1'],
        phase: 'Running',
        ready: true,
        terminating: true,
        hostNetwork: true,
        containerPorts: [
          { name: 'http', port: 80, protocol: 'TCP' },
          { name: '', port: 53, protocol: 'UDP' },
          { name: 'proxy', port: 2, protocol: 'SCTP' },
        ],
      },
    )
    expect(decode(makePodJson())).toMatchObject({ nodeName: '', podIPs: [], phase: 'Pending', ready: false })
    expect(decode(makePodJson({}, { podIP: 'FD00::1' }))).toMatchObject({ podIPs: ['fd00::1'] })
  })

  it.each([
    ['status.podIPs', makePodJson({}, { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] })],
    ['status.podIPs[0].ip', makePodJson({}, { podIPs: [{ ip: '10.0.0' }] })],
    ['status.phase', makePodJson({}, { phase: 'Crashed' })],
    ['spec.hostNetwork', makePodJson({ hostNetwork: 'yes' })],
    ['spec.containers[0].ports[0].containerPort', makePodJson({ containers: [{ ports: [{}] }] })],
    ['spec.containers[0].ports[0].name', makePodJson({ containers: [{ ports: [{ name: '80', containerPort: 80 }] }] })],
    ['metadata.name', makePodJson({}, {}, { name: 'web_1' })],
  ])('refuses a Pod at %s', (field, json) => {
    expect(faultField(json)).toBe(field)
  })

  it('reads an EndpointSlice; conditions that are absent are those of a ready endpoint', () => {
    const endpoints = [
      { addresses: ['10.244.1.5'] },
      {
        addresses: ['10.244.1.6'],
        conditions: { ready: false, serving: true, terminating: true },
        nodeName: 'node-a',
        zone: 'zone-a',
        hints: { forZones: [{ name: 'zone-a' }], forNodes: [{ name: 'node-a' }] },
        targetRef: { kind: 'Pod', name: 'web-1' },
      },
      {
        addresses: ['10.244.1.7'],
        conditions: { ready: null },
        hints: { forZones: [] },
        targetRef: { kind: 'Node', name: 'n' },
      },
    ]
    const ports = [{ port: 8080 }, { name: 'dns', protocol: 'UDP' }]
    const blank = { ready: true, serving: true, terminating: false, nodeName: '', zone: '', podName: '' }
    expect(decode(makeSliceJson({ endpoints, ports }))).toEqual({
      kind: 'EndpointSlice',
      namespace: 'default',
      name: 'web-abcde',
      labels: { 'kubernetes.io/service-name': 'web' },
      serviceName: 'web',
      addressType: 'IPv4',
      ports: [
        { name: null, protocol: 'TCP', port: 8080 },
        { name: 'dns', protocol: 'UDP', port: null },
      ],
      endpoints: [
        { ...blank, addresses: ['10.244.1.5'] },
        {
          addresses: ['10.244.1.6'],
          ready: false,
          serving: true,
          terminating: true,
          nodeName: 'node-a',
          zone: 'zone-a',
          hintZones: ['zone-a'],
          hintNodes: ['node-a'],
          podName: 'web-1',
        },
        { ...blank, addresses: ['10.244.1.7'], hintZones: [] },
      ],
    })
    expect(
      decode(makeSliceJson({ addressType: 'FQDN', endpoints: [{ addresses: ['db.example.com'] }] })),
    ).toMatchObject({
      addressType: 'FQDN',
    })
    expect(decode(makeSliceJson({ ports: null, endpoints: null }, { labels: null }))).toMatchObject({
      serviceName: '',
      ports: [],
      endpoints: [],
    })
  })

  const endpoint = { addresses: ['10.244.1.5'] }
  it.each([
    ['addressType', { addressType: undefined }],
    ['addressType', { addressType: 'ipv4' }],
    ['endpoints[0].addresses[0]', { addressType: 'IPv6' }],
    ['endpoints[1].addresses[0]', { endpoints: [endpoint, { addresses: ['fd00::1'] }] }],
    ['endpoints[0].addresses[0]', { endpoints: [{ addresses: ['169.254.1.1'] }] }],
    ['endpoints[0].addresses[0]', { addressType: 'FQDN', endpoints: [{ addresses: ['a b'] }] }],
    ['endpoints[0].addresses', { endpoints: [{ addresses: [] }] }],
    ['endpoints[0].conditions.ready', { endpoints: [{ ...endpoint, conditions: { ready: 'true' } }] }],
    ['endpoints', { endpoints: Array.from({ length: 1001 }, () => endpoint) }],
    ['ports', { ports: Array.from({ length: 101 }, (_, i) => ({ name: `p${i}`, port: 1 })) }],
    ['ports[1].name', { ports: [{ name: 'a' }, { name: 'a' }] }],
    ['ports[0].port', { ports: [{ port: 0 }] }],
  ])('refuses an EndpointSlice at %s', (field, fields) => {
    expect(faultField(makeSliceJson(fields))).toBe(field)
  })

  it('takes 1,000 endpoints and 100 ports', () => {
    const endpoints = Array.from({ length: 1000 }, () => endpoint)
    const ports = Array.from({ length: 100 }, (_, i) => ({ name: `p${i}`, port: 1 }))
    expect(decode(makeSliceJson({ endpoints, ports }))).toMatchObject({ kind: 'EndpointSlice' })
  })

  it('reads a ServiceCIDR', () => {
    const cidrs = ['10.96.0.0/12', 'FD00::/112']
    expect(decode(make('ServiceCIDR', 'networking.k8s.io/v1beta1', { cidrs }))).toMatchObject({
      cidrs: ['10.96.0.0/12', 'fd00::/112'],
    })
    for (const bad of [[], ['10.0.0.0/8', '10.96.0.0/12']])
      expect(faultField(make('ServiceCIDR', 'networking.k8s.io/v1', { cidrs: bad }))).toBe('spec.cidrs')
  })

  it.each(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])('reads a %s', kind => {
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ ports: [{ containerPort: 80 }] }] },
    }
    const json = make(kind, 'apps/v1', { template })
    expect(decode(json)).toEqual({
      kind,
      namespace: 'default',
      name: 'x',
      labels: {},
      replicas: kind === 'DaemonSet' ? 0 : 1,
      podLabels: { app: 'web' },
      containerPorts: [{ name: '', port: 80, protocol: 'TCP' }],
      hostNetwork: false,
      owned: false,
    })
    const ownerReferences = [{ kind: 'Deployment', name: 'x', controller: true }]
    expect(decode({ ...json, metadata: { name: 'x', ownerReferences } })).toMatchObject({ owned: true })
    expect(decode(make('Deployment', 'apps/v1', { replicas: 0 }))).toMatchObject({ replicas: 0 })
    expect(faultField(make('Deployment', 'apps/v1', { replicas: -1 }))).toBe('spec.replicas')
  })
})
