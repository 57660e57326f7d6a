/**
 * Random histories of a small cluster: Services and slices that come, change and go again, and a node whose zone may change. Names
 * are few, so that events meet; nodes `a` to `d` are there from the start.
 */
import fc from 'fast-check'
import type { ClusterEvent } from '../../cluster/cluster-event.ts'
import type { ClusterObject } from '../../cluster/objects.ts'
import { makeNode, makeService, makeSlice } from './make-objects.ts'
import { randomEndpoint, randomService } from './random-cluster.ts'

const SERVICES = ['s0', 's1', 's2']

const service = fc
  .tuple(fc.constantFrom(...SERVICES), randomService)
  .map(([name, parts]) => makeService({ name, clusterIPs: [`10.96.0.${1 + SERVICES.indexOf(name)}`], ...parts }))

const slice = fc
  .tuple(fc.constantFrom(...SERVICES), fc.constantFrom('1', '2'), fc.array(randomEndpoint, { maxLength: 6 }))
  .map(([serviceName, suffix, endpoints]) => makeSlice(endpoints, { name: `${serviceName}-${suffix}`, serviceName }))

const node = fc
  .constantFrom('x', 'y')
  .map(zone => makeNode('a', { zone, ip: '172.16.0.1', podCIDRs: ['10.244.0.0/24'] }))

const change = fc.record({
  type: fc.constantFrom('ADDED' as const, 'MODIFIED' as const, 'MODIFIED' as const, 'DELETED' as const),
  object: fc.oneof({ weight: 4, arbitrary: slice }, { weight: 3, arbitrary: service }, { weight: 1, arbitrary: node }),
})

const FIRST: readonly ClusterObject[] = ['a', 'b', 'c', 'd'].map((name, i) =>
  makeNode(name, { zone: i < 2 ? 'x' : 'y', ip: `172.16.0.${i + 1}`, podCIDRs: [`10.244.${i}.0/24`] }),
)

export const randomEvents: fc.Arbitrary<readonly ClusterEvent[]> = fc
  .array(change, { maxLength: 30, size: 'max' })
  .map(changes =>
    [...FIRST.map(object => ({ type: 'ADDED' as const, object })), ...changes]
      .filter(({ type, object }) => object.kind !== 'Node' || type !== 'DELETED')
      .map((parts, sequence) => ({ sequence, timeUs: sequence, ...parts })),
  )
