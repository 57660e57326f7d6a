import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeNode, makeNodes, makePod, makeService } from '../../test/make-cluster-objects.ts'
import { endpointsOf, run } from '../../test/run-control-plane.ts'
import type { ClusterNode, Endpoint, Service } from '../cluster/objects.ts'
import { ZONE_LABEL } from '../cluster/objects.ts'
import { withHints } from './zone-hints.ts'
import { zoneShares } from './zone-shares.ts'

const ZONES = ['a', 'b', 'c']
const nodes = (zones: readonly string[] = ZONES): ClusterNode[] =>
  zones.map((zone, i) => makeNode(`node-${i}`, { labels: { [ZONE_LABEL]: zone } }))

const podsIn = (counts: readonly number[]) =>
  counts.flatMap((count, zone) =>
    Array.from({ length: count }, (_, i) =>
      makePod(`p-${zone}-${i}`, { labels: { app: 'web' }, nodeName: `node-${zone}` }),
    ),
  )

/** Hints by zone of a Service with so many pods in each zone. */
function hintCounts(counts: readonly number[], service: Partial<Service>, more: ClusterNode[] = nodes()) {
  const { state } = run([[...more, makeService('web', service), ...podsIn(counts)]])
  return Object.fromEntries(
    Map.groupBy(endpointsOf(state, 'web'), e => e.hintZones?.join() ?? 'none')
      .entries()
      .map(([zone, endpoints]) => [zone, endpoints.length]),
  )
}

const AUTO: Partial<Service> = { topologyMode: 'Auto' }

describe('topology mode Auto', () => {
  it.each([
    // 11 endpoints over three equal zones: each needs ceil(11 / 3 / 1.2) = 4, and 12 are more than 11.
    [[4, 4, 3], { none: 11 }],
    [[4, 4, 4], { a: 4, b: 4, c: 4 }],
    [[1, 1, 1], { a: 1, b: 1, c: 1 }],
    [[1, 1, 0], { none: 2 }],
    [[0, 0, 0], {}],
    // A zone with too many lends some to the others.
    [[6, 3, 3], { a: 4, b: 4, c: 4 }],
    [[12, 0, 0], { a: 4, b: 4, c: 4 }],
    [[3, 3, 3], { a: 3, b: 3, c: 3 }],
    [[100, 100, 100], { a: 100, b: 100, c: 100 }],
  ])('%j', (counts, hints) => {
    expect(hintCounts(counts, AUTO)).toEqual(hints)
  })

  it('needs two zones, and a zone and CPUs of every ready node', () => {
    expect(hintCounts([3, 3, 3], AUTO, nodes(['a', 'a', 'a']))).toEqual({ none: 9 })
    expect(hintCounts([3, 3, 3], AUTO, [...nodes(), makeNode('elsewhere')])).toEqual({ none: 9 })
    const noCpu = makeNode('dumped', { labels: { [ZONE_LABEL]: 'a' }, source: {} })
    expect(hintCounts([3, 3, 3], AUTO, [...nodes(), noCpu])).toEqual({ none: 9 })
    expect(hintCounts([3, 3, 3], AUTO, [...nodes(), makeNode('down', { ready: false })])).toEqual({ a: 3, b: 3, c: 3 })
  })

  it('withdraws its hints when a node is lost, and only then', () => {
    const all = [...nodes(), makeNode('spare', { labels: { [ZONE_LABEL]: 'c' } })]
    const start = [...all, makeService('web', AUTO), ...podsIn([2, 2, 4])]
    const { state } = run([start])
    expect(endpointsOf(state, 'web').filter(e => e.hintZones === undefined)).toEqual([])
    const { state: after } = run([
      start,
      [
        { ...all[0], ready: false },
        { ...all[1], ready: false },
      ],
    ])
    expect(endpointsOf(after, 'web').filter(e => e.hintZones !== undefined)).toEqual([])
  })

  it('hints for all or for nobody, and leaves no zone short while another can give', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { minLength: 2, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 5, maxLength: 5 }),
        (counts, weights) => {
          const total = counts.reduce((a, b) => a + b, 0)
          const cpus = weights.slice(0, counts.length)
          const shares = new Map(cpus.map((w, i) => [`z${i}`, w / cpus.reduce((a, b) => a + b, 0)]))
          const endpoints = counts.flatMap((n, zone) =>
            Array.from({ length: n }, (_, i) => endpoint(`z${zone}`, `${zone}-${i}`)),
          )
          const [{ endpoints: hinted }] = withHints([{ ports: [], endpoints }], [], { kind: 'proportional', shares })
          const hints = hinted.filter(e => e.hintZones !== undefined)
          expect([0, total]).toContain(hints.length)
          const zones = Array.from(shares, ([zone, share]) => {
            const least = Math.ceil(share * total * (1 / (1 + 0.2)))
            const own = hints.filter(e => e.hintZones?.includes(zone)).length
            return { lacks: own < least, spare: own - Math.max(share * total, least) }
          })
          // Nobody lacks anything while another has half an endpoint to give.
          if (hints.length > 0 && zones.some(z => z.lacks))
            for (const { spare } of zones) expect(spare).toBeLessThan(0.5)
          if (hints.length === 0 && total >= shares.size)
            expect(
              [...shares.values()].reduce((sum, s) => sum + Math.ceil((s * total) / 1.2), 0),
            ).toBeGreaterThanOrEqual(total)
        },
      ),
    )
  })
})

