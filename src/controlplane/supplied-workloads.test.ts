import { describe, expect, it } from 'vitest'
import { makePod, makeWorkload } from '../../test/make-cluster-objects.ts'
import type { JsonObject } from '../cluster/objects.ts'
import { suppliedWorkloads } from './supplied-workloads.ts'

const ownedBy = (kind: string, name: string): JsonObject => ({
  metadata: { ownerReferences: [{ kind, name, controller: true }] },
})
const supplied = (...objects: Parameters<typeof suppliedWorkloads>[0] extends Iterable<infer O> ? O[] : never) =>
  [...suppliedWorkloads(objects)].sort()

describe('suppliedWorkloads', () => {
  it('finds a Deployment through its ReplicaSet, named or only guessed by name', () => {
    const pod = makePod('web-5d4-x', { source: ownedBy('ReplicaSet', 'web-5d4') })
    const web = makeWorkload('web')
    expect(supplied(web, pod)).toContain('Deployment/default/web')
    const replicaSet = makeWorkload('web-5d4', {
      kind: 'ReplicaSet',
      owned: true,
      source: ownedBy('Deployment', 'shop'),
    })
    expect(supplied(makeWorkload('shop'), web, replicaSet, pod)).toEqual([
      'Deployment/default/shop',
      'ReplicaSet/default/web-5d4',
    ])
  })

  it.each(['StatefulSet', 'DaemonSet'] as const)('finds a %s by its pod', kind => {
    const objects = [makeWorkload('db', { kind }), makePod('db-0', { source: ownedBy(kind, 'db') })]
    expect(supplied(...objects)).toEqual([`${kind}/default/db`])
  })

  it('keeps namespaces apart', () => {
    const pod = makePod('web-5d4-x', { namespace: 'other', source: ownedBy('ReplicaSet', 'web-5d4') })
    expect(supplied(makeWorkload('web'), pod)).not.toContain('Deployment/default/web')
  })

  it('leaves an owned workload to its owner when that is there', () => {
    const replicaSet = makeWorkload('web-5d4', {
      kind: 'ReplicaSet',
      owned: true,
      source: ownedBy('Deployment', 'web'),
    })
    expect(supplied(makeWorkload('web'), replicaSet)).toEqual(['ReplicaSet/default/web-5d4'])
    expect(supplied(replicaSet)).toEqual([])
    expect(supplied(makeWorkload('x', { owned: true }))).toEqual(['Deployment/default/x'])
  })

  it('reads hostile metadata as none', () => {
    for (const metadata of [null, 1, [], { ownerReferences: {} }, { ownerReferences: [null, { kind: 1 }] }])
      expect(supplied(makeWorkload('web'), makePod('web-1-x', { source: { metadata } }))).toEqual([])
  })
})
