import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { applyEvent, emptyState } from '../cluster/cluster-state.ts'
import type { ClusterObject } from '../cluster/objects.ts'
import type { IpFamily } from '../net/ip.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import { iptablesRuleset } from './iptables-proxier.ts'
import type { IptablesSync, SyncSize } from './iptables-sync.ts'
import { IptablesSyncWriter } from './iptables-sync-writer.ts'
import { NodeProxier } from './node-proxier.ts'
import type { ProxierConfig } from './proxier-config.ts'
import { DEFAULT_PROXIER_CONFIG } from './proxier-config.ts'
import { ServiceCatalog } from './service-catalog.ts'
import { SharedBlocks } from './shared-blocks.ts'
import { inIPv6 } from './testing/in-ipv6.ts'
import { KernelTables } from './testing/kernel-tables.ts'
import { makeNode, makePort, makeService, makeSlice } from './testing/make-objects.ts'
import { randomConfig, randomEndpoint } from './testing/random-cluster.ts'
import { randomEvents } from './testing/random-events.ts'

const SECOND_US = 1_000_000
const NODE = 'a'

/** A node's kube-proxy, the kernel it writes to, and the cluster it watches. */
function machine(config: ProxierConfig, family: IpFamily = 4) {
  const catalog = new ServiceCatalog(family)
  const proxier = new NodeProxier(NODE, new IptablesSyncWriter(catalog, config))
  const kernel = new KernelTables(family)
  const state = emptyState()
  return {
    kernel,
    state,
    proxier,
    apply(events: readonly ClusterEvent[]): void {
      for (const event of events) {
        proxier.apply(event, catalog.apply(event))
        applyEvent(state, event)
      }
    },
    sync(timeUs: number): IptablesSync {
      const sync = proxier.sync(timeUs)
      kernel.restore(sync.text())
      return sync
    },
    /** kube-proxy's own chains, filled, as iptables-save would print them: of the whole ruleset. */
    ruleset(): Map<string, string[]> {
      const chains = new Map<string, string[]>()
      for (const table of iptablesRuleset(state, NODE, config, family).tables)
        for (const { name, policy, rules } of table.chains.values())
          if (policy === undefined && name !== 'KUBE-PROXY-CANARY' && (name !== 'KUBE-FIREWALL' || rules.length > 0))
            chains.set(
              `${table.name} ${name}`,
              rules.map(rule => printRule(name, rule, family)),
            )
      return chains
    },
  }
}

/** Events with the places where kube-proxy syncs; the nodes are there before the first. */
const history = fc
  .tuple(randomEvents, fc.array(fc.integer({ min: 4, max: 34 }), { maxLength: 8, size: 'max' }))
  .map(([events, cuts]) => {
    const ends = [...new Set([4, ...cuts, events.length])].filter(end => end <= events.length).sort((a, b) => a - b)
    return ends.map((end, i) => events.slice(i === 0 ? 0 : ends[i - 1], end))
  })

const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1))

