import { describe, expect, it } from 'vitest'
import { makeNode, makePod, makeService, makeServicePort } from '../../test/make-cluster-objects.ts'
import type { EndpointSlice, Pod, Service } from '../cluster/objects.ts'
import { ZONE_LABEL } from '../cluster/objects.ts'
import { reconcileSlices } from './endpointslice-controller.ts'

const NODES = new Map(
  ['a', 'b'].map(zone => [`node-${zone}`, makeNode(`node-${zone}`, { labels: { [ZONE_LABEL]: zone } })]),
)
const makeRunning = (i: number, more: Partial<Pod> = {}): Pod =>
  makePod(`pod-${i}`, {
    nodeName: i % 2 === 0 ? 'node-a' : 'node-b',
    podIPs: [`10.244.${i >> 8}.${i & 255}`, `fd00::${(i + 1).toString(16)}`],
    phase: 'Running',
    ready: true,
    ...more,
  })
const makeMany = (count: number, more: Partial<Pod> = {}) =>
  Array.from({ length: count }, (_, i) => makeRunning(i, more))
const makeAdmitted = (more: Partial<Service> = {}): Service => makeService('web', { ipFamilies: ['IPv4'], ...more })

/** What is left when the changes are made, and the changes. */
function reconcile(service: Service, pods: readonly Pod[], existing: readonly EndpointSlice[] = []) {
  let made = 0
  const name = () => `${service.name}-new${existing.length + made++}`
  const changes = reconcileSlices(service, pods, n => NODES.get(n), existing, name)
  const slices = new Map(existing.map(s => [s.name, s]))
  for (const slice of changes.remove) slices.delete(slice.name)
  for (const slice of changes.put) slices.set(slice.name, slice)
  return { ...changes, slices: [...slices.values()] }
}
const sizes = (slices: readonly EndpointSlice[]) => slices.map(s => s.endpoints.length)