const endpoint = (zone: string, podName: string): Endpoint => ({
  addresses: ['10.0.0.1'],
  ready: true,
  serving: true,
  terminating: false,
  nodeName: 'n',
  zone,
  podName,
})

describe('trafficDistribution', () => {
  it.each(['PreferClose', 'PreferSameZone'] as const)(
    '%s hints for the own zone, however skewed',
    trafficDistribution => {
      expect(hintCounts([5, 1, 0], { trafficDistribution })).toEqual({ a: 5, b: 1 })
    },
  )

  it('PreferSameNode hints for the own node as well', () => {
    const { state } = run([
      [...nodes(), makeService('web', { trafficDistribution: 'PreferSameNode' }), ...podsIn([1, 1, 0])],
    ])
    expect(endpointsOf(state, 'web').map(e => [e.hintNodes, e.hintZones])).toEqual([
      [['node-0'], ['a']],
      [['node-1'], ['b']],
    ])
  })

  it('gives way to the annotation, and leaves no hints behind', () => {
    expect(hintCounts([4, 4, 3], { trafficDistribution: 'PreferClose', topologyMode: 'Auto' })).toEqual({ none: 11 })
    const pods = podsIn([2, 2, 2])
    const { state, events } = run([
      [...nodes(), makeService('web', { trafficDistribution: 'PreferClose' }), ...pods],
      [makeService('web')],
    ])
    expect(endpointsOf(state, 'web').every(e => e.hintZones === undefined)).toBe(true)
    expect(events.filter(e => e.object.kind === 'EndpointSlice')).toHaveLength(2)
  })

  it('hints nothing where nodes have no zone', () => {
    const { state } = run([
      [...makeNodes(1), makeService('web', { trafficDistribution: 'PreferClose' }), ...podsIn([1])],
    ])
    expect(endpointsOf(state, 'web')[0]).not.toHaveProperty('hintZones')
  })
})

it('shares zones by their CPUs, without the control plane', () => {
  const node = (zone: string, cpu: unknown, role?: string): ClusterNode =>
    makeNode('n', {
      labels: { [ZONE_LABEL]: zone, ...(role === undefined ? {} : { [role]: '' }) },
      source: { status: { allocatable: { cpu } } },
    })
  const shares = zoneShares([
    node('b', '1500m'),
    node('a', 3),
    node('a', '1.5'),
    node('z', '64', 'node-role.kubernetes.io/control-plane'),
  ])
  expect([...shares!]).toEqual([
    ['a', 0.75],
    ['b', 0.25],
  ])
  expect(zoneShares([node('a', '4'), node('b', 'lots')])).toBeUndefined()
})
