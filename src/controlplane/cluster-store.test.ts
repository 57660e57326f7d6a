import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeNode, makePod } from '../../test/make-cluster-objects.ts'
import { ClusterStore } from './cluster-store.ts'

const NODES = ['', 'a', 'b'] as const
const change = fc.record({ pod: fc.nat(4), node: fc.constantFrom(...NODES), isRemoved: fc.boolean() })

describe('podsOn', () => {
  it('is in the order in which pods came to the node, whenever it is first asked for', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), changes => {
        const early = new ClusterStore(() => undefined)
        const late = new ClusterStore(() => undefined)
        const arrived: string[] = []
        for (const { pod, node, isRemoved } of changes) {
          const object = makePod(`p${pod}`, { nodeName: node })
          for (const store of [early, late]) isRemoved ? store.remove(object) : store.put(object)
          const before = arrived.findIndex(text => text.startsWith(`p${pod} `))
          if (!isRemoved && before >= 0 && arrived[before] === `p${pod} ${node}`) continue
          if (before >= 0) arrived.splice(before, 1)
          if (!isRemoved) arrived.push(`p${pod} ${node}`)
          early.podsOn(node)
        }
        for (const node of ['a', 'b']) {
          const here = arrived.filter(text => text.endsWith(` ${node}`)).map(text => text.slice(0, text.indexOf(' ')))
          for (const store of [early, late]) expect(store.podsOn(node).map(p => p.name)).toEqual(here)
        }
      }),
    )
  })

  it('knows pods that came before their node', () => {
    const store = new ClusterStore(() => undefined)
    store.put(makePod('web', { nodeName: 'a' }))
    store.put(makeNode('a'))
    expect(store.podsOn('a').map(p => p.name)).toEqual(['web'])
    expect(store.podsOn('b')).toEqual([])
  })
})
