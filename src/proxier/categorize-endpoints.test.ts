import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Endpoint, Service } from '../cluster/objects.ts'
import { categorizeEndpoints } from './categorize-endpoints.ts'
import type { ProxierNode } from './proxier-node.ts'
import { servicePorts } from './service-ports.ts'
import { makeEndpoint, makePort, makeService, makeSlice, makeState } from './testing/make-objects.ts'

const NODE: ProxierNode = { name: 'here', zone: 'zone-a', interfaceAddresses: [] }
const INTERNAL_LOCAL: Partial<Service> = { internalTrafficPolicy: 'Local' }
const EXTERNAL_LOCAL: Partial<Service> = { externalTrafficPolicy: 'Local', externalIPs: ['203.0.113.9'] }
const GONE = { ready: false, serving: false }
const LEAVING = { ready: false, serving: true, terminating: true }
const HERE = { nodeName: 'here' }
const zoned = (...hintZones: string[]) => ({ hintZones })

/** `10.0.0.1`, `10.0.0.2` … in order. */
const makePortOf = (parts: Partial<Service>, endpoints: readonly Partial<Endpoint>[]) =>
  servicePorts(
    makeState(makeService(parts), makeSlice(endpoints.map((e, i) => makeEndpoint(`10.0.0.${i + 1}`, e)))),
    4,
  )[0]

describe('categorizeEndpoints', () => {
  it.each<
    [
      string,
      Partial<Service>,
      Partial<Endpoint>[],
      { cluster: number[]; local: number[]; reachable: number[]; hasAny: boolean },
    ]
  >([
    ['none', {}, [], { cluster: [], local: [], reachable: [], hasAny: false }],
    ['ready ones', {}, [{}, GONE, {}], { cluster: [0, 2], local: [], reachable: [0, 2], hasAny: true }],
    ['leaving ones when none is ready', {}, [LEAVING, GONE], { cluster: [0], local: [], reachable: [0], hasAny: true }],
    ['no leaving one beside a ready one', {}, [LEAVING, {}], { cluster: [1], local: [], reachable: [1], hasAny: true }],
    [
      'leaving and no longer serving',
      {},
      [{ ...LEAVING, serving: false }],
      { cluster: [], local: [], reachable: [], hasAny: false },
    ],
    ['internal Local, one here', INTERNAL_LOCAL, [{}, HERE], { cluster: [], local: [1], reachable: [1], hasAny: true }],
    ['internal Local, none here', INTERNAL_LOCAL, [{}], { cluster: [], local: [], reachable: [], hasAny: true }],
    [
      'external Local: both lists',
      EXTERNAL_LOCAL,
      [{}, HERE],
      { cluster: [0, 1], local: [1], reachable: [0, 1], hasAny: true },
    ],
    [
      'external Local, only a leaving one here',
      EXTERNAL_LOCAL,
      [{}, { ...HERE, ...LEAVING }],
      { cluster: [0], local: [1], reachable: [0, 1], hasAny: true },
    ],
    ['own zone', {}, [zoned('zone-a'), zoned('zone-b')], { cluster: [0], local: [], reachable: [0], hasAny: true }],
    [
      'a ready one without hints',
      {},
      [zoned('zone-a'), {}],
      { cluster: [0, 1], local: [], reachable: [0, 1], hasAny: true },
    ],
    ['hints for other zones', {}, [zoned('zone-b')], { cluster: [0], local: [], reachable: [0], hasAny: true }],
    [
      'an unready one without hints',
      {},
      [zoned('zone-a'), GONE],
      { cluster: [0], local: [], reachable: [0], hasAny: true },
    ],
    ['empty hints', {}, [zoned('zone-a'), zoned()], { cluster: [0, 1], local: [], reachable: [0, 1], hasAny: true }],
    [
      'own node before own zone',
      {},
      [
        { hintNodes: ['here'], ...zoned('zone-a') },
        { hintNodes: ['there'], ...zoned('zone-a') },
      ],
      { cluster: [0], local: [], reachable: [0], hasAny: true },
    ],
    [
      'no node hint for this node: own zone',
      {},
      [
        { hintNodes: ['there'], ...zoned('zone-a') },
        { hintNodes: ['there'], ...zoned('zone-b') },
      ],
      { cluster: [0], local: [], reachable: [0], hasAny: true },
    ],
    [
      'hints do not bind policy Local',
      EXTERNAL_LOCAL,
      [zoned('zone-a'), { ...HERE, ...zoned('zone-b') }],
      { cluster: [0], local: [1], reachable: [0, 1], hasAny: true },
    ],
  ])('%s', (_, service, endpoints, expected) => {
    expect(categorizeEndpoints(makePortOf(service, endpoints), NODE)).toEqual(expected)
  })

  it('never uses what it should not, and never leaves a usable endpoint unreported', () => {
    const endpoint = fc.record({
      ready: fc.boolean(),
      serving: fc.boolean(),
      terminating: fc.boolean(),
      nodeName: fc.constantFrom('', 'here', 'there'),
      hintZones: fc.option(fc.subarray(['zone-a', 'zone-b']), { nil: undefined }),
      hintNodes: fc.option(fc.subarray(['here', 'there']), { nil: undefined }),
    })
    const policy = fc.constantFrom('Cluster', 'Local') as fc.Arbitrary<'Cluster' | 'Local'>
    const service = fc.record({
      internalTrafficPolicy: policy,
      externalTrafficPolicy: policy,
      type: fc.constant('NodePort' as const),
      ports: fc.constantFrom(0, 30080).map(nodePort => [makePort({ nodePort })]),
    })
    fc.assert(
      fc.property(service, fc.array(endpoint, { maxLength: 6 }), (parts, endpoints) => {
        const port = makePortOf(parts, endpoints)
        const { cluster, local, reachable, hasAny } = categorizeEndpoints(port, NODE)
        const usable = (i: number): boolean => endpoints[i].ready || (endpoints[i].serving && endpoints[i].terminating)
        expect(reachable).toEqual(endpoints.map((_, i) => i).filter(i => cluster.includes(i) || local.includes(i)))
        expect(reachable.every(usable)).toBe(true)
        expect(local.every(i => endpoints[i].nodeName === 'here')).toBe(true)
        expect(hasAny).toBe(endpoints.some((_, i) => usable(i)))
        for (const list of [cluster, local])
          expect(list.every(i => endpoints[i].ready) || list.every(i => !endpoints[i].ready)).toBe(true)
      }),
    )
  })
})
