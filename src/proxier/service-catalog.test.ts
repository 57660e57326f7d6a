import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClusterEvent, ClusterEventType } from '../cluster/cluster-event.ts'
import { applyEvent, emptyState } from '../cluster/cluster-state.ts'
import type { ClusterObject } from '../cluster/objects.ts'
import { ServiceCatalog } from './service-catalog.ts'
import { compareServicePorts, servicePorts } from './service-ports.ts'
import { makeEndpoint, makeNode, makePort, makeService, makeSlice } from './testing/make-objects.ts'
import { randomEvents } from './testing/random-events.ts'

const eventOf = (object: ClusterObject, type: ClusterEventType = 'MODIFIED'): ClusterEvent => ({
  sequence: 0,
  timeUs: 0,
  type,
  object,
})

const WEB = 'default/web'
const HEADLESS = { 'service.kubernetes.io/headless': '' }

function catalogOf(...objects: readonly ClusterObject[]): ServiceCatalog {
  const catalog = new ServiceCatalog(4)
  for (const object of objects) catalog.apply(eventOf(object))
  return catalog
}

describe('ServiceCatalog', () => {
  it('joins a Service with its slices in whatever order they come', () => {
    const labels = (catalog: ServiceCatalog) => catalog.portsOf(WEB).map(p => p.endpoints.map(e => e.label))
    const slices = [makeSlice(['10.0.0.2']), makeSlice(['10.0.0.1'], { name: 'web-2' })]
    const expected = [['10.0.0.1:8080', '10.0.0.2:8080']]
    expect(labels(catalogOf(makeService(), ...slices))).toEqual(expected)
    expect(labels(catalogOf(...slices, makeService()))).toEqual(expected)
    expect(labels(catalogOf(...slices))).toEqual([])
  })

  it.each<[string, ClusterObject, ClusterEventType, boolean]>([
    ['the same Service again', makeService(), 'MODIFIED', false],
    ['a label of the Service', makeService({ labels: { team: 'a' } }), 'MODIFIED', false],
    ['the selector', makeService({ selector: { app: 'b' } }), 'MODIFIED', false],
    ['a targetPort', makeService({ ports: [makePort({ targetPort: 9 })] }), 'MODIFIED', false],
    ['a port', makeService({ ports: [makePort({ port: 81 })] }), 'MODIFIED', true],
    ['a traffic policy', makeService({ internalTrafficPolicy: 'Local' }), 'MODIFIED', true],
    ['another proxy', makeService({ labels: { 'service.kubernetes.io/service-proxy-name': 'x' } }), 'MODIFIED', true],
    ['the Service deleted', makeService(), 'DELETED', true],
    ['an unknown Service deleted', makeService({ name: 'other' }), 'DELETED', false],
    ['a headless Service', makeService({ name: 'other', clusterIPs: ['None'] }), 'ADDED', false],
    ['an IPv6 Service', makeService({ name: 'other', clusterIPs: ['fd00::1'] }), 'ADDED', false],
    ['the same slice again', makeSlice(['10.0.0.1']), 'MODIFIED', false],
    ['an endpoint', makeSlice(['10.0.0.2']), 'MODIFIED', true],
    ['readiness', makeSlice([makeEndpoint('10.0.0.1', { ready: false })]), 'MODIFIED', true],
    ['a label of the slice', makeSlice(['10.0.0.1'], { labels: { a: 'b' } }), 'MODIFIED', true],
    ['the slice deleted', makeSlice(['10.0.0.1']), 'DELETED', true],
    ['an unknown slice deleted', makeSlice([], { name: 'other' }), 'DELETED', false],
    ['a slice of no Service', makeSlice([], { name: 'other', serviceName: '' }), 'ADDED', false],
    ['a slice of IPv6', makeSlice([], { name: 'other', addressType: 'IPv6' }), 'ADDED', false],
    ['a slice of a headless Service', makeSlice([], { name: 'other', labels: HEADLESS }), 'ADDED', false],
    ['a Node', makeNode('a'), 'ADDED', false],
  ])('%s', (_what, object, type, isChange) => {
    const catalog = catalogOf(makeService(), makeSlice(['10.0.0.1']))
    expect(catalog.apply(eventOf(object, type)) !== undefined).toBe(isChange)
  })

  it('sees an annotation of a slice change, as the JSON it came from tells', () => {
    const withRevision = (resourceVersion: string) =>
      makeSlice(['10.0.0.1'], { source: { metadata: { resourceVersion } } })
    const catalog = catalogOf(makeService(), withRevision('1'))
    expect(catalog.apply(eventOf(withRevision('1')))).toBeUndefined()
    expect(catalog.apply(eventOf(withRevision('2')))).toEqual({ kind: 'endpoints', services: [WEB] })
  })

  it('names both Services when a slice moves', () => {
    const catalog = catalogOf(makeService(), makeSlice(['10.0.0.1']))
    const moved = makeSlice(['10.0.0.1'], { name: 'web-1', serviceName: 'other' })
    expect(catalog.apply(eventOf(moved))).toEqual({ kind: 'endpoints', services: [WEB, 'default/other'] })
    expect(catalog.portsOf(WEB)[0].endpoints).toEqual([])
  })

  it('gives the same objects until something changes', () => {
    const catalog = catalogOf(makeService(), makeSlice(['10.0.0.1']))
    const ports = catalog.portsOf(WEB)
    catalog.apply(eventOf(makeService({ labels: { a: 'b' } })))
    expect(catalog.portsOf(WEB)).toBe(ports)
    catalog.apply(eventOf(makeSlice(['10.0.0.2'])))
    expect(catalog.portsOf(WEB)).not.toBe(ports)
  })

  it('knows after any events what the folded state says', () => {
    fc.assert(
      fc.property(randomEvents, events => {
        const catalog = new ServiceCatalog(4)
        const state = emptyState()
        for (const event of events) {
          catalog.apply(event)
          applyEvent(state, event)
        }
        const known = [...catalog.serviceNames()].flatMap(name => catalog.portsOf(name)).sort(compareServicePorts)
        expect(known).toEqual(servicePorts(state, 4))
      }),
    )
  })
})
