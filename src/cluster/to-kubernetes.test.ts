import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { arbitraryObject } from '../../test/arbitrary-event.ts'
import { makePod, makeService } from '../../test/make-events.ts'
import { makePodJson, makeServiceJson, makeSliceJson } from '../../test/make-kubernetes-json.ts'
import { describeProblem } from '../problem/problem.ts'
import { decodeObject } from './decode-object.ts'
import type { ClusterObject, JsonObject, Service } from './objects.ts'
import { toKubernetes } from './to-kubernetes.ts'

/** Through JSON text, as the log does it. */
const again = (object: ClusterObject): ClusterObject => {
  const result = decodeObject(JSON.parse(JSON.stringify(toKubernetes(object))) as JsonObject)
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}
const bare = ({ source: _, ...object }: ClusterObject): unknown => object

/** Services beyond the common ones: headless, names, two families, node ports, addresses of load balancers. */
const unusualService: fc.Arbitrary<Service> = fc
  .constantFrom<Partial<Service>>(
    { clusterIPs: ['None'], ipFamilies: ['IPv4', 'IPv6'], ports: [] },
    {
      type: 'ExternalName',
      externalName: 'db.example.com',
      clusterIPs: [],
      ipFamilies: [],
      ports: [],
      selector: undefined,
    },
    { clusterIPs: ['fd00::1', '10.96.0.1'], ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'RequireDualStack' },
    {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 31000,
      loadBalancerIngress: [
        { ip: '192.0.2.1', ipMode: 'Proxy' },
        { ip: 'fd00::2', ipMode: 'VIP', hostname: 'lb' },
      ],
      loadBalancerSourceRanges: ['10.0.0.1/8'],
      ports: [
        { name: 'a', protocol: 'UDP', port: 53, targetPort: 'dns', nodePort: 30053 },
        { name: 'b', protocol: 'TCP', port: 53, targetPort: 5353, nodePort: 30053 },
      ],
    },
  )
  .map(fields => {
    const { selector, ...service } = makeService(fields)
    return selector === undefined ? service : { ...service, selector }
  })

const anyObject = fc.oneof({ weight: 5, arbitrary: arbitraryObject }, unusualService, arbitraryObject.map(daemonised))

function daemonised(object: ClusterObject): ClusterObject {
  return object.kind === 'Deployment' ? { ...object, kind: 'DaemonSet', replicas: 0, owned: true } : object
}

describe('toKubernetes', () => {
  it('is read back as the object it was made from', () => {
    fc.assert(
      fc.property(anyObject, object => {
        expect(bare(again(object))).toEqual(object)
      }),
      { numRuns: 300 },
    )
  })

  it('is read back the same whatever JSON lies below', () => {
    fc.assert(
      fc.property(anyObject, anyObject, (object, other) => {
        const source = other.kind === object.kind ? toKubernetes(other) : { metadata: toKubernetes(other)['metadata'] }
        expect(bare(again({ ...object, source }))).toEqual(object)
      }),
      { numRuns: 300 },
    )
  })

  it('changes nothing when it is done twice', () => {
    fc.assert(
      fc.property(anyObject, object => {
        const once = again(object)
        expect(toKubernetes(once)).toEqual(once.source)
      }),
    )
  })

  it.each([
    makeServiceJson(
      {
        ports: [
          { port: 80, appProtocol: 'http', name: 'a' },
          { port: 81, name: 'b' },
        ],
        trafficDistribution: 'PreferClose',
      },
      { annotations: { a: 'b' }, uid: 'x' },
    ),
    makePodJson(
      { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 1 }] }], tolerations: [] },
      {
        conditions: [
          { type: 'Initialized', status: 'True' },
          { type: 'Ready', status: 'True', lastProbeTime: null },
        ],
      },
      { ownerReferences: [{ kind: 'ReplicaSet', name: 'x', controller: true }] },
    ),
    makeSliceJson({
      endpoints: [{ addresses: ['10.244.1.5'], hostname: 'h', targetRef: { kind: 'Node', name: 'n' } }],
    }),
  ])('loses nothing of an imported object', json => {
    const result = decodeObject(json)
    if (E.isLeft(result)) throw new Error(describeProblem(result.left))
    expect(toKubernetes(result.right)).toMatchObject(json)
  })

  it('follows an object that has changed since it was imported', () => {
    const json = makePodJson(
      { containers: [{ name: 'c', image: 'i' }] },
      { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', reason: 'x' }] },
      { labels: { gone: 'x', app: 'a' }, deletionTimestamp: '2026-01-01T00:00:00Z' },
    )
    const pod = makePod({ source: json, ready: false, terminating: false, containerPorts: [], labels: { app: 'b' } })
    const { metadata, spec, status } = toKubernetes(pod) as Record<string, Record<string, unknown>>
    expect(metadata).toEqual({ name: 'web-1', namespace: 'default', labels: { app: 'b' } })
    expect(spec['containers']).toEqual([{ name: 'c', image: 'i' }])
    expect(status['conditions']).toEqual([{ type: 'Ready', status: 'False', reason: 'x' }])
  })

  it('does not touch what it was imported from', () => {
    const json = Object.freeze(makeServiceJson())
    const before = JSON.stringify(json)
    toKubernetes(makeService({ source: json, clusterIPs: ['10.96.0.9'] }))
    expect(JSON.stringify(json)).toBe(before)
  })
})
