import { describe, expect, it } from 'vitest'
import type { EndpointSlice } from '../cluster/objects.ts'
import { entryOnNode, serviceEndpoints } from './service-endpoints.ts'
import { makeEndpoint, makeSlice, makeState } from './testing/make-objects.ts'

const labels = (...slices: readonly EndpointSlice[]) =>
  serviceEndpoints(makeState(...slices), 4)
    .get('default/web|http|TCP')
    ?.map(e => e.label)

describe('serviceEndpoints', () => {
  it('are sorted as text', () => {
    expect(labels(makeSlice(['10.0.0.9', '10.0.0.10', '10.0.0.100', '9.0.0.1']))).toEqual([
      '10.0.0.100:8080',
      '10.0.0.10:8080',
      '10.0.0.9:8080',
      '9.0.0.1:8080',
    ])
  })

  it('of IPv6 have their address in brackets', () => {
    const state = makeState(makeSlice(['fd00::5'], { addressType: 'IPv6' }))
    expect(serviceEndpoints(state, 6).get('default/web|http|TCP')![0].label).toBe('[fd00::5]:8080')
    expect(serviceEndpoints(state, 4).size).toBe(0)
  })

  it('come from all slices, one entry an address, and only the first address of each', () => {
    const two = { ...makeEndpoint('10.0.0.3'), addresses: ['10.0.0.3', '10.0.0.4'] }
    expect(labels(makeSlice(['10.0.0.1', '10.0.0.2']), makeSlice(['10.0.0.2', two], { name: 'web-2' }))).toEqual([
      '10.0.0.1:8080',
      '10.0.0.2:8080',
      '10.0.0.3:8080',
    ])
  })

  it.each([
    ['without a port name', { ports: [{ name: null, protocol: 'TCP', port: 8080 }] }],
    ['of all ports', { ports: [{ name: 'http', protocol: 'TCP', port: null }] }],
    ['of port 0', { ports: [{ name: 'http', protocol: 'TCP', port: 0 }] }],
    ['of names', { addressType: 'FQDN' }],
    ['of no Service', { serviceName: '' }],
    ['that is headless', { labels: { 'service.kubernetes.io/headless': '' } }],
  ] as const)('are not taken from a slice %s', (_, parts) => {
    expect(labels(makeSlice(['10.0.0.1'], parts))).toBeUndefined()
  })

  it('leave out an endpoint without an address, or of the other family', () => {
    expect(labels(makeSlice([{ ...makeEndpoint(''), addresses: [] }, 'fd00::1', 'example.org']))).toEqual([])
  })
})

describe('entryOnNode', () => {
  const first = makeEndpoint('10.0.0.1', { nodeName: 'a' })
  const second = makeEndpoint('10.0.0.1', { nodeName: 'b', podName: 'second' })
  const third = makeEndpoint('10.0.0.1', { nodeName: 'b', podName: 'third' })
  const state = makeState(makeSlice([first]), makeSlice([second, third], { name: 'web-2' }))
  const [merged] = serviceEndpoints(state, 4).get('default/web|http|TCP')!

  it.each([
    ['a', first],
    ['b', third],
    ['c', first],
  ])('of an address that stands thrice, on node %s', (node, kept) => {
    expect(entryOnNode(merged, node)).toBe(kept)
  })
})
