import { describe, expect, it } from 'vitest'
import { ChangeTracker } from './change-tracker.ts'
import { ServiceCatalog } from './service-catalog.ts'
import { makeNode, makePort, makeService, makeSlice } from './testing/make-objects.ts'

const addresses = (...ips: readonly string[]) => ips.map(address => ({ type: 'InternalIP', address }))

const HOUR_US = 3_600_000_000

/** A tracker after its first sync, with the Service `web` and its slice. */
function started() {
  const catalog = new ServiceCatalog(4)
  const tracker = new ChangeTracker()
  const apply = (object: Parameters<typeof catalog.apply>[0]['object'], type: 'MODIFIED' | 'DELETED' = 'MODIFIED') =>
    tracker.noteChange(catalog.apply({ sequence: 0, timeUs: 0, type, object }))
  apply(makeService())
  apply(makeSlice(['10.0.0.1']))
  tracker.take(0, false)
  return { tracker, apply }
}

describe('ChangeTracker', () => {
  it('starts with a full sync, and is done after it', () => {
    const tracker = new ChangeTracker()
    expect(tracker.isDue).toBe(true)
    expect(tracker.take(5, false)).toEqual({ timeUs: 5, full: 'start', changed: new Set() })
    expect(tracker.isDue).toBe(false)
    expect(tracker.take(6, false)).toEqual({ timeUs: 6, full: undefined, changed: new Set() })
  })

  it('names the Services whose ports or endpoints changed, deleted ones too', () => {
    const { tracker, apply } = started()
    apply(makeService({ ports: [makePort({ port: 81 })] }))
    apply(makeSlice([], { serviceName: 'unknown' }))
    expect(tracker.isDue).toBe(true)
    expect(tracker.take(0, false).changed).toEqual(new Set(['default/web', 'default/unknown']))
    apply(makeService(), 'DELETED')
    expect(tracker.take(0, false).changed).toEqual(new Set(['default/web']))
  })

  it('forgets a Service that is changed back, not a slice', () => {
    const { tracker, apply } = started()
    for (const port of [81, 82, 80]) apply(makeService({ ports: [makePort({ port })] }))
    expect(tracker.isDue).toBe(false)
    apply(makeService(), 'DELETED')
    apply(makeService())
    expect(tracker.isDue).toBe(false)
    for (const ip of ['10.0.0.2', '10.0.0.1']) apply(makeSlice([ip]))
    expect(tracker.take(0, false).changed).toEqual(new Set(['default/web']))
  })

  const node = { zone: 'x', ip: '172.18.0.2' }
  it.each([
    ['another zone', makeNode('a', { ...node, zone: 'y' }), false, 'topology'],
    ['another address', makeNode('a', { ...node, ip: '172.18.0.3' }), false, 'start'],
    [
      'an address in IPv6 too',
      makeNode('a', { ...node, addresses: addresses('172.18.0.2', 'fd00::2') }),
      false,
      'start',
    ],
    [
      'a second address',
      makeNode('a', { ...node, addresses: addresses('172.18.0.2', '172.18.0.9') }),
      false,
      undefined,
    ],
    ['pod CIDRs where they count', makeNode('a', { ...node, podCIDRs: ['10.244.0.0/24'] }), true, 'start'],
    ['pod CIDRs where they do not', makeNode('a', { ...node, podCIDRs: ['10.244.0.0/24'] }), false, undefined],
    ['readiness', makeNode('a', { ...node, ready: false }), true, undefined],
  ])('%s of the node', (_what, after, podCidrsCount, reason) => {
    const { tracker } = started()
    tracker.noteNode(makeNode('a', node), after, podCidrsCount)
    expect(tracker.isDue).toBe(reason !== undefined)
    expect(tracker.take(0, false).full).toBe(reason)
  })

  it('writes everything again after more than an hour, but not in a large cluster', () => {
    const { tracker } = started()
    expect(tracker.take(HOUR_US, false).full).toBeUndefined()
    expect(tracker.take(HOUR_US + 1, true).full).toBeUndefined()
    expect(tracker.take(HOUR_US + 1, false).full).toBe('hour')
    expect(tracker.take(2 * HOUR_US + 1, false).full).toBeUndefined()
    expect(tracker.take(2 * HOUR_US + 2, false).full).toBe('hour')
  })

  it('keeps a reason to write everything until the sync', () => {
    const { tracker } = started()
    tracker.requireFull('topology')
    tracker.requireFull('flushed')
    tracker.requireFull('topology')
    expect(tracker.take(0, false).full).toBe('flushed')
    expect(tracker.take(0, false).full).toBeUndefined()
  })
})