describe('syncs of one node', () => {
  it.each([4, 6] as const)('leave in the kernel what a full sync of the last state would write (IPv%s)', family => {
    fc.assert(
      fc.property(history, randomConfig, (batches, config) => {
        const clusterCidrs = ['10.244.0.0/16', 'fd00::/64']
        const { apply, sync, kernel, ruleset } = machine(
          { ...config, clusterCidrs, largeClusterEndpoints: 1000 },
          family,
        )
        batches.forEach((events, i) => {
          apply(family === 4 ? events : events.map(inIPv6))
          sync(i * SECOND_US)
          expect(sorted(kernel.chains)).toEqual(sorted(ruleset()))
        })
      }),
      { numRuns: 100 },
    )
  })

  it('of a large cluster do so too, but for stale chains, until the next clean-up', () => {
    fc.assert(
      fc.property(history, randomConfig, (batches, config) => {
        const { apply, sync, kernel, ruleset } = machine({ ...config, largeClusterEndpoints: 0 })
        batches.forEach((events, i) => {
          apply(events)
          sync(i * SECOND_US)
          const wanted = ruleset()
          expect(sorted(new Map([...kernel.chains].filter(([name]) => wanted.has(name))))).toEqual(sorted(wanted))
        })
        sync(1000 * SECOND_US)
        expect(sorted(kernel.chains)).toEqual(sorted(ruleset()))
      }),
    )
  })

  it('are the same for nodes that share their blocks, whenever each syncs', () => {
    fc.assert(
      fc.property(history, randomConfig, (batches, config) => {
        const catalog = new ServiceCatalog(4)
        const common = new SharedBlocks(catalog)
        const nodes = ['a', 'b', 'c'].map(name => ({
          sharing: new NodeProxier(name, new IptablesSyncWriter(catalog, config, common)),
          alone: new NodeProxier(name, new IptablesSyncWriter(catalog, config)),
        }))
        batches.forEach((events, i) => {
          for (const event of events) {
            const change = catalog.apply(event)
            for (const { sharing, alone } of nodes) for (const proxier of [sharing, alone]) proxier.apply(event, change)
          }
          nodes.forEach(({ sharing, alone }, k) => {
            if (i % (k + 1) > 0) return
            const [first, second] = [sharing, alone].map(proxier => proxier.sync(i * SECOND_US))
            expect(first.size).toEqual(second.size)
            expect(first.text()).toBe(second.text())
          })
        })
      }),
    )
  })

  it('know their size without the text', () => {
    fc.assert(
      fc.property(history, randomConfig, (batches, config) => {
        const { apply, sync, kernel } = machine(config)
        batches.forEach((events, i) => {
          apply(events)
          const made = sync(i * SECOND_US)
          expect(made.size).toMatchObject(countedSize(made.text()))
          if (made.size.listsNat) expect(made.size.total).toEqual(rulesIn(kernel))
        })
      }),
    )
  })

  it('return to the same rules when an endpoint comes and goes', () => {
    fc.assert(
      fc.property(history, randomConfig, randomEndpoint, (batches, config, endpoint) => {
        const { apply, sync, kernel, state } = machine(config)
        apply(batches.flat())
        sync(0)
        const before = sorted(kernel.chains)
        for (const { object } of state.endpointSlices.values()) {
          const grown = { ...object, endpoints: [...object.endpoints, { ...endpoint, addresses: ['10.244.9.9'] }] }
          for (const slice of [grown, object]) {
            apply([{ sequence: 0, timeUs: 0, type: 'MODIFIED', object: slice }])
            sync(100 * SECOND_US)
          }
        }
        sync(200 * SECOND_US)
        if (config.largeClusterEndpoints === 1000) expect(sorted(kernel.chains)).toEqual(before)
        expect(kernel.chains.size).toBe(before.length)
      }),
    )
  })
})

