import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { applyEvent, emptyState } from '../cluster/cluster-state.ts'
import type { ClusterObject } from '../cluster/objects.ts'
import { describeProblem } from '../problem/problem.ts'
import { parseNftables } from '../ruleset/parse-nftables.ts'
import { printNftRuleset } from '../ruleset/print-nftables.ts'
import { SECOND_US } from '../sim/time.ts'
import { nftablesRuleset } from './nftables-proxier.ts'
import type { NftablesSync } from './nftables-sync.ts'
import { NftablesSyncWriter } from './nftables-sync-writer.ts'
import { NodeProxier } from './node-proxier.ts'
import { NFTABLES_PROXIER_CONFIG, type ProxierConfig } from './proxier-config.ts'
import { ServiceCatalog } from './service-catalog.ts'
import { canonicalNft } from './testing/canonical-nft.ts'
import { makeNode, makePort, makeService, makeSlice } from './testing/make-objects.ts'
import { randomConfig } from './testing/random-cluster.ts'
import { randomEvents } from './testing/random-events.ts'

const CONFIG: ProxierConfig = { ...NFTABLES_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'] }

/** Node a's kube-proxy, and all that it ever wrote. */
class Node {
  readonly proxier: NodeProxier<NftablesSync>
  private readonly catalog = new ServiceCatalog(4)
  private readonly state = emptyState()
  private readonly config: ProxierConfig
  private written = ''
  private timeUs = 0

  constructor(config: ProxierConfig, ...objects: readonly ClusterObject[]) {
    this.config = config
    this.proxier = new NodeProxier('a', new NftablesSyncWriter(this.catalog, config))
    for (const object of objects) this.apply({ sequence: 0, timeUs: 0, type: 'ADDED', object })
  }

  apply(event: ClusterEvent): void {
    applyEvent(this.state, event)
    this.proxier.apply(event, this.catalog.apply(event))
  }

  change(object: ClusterObject, type: 'MODIFIED' | 'DELETED' = 'MODIFIED'): void {
    this.apply({ sequence: 0, timeUs: 0, type, object })
  }

  sync(afterUs = SECOND_US): NftablesSync {
    this.timeUs += afterUs
    const sync = this.proxier.sync(this.timeUs)
    this.written += sync.text()
    return sync
  }

  /** What the kernel holds after all syncs, and what a clean start would have made; emptied chains and who an element is for aside. */
  tables(): [actual: string, expected: string] {
    const read = parseNftables(this.written)
    if (E.isLeft(read)) throw new Error(describeProblem(read.left))
    const clean = nftablesRuleset(this.state, 'a', this.config, 4)
    return [canonical(read.right.map(printNftRuleset).join('')), canonical(printNftRuleset(clean))]
  }
}

const canonical = (text: string): string =>
  canonicalNft(text)
    .replaceAll(/chain \S+\/\S+ \{\n\t\}\n?/g, '')
    .replaceAll(/ comment "default\/s\d:http"/g, '')

const linesOf = (sync: NftablesSync): string[] => sync.text().split('\n')

describe('NftablesSyncWriter', () => {
  it('leaves the kernel with what a clean start would have made, whatever happened before', () => {
    fc.assert(
      fc.property(randomEvents, randomConfig, fc.array(fc.nat(3), { maxLength: 30 }), (events, config, gaps) => {
        const node = new Node(config)
        events.forEach((event, i) => {
          node.apply(event)
          // Some syncs follow each other too fast to delete what the one before emptied.
          if (i >= 3 && gaps[i] !== 0 && node.proxier.isDue) node.sync(gaps[i] === 1 ? SECOND_US / 2 : SECOND_US)
        })
        const { size } = node.sync()
        const [actual, expected] = node.tables()
        expect(actual).toBe(expected)
        expect(size.total.elements).toBe(elementCount(actual))
      }),
    )
  })

  it('writes an element anew when it leads elsewhere', () => {
    const node = new Node(CONFIG, makeNode('a'), makeService(), makeSlice(['10.244.0.5']))
    node.sync()
    node.change(makeService({ internalTrafficPolicy: 'Local' }))
    const [key] = ['10.96.0.10 . tcp . 80']
    const changed = linesOf(node.sync()).filter(line => line.includes(' element '))
    expect(changed).toEqual([
      `add element ip kube-proxy no-endpoint-services { ${key} comment "default/web:http" : drop }`,
      `delete element ip kube-proxy service-ips { ${key} }`,
    ])
  })

  it('writes an element that two Services claim in turn, the later one last', () => {
    const external = { type: 'NodePort' as const, ports: [makePort({ nodePort: 30080 })] }
    const slices = ['w', 'x'].map(serviceName => makeSlice(['10.244.0.5'], { serviceName }))
    const node = new Node(
      CONFIG,
      makeNode('a'),
      ...slices,
      makeService({ name: 'w', ...external }),
      makeService({ name: 'x', clusterIPs: ['10.96.0.11'], ...external }),
    )
    node.sync()
    node.change(makeService({ name: 'other', clusterIPs: ['10.96.0.12'] }))
    const commands = linesOf(node.sync()).filter(line => line.includes('service-nodeports'))
    expect(commands.map(line => line.replace(/ -.*|external-\w+-default\//, ''))).toEqual([
      'delete element ip kube-proxy service-nodeports { tcp . 30080 }',
      'add element ip kube-proxy service-nodeports { tcp . 30080 : goto w/tcp/http }',
      'delete element ip kube-proxy service-nodeports { tcp . 30080 }',
      'add element ip kube-proxy service-nodeports { tcp . 30080 : goto x/tcp/http }',
    ])
  })

  it('deletes chains a second after it emptied them, and empties them again until then', () => {
    const slice = makeSlice(['10.244.0.5'])
    const node = new Node(CONFIG, makeNode('a'), makeService(), slice)
    node.sync()
    node.change(slice, 'DELETED')
    expect(node.sync()).toMatchObject({ size: { deletedChains: 0, chains: 2, rules: 0, elements: 2 } })
    node.change(makeService({ name: 'x', clusterIPs: ['10.96.0.11'] }))
    expect(node.sync(SECOND_US / 2)).toMatchObject({ size: { deletedChains: 0, chains: 2 } })
    node.change(makeService({ name: 'y', clusterIPs: ['10.96.0.12'] }))
    const last = node.sync()
    expect(last).toMatchObject({ size: { deletedChains: 2, chains: 0 } })
    expect(last.calls()).toHaveLength(2)
  })

  it('writes nothing for a change that changes no rule, and everything but elements after a change of zone', () => {
    const node = new Node(
      CONFIG,
      makeNode('a', { zone: 'x', ip: '172.16.0.1' }),
      makeService(),
      makeSlice(['10.244.0.5']),
    )
    const first = node.sync()
    expect(first.full).toBe('start')
    node.change(makeSlice(['10.244.0.5'], { labels: { a: 'b' } }))
    expect(node.sync().size).toMatchObject({ chains: 2, rules: 4, elements: 0 })
    node.change(makeNode('a', { zone: 'y', ip: '172.16.0.1' }))
    const again = node.sync()
    expect(again.full).toBe('topology')
    expect(again.size.rules).toBe(first.size.rules)
    expect(linesOf(again).filter(line => line.startsWith('add element'))).toEqual([
      'add element ip kube-proxy nodeport-ips { 172.16.0.1 }',
    ])
    expect(again.text()).not.toContain('delete chain')
  })

  it('leaves chains of endpoints as they are when kube-proxy starts anew, and fills an emptied table', () => {
    const node = new Node(CONFIG, makeNode('a', { ip: '172.16.0.1' }), makeService(), makeSlice(['10.244.0.5']))
    const first = node.sync()
    node.proxier.requireFull('start')
    const restarted = node.sync()
    expect(restarted.size.rules).toBe(first.size.rules - 2)
    expect(restarted.text()).not.toMatch(/(?:chain|rule) ip kube-proxy endpoint-/)
    node.proxier.requireFull('flushed')
    const refilled = node.sync()
    expect(refilled.size.elements).toBe(first.size.elements)
    expect(refilled.size.total).toEqual(first.size.total)
  })
})

const elementCount = (table: string): number =>
  [...table.matchAll(/elements = \{ ([^}]*) \}/g)].reduce((sum, [, elements]) => sum + elements.split(',').length, 0)