describe('reconcileSlices', () => {
  it('writes a slice with all that kube-proxy reads', () => {
    const ports = [makeServicePort(80, { name: 'http', targetPort: 8080 })]
    const service = makeAdmitted({ ports, labels: { team: 'x', 'kubernetes.io/service-name': 'a lie' } })
    expect(reconcile(service, [makeRunning(1)]).put).toEqual([
      {
        kind: 'EndpointSlice',
        namespace: 'default',
        name: 'web-new0',
        labels: {
          team: 'x',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        serviceName: 'web',
        addressType: 'IPv4',
        ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
        endpoints: [
          {
            addresses: ['10.244.0.1'],
            ready: true,
            serving: true,
            terminating: false,
            nodeName: 'node-b',
            zone: 'b',
            podName: 'pod-1',
          },
        ],
      },
    ])
  })

  it.each([
    [0, [0]],
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])('%i endpoints make slices of %j', (count, expected) => {
    const first = reconcile(makeAdmitted(), makeMany(count))
    expect(sizes(first.slices)).toEqual(expected)
    const again = reconcile(makeAdmitted(), makeMany(count), first.slices)
    expect([again.put, again.remove]).toEqual([[], []])
  })

  it('holds the place with an empty slice without ports, which the first endpoint takes over', () => {
    const empty = reconcile(makeAdmitted(), []).slices
    expect(empty).toMatchObject([{ name: 'web-new0', ports: [], endpoints: [] }])
    const filled = reconcile(makeAdmitted(), makeMany(1), empty)
    expect(filled.slices).toMatchObject([{ name: 'web-new0', ports: [{ port: 80 }] }])
    expect(filled.remove).toEqual([])
    const emptied = reconcile(makeAdmitted(), [], filled.slices)
    expect(emptied.slices).toMatchObject([{ name: 'web-new0', ports: [], endpoints: [] }])
  })

  it.each([
    // pod, publishNotReadyAddresses, [ready, serving, terminating]
    ['ready', {}, false, [true, true, false]],
    ['not ready', { ready: false }, false, [false, false, false]],
    ['not ready, published', { ready: false }, true, [true, false, false]],
    ['terminating and serving', { terminating: true }, false, [false, true, true]],
    ['terminating, not serving', { terminating: true, ready: false }, false, [false, false, true]],
    ['terminating, published', { terminating: true }, true, [true, true, true]],
  ] as const)('conditions of a pod that is %s', (_name, pod, publishNotReadyAddresses, expected) => {
    const { slices } = reconcile(makeAdmitted({ publishNotReadyAddresses }), [makeRunning(0, pod)])
    const [{ ready, serving, terminating }] = slices[0].endpoints
    expect([ready, serving, terminating]).toEqual(expected)
  })

  it('leaves out pods that have ended, have no address, or are on a node that is gone', () => {
    const pods = [
      makeRunning(0, { phase: 'Succeeded' }),
      makeRunning(1, { phase: 'Failed' }),
      makeRunning(2, { podIPs: [] }),
      makeRunning(3, { nodeName: 'gone' }),
      makeRunning(4, { podIPs: ['fd00::9'] }),
    ]
    expect(sizes(reconcile(makeAdmitted(), pods).slices)).toEqual([0])
    const published = reconcile(makeAdmitted({ publishNotReadyAddresses: true }), pods)
    expect(published.slices[0].endpoints).toMatchObject([{ podName: 'pod-3', zone: '' }])
  })

  it('resolves named target ports pod by pod and groups pods by the outcome', () => {
    const ports = [
      makeServicePort(80, { name: 'http', targetPort: 'web' }),
      makeServicePort(53, { name: 'dns', targetPort: 'web', protocol: 'UDP' }),
      makeServicePort(9090, { name: 'metrics' }),
    ]
    const port = (number: number, protocol: 'TCP' | 'UDP' = 'TCP') => ({ name: 'web', port: number, protocol })
    const pods = [
      makeRunning(0, { containerPorts: [port(8080)] }),
      makeRunning(1, { containerPorts: [port(8081)] }),
      makeRunning(2, { containerPorts: [] }),
      makeRunning(3, { containerPorts: [port(8080), port(5353, 'UDP')] }),
      makeRunning(4, { containerPorts: [port(8080)] }),
    ]
    const { slices } = reconcile(makeAdmitted({ ports }), pods)
    expect(
      slices.map(s => [s.ports.map(p => `${p.name}:${p.port}`).join(), s.endpoints.map(e => e.podName).join()]),
    ).toEqual([
      ['http:8080,metrics:9090', 'pod-0,pod-4'],
      ['http:8081,metrics:9090', 'pod-1'],
      ['metrics:9090', 'pod-2'],
      ['http:8080,dns:5353,metrics:9090', 'pod-3'],
    ])
  })

  it('writes a slice of each family for dual stack, and drops the family that goes', () => {
    const dual = reconcile(makeAdmitted({ ipFamilies: ['IPv4', 'IPv6'] }), makeMany(1))
    expect(dual.slices.map(s => [s.addressType, s.endpoints[0].addresses])).toEqual([
      ['IPv4', ['10.244.0.0']],
      ['IPv6', ['fd00::1']],
    ])
    const single = reconcile(makeAdmitted({ ipFamilies: ['IPv6'] }), makeMany(1), dual.slices)
    expect([single.put, single.remove.map(s => s.addressType)]).toEqual([[], ['IPv4']])
  })

  it('rewrites slices when the ports change, under their names', () => {
    const before = reconcile(makeAdmitted(), makeMany(101)).slices
    const after = reconcile(makeAdmitted({ ports: [makeServicePort(81)] }), makeMany(101), before)
    expect(after.remove).toEqual([])
    expect(after.slices.map(s => [s.name, s.ports[0].port, s.endpoints.length])).toEqual([
      ['web-new0', 81, 100],
      ['web-new1', 81, 1],
    ])
  })

  it('rewrites slices when the labels of the Service change', () => {
    const before = reconcile(makeAdmitted(), makeMany(1)).slices
    expect(reconcile(makeAdmitted({ labels: { a: 'b' } }), makeMany(1), before).put).toHaveLength(1)
    const empty = reconcile(makeAdmitted(), []).slices
    expect(reconcile(makeAdmitted({ labels: { a: 'b' } }), [], empty).put).toHaveLength(1)
  })

  it('marks slices of a headless Service, with or without ports', () => {
    const service = makeAdmitted({ clusterIPs: ['None'], ports: [] })
    const { slices } = reconcile(service, makeMany(2))
    expect(slices).toMatchObject([{ labels: { 'service.kubernetes.io/headless': '' }, ports: [] }])
    expect(sizes(slices)).toEqual([2])
  })

  it('leaves Services without selector and ExternalName ones alone', () => {
    for (const more of [{ selector: undefined }, { selector: {} }, { type: 'ExternalName' as const }])
      expect(reconcile(makeAdmitted(more), makeMany(1)).put).toEqual([])
  })
})