describe('a sync', () => {
  const web = makeService({ ports: [makePort({ nodePort: 30080 })], type: 'NodePort' })
  const start = [makeNode(NODE, { ip: '172.18.0.2' }), web, makeSlice(['10.0.0.1', '10.0.0.2'])]
  const config = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: ['10.244.0.0/16'] }
  const eventsOf = (...objects: readonly ClusterObject[]): ClusterEvent[] =>
    objects.map(object => ({ sequence: 0, timeUs: 0, type: 'MODIFIED', object }))
  const ownChains = (text: string): string[] => text.match(/^(:|-X )KUBE-(SVC|SVL|SEP|EXT|FW)(?=-[A-Z2-7]{16})/gm) ?? []

  it('of nothing new still fills the shared chains', () => {
    const { apply, sync } = machine(config)
    apply(eventsOf(...start))
    sync(0)
    const text = sync(SECOND_US).text()
    expect(ownChains(text)).toEqual([])
    expect(text).toContain('-A KUBE-SERVICES -m comment --comment "default/web:http cluster IP"')
  })

  it('stays what it was when others follow', () => {
    const { apply, sync } = machine(config)
    apply(eventsOf(...start))
    const first = sync(0)
    const text = first.text()
    apply(eventsOf(makeSlice([])))
    sync(SECOND_US)
    expect(first.text()).toBe(text)
  })

  it('writes everything, and deletes nothing, after a flush', () => {
    const { apply, sync, kernel, proxier, ruleset } = machine(config)
    apply(eventsOf(...start))
    sync(0)
    kernel.chains.clear()
    apply(eventsOf(makeSlice(['10.0.0.1'])))
    proxier.requireFull('flushed')
    const { full, size } = sync(SECOND_US)
    expect([full, size.deletedChains]).toEqual(['flushed', 0])
    expect(sorted(kernel.chains)).toEqual(sorted(ruleset()))
  })

  it('of a large cluster looks for stale chains more than 30 s after the last look, and writes endpoints without comments', () => {
    const { apply, sync } = machine({ ...config, largeClusterEndpoints: 1 })
    apply(eventsOf(...start))
    expect(sync(0).size.listsNat).toBe(true)
    apply(eventsOf(makeSlice(['10.0.0.1', '10.0.0.3'])))
    const early = sync(30 * SECOND_US)
    expect([early.size.listsNat, early.size.deletedChains]).toEqual([false, 0])
    expect(early.text()).not.toContain('->')
    const late = sync(30 * SECOND_US + 1)
    expect([late.size.listsNat, late.size.deletedChains]).toEqual([true, 1])
    expect(ownChains(late.text())).toEqual([':KUBE-SEP', '-X KUBE-SEP'])
    expect(sync(30 * SECOND_US + 2).size.listsNat).toBe(false)
  })

  it('forgets no chain that comes back before it was deleted', () => {
    const { apply, sync, kernel, ruleset } = machine({ ...config, largeClusterEndpoints: 1 })
    apply(eventsOf(...start))
    sync(0)
    for (const [i, addresses] of [
      ['10.0.0.1', '10.0.0.3'],
      ['10.0.0.1', '10.0.0.2'],
    ].entries()) {
      apply(eventsOf(makeSlice(addresses)))
      sync((i + 1) * SECOND_US)
    }
    expect(sync(60 * SECOND_US).size.deletedChains).toBe(1)
    expect(sorted(kernel.chains)).toEqual(sorted(ruleset()))
  })

  it('leaves comments as they are when the cluster becomes large, until everything is written anew', () => {
    const { apply, sync, kernel, proxier, ruleset } = machine({ ...config, largeClusterEndpoints: 2 })
    apply(eventsOf(...start))
    sync(0)
    apply(
      eventsOf(makeService({ name: 'b', clusterIPs: ['10.96.0.2'] }), makeSlice(['10.0.0.9'], { serviceName: 'b' })),
    )
    sync(SECOND_US)
    const commented = (): boolean => [...kernel.chains.values()].flat().some(rule => rule.includes('-> 10.0.0.1'))
    expect(commented()).toBe(true)
    proxier.requireFull('topology')
    sync(2 * SECOND_US)
    expect(commented()).toBe(false)
    expect(sorted(kernel.chains)).toEqual(sorted(ruleset()))
  })

  it('counts localhost nodePorts and invalid packets with nfacct alone', () => {
    const texts = [false, true].map(nfacct => {
      const { apply, sync } = machine({ ...config, nfacct })
      apply(eventsOf(...start))
      return sync(0).text().split('\n')
    })
    const [without, withNfacct] = texts.map((lines, i) => lines.filter(line => !texts[1 - i].includes(line)))
    expect(without).toEqual(['-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP'])
    expect(withNfacct).toEqual([
      '-A KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP',
      '-A KUBE-NODEPORTS -m comment --comment default/web:http -m tcp -p tcp -d 127.0.0.0/8 --dport 30080 -m nfacct --nfacct-name localhost_nps_accepted_pkts -j KUBE-EXT-CDGGSHYLG3RE2FKL',
    ])
  })
})

/** kube-proxy's chains alone are in it. */
function rulesIn(kernel: KernelTables): SyncSize['total'] {
  const count = (table: string): number =>
    [...kernel.chains].reduce((sum, [key, rules]) => sum + (key.startsWith(`${table} `) ? rules.length : 0), 0)
  const comments = [...kernel.chains.values()].flat().filter(rule => rule.includes(' --comment ')).length
  return { filter: count('filter'), nat: count('nat'), comments }
}

/** The size that a text has, line by line. */
function countedSize(text: string): Omit<SyncSize, 'total' | 'listsNat' | 'listed'> {
  const [filter, nat] = text.split('*nat\n')
  const count = (part: string, prefix: string): number => part.split('\n').filter(l => l.startsWith(prefix)).length
  const sizeOf = (part: string) => ({ chains: count(part, ':'), rules: count(part, '-A ') })
  return { bytes: text.length, filter: sizeOf(filter), nat: sizeOf(nat), deletedChains: count(nat, '-X ') }
}
