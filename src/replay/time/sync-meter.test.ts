import { describe, expect, it } from 'vitest'
import { FIXED, passTime, planned } from '../../../test/run-time.ts'
import type { SyncSize } from '../../proxier/iptables-sync.ts'
import { IptablesSyncWriter } from '../../proxier/iptables-sync-writer.ts'
import type { NftablesSyncSize } from '../../proxier/nftables-sync.ts'
import { NftablesSyncWriter } from '../../proxier/nftables-sync-writer.ts'
import { NodeProxier } from '../../proxier/node-proxier.ts'
import { ServiceCatalog } from '../../proxier/service-catalog.ts'
import type { SyncWritten } from '../../proxier/sync-duration.ts'
import { SyncMeter } from './sync-meter.ts'
import { NodeSyncer } from './sync-node.ts'
import { newTimeTallies } from './time-tallies.ts'
import type { TimedFamily } from './timed-plan.ts'
import { variantOn } from './version-table.ts'

const CHURNING = {
  ...FIXED,
  cluster: {
    nodes: 3,
    zones: 3,
    workloads: [
      { name: 'web', count: 3, replicas: 4, service: {} },
      { name: 'edge', replicas: 3, service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } },
      { name: 'near', replicas: 3, service: { trafficDistribution: 'PreferSameZone' } },
      { name: 'own', replicas: 2, service: { internalTrafficPolicy: 'Local' } },
    ],
  },
  actions: [
    { at: '20s', scale: { workload: 'web-1', replicas: 0 } },
    { at: '30s', scale: { workload: 'web-1', replicas: 2 } },
    { at: '40s', deleteService: { service: 'web-2' } },
  ],
  churn: { podsPerSecond: 1 },
  traffic: { packets: 0 },
}

/** Node 1 hears of every event at once and syncs every second in which something changed: what both say of each sync. */
function bothSay(mode: 'iptables' | 'nftables'): { written: SyncWritten; full: boolean; size: unknown }[] {
  const { plan, run, events } = planned({ ...CHURNING, proxy: { ...CHURNING.proxy, mode } })
  const node = 1
  const catalog = new ServiceCatalog(4)
  const writer =
    mode === 'iptables' ? new IptablesSyncWriter(catalog, run.config) : new NftablesSyncWriter(catalog, run.config)
  const proxier = new NodeProxier<{ size: unknown; full?: string }>(run.nodes[node].name, writer)
  const family = plan.families[4]!
  const meter = new SyncMeter(family.table, family.frame, mode, plan.sync.largeClusterEndpoints)
  const state = tableState(family, node)
  meter.begin(state.loaded, 0)
  const said: { written: SyncWritten; full: boolean; size: unknown }[] = []
  let timeUs = 0
  const sync = (): void => {
    for (const port of state.take()) meter.change(port.before, port.after, false)
    const { size, full } = proxier.sync(timeUs)
    const written = meter.finish(timeUs, full !== undefined)
    if (timeUs > 0) said.push({ written, full: full !== undefined, size })
  }
  for (const event of events) {
    if (event.timeUs > timeUs) {
      if (proxier.isDue) sync()
      timeUs = (Math.floor(event.timeUs / 1_000_000) + 1) * 1_000_000
    }
    proxier.apply(event, catalog.apply(event))
    state.hear(event.sequence)
  }
  sync()
  return said
}

/** The slow twin of NodeSyncer's book-keeping. */
function tableState({ table, services, slices }: TimedFamily, node: number) {
  const object = new Uint32Array(table.serviceCount)
  const slice = new Uint32Array(table.serviceCount)
  const touched = new Set<number>()
  const variant = (p: number): number => {
    const s = table.serviceOfPort[p]
    return variantOn(
      table,
      table.rowStart[p] + object[s] * (table.sliceStart[s + 1] - table.sliceStart[s]) + slice[s],
      node,
    )
  }
  const loaded = Int32Array.from({ length: table.portCount }, (_, p) => variant(p))
  return {
    loaded,
    hear(position: number): void {
      for (const [columns, versions] of [
        [services, object],
        [slices, slice],
      ] as const)
        for (let i = 0; i < columns.count; i++)
          if (columns.position[i] === position) {
            versions[columns.service[i]] = columns.version[i]
            touched.add(columns.service[i])
          }
    },
    take() {
      const changed = [...loaded.keys()].filter(p => touched.has(table.serviceOfPort[p]))
      touched.clear()
      return changed.map(p => {
        const change = { before: loaded[p], after: variant(p) }
        loaded[p] = change.after
        return change
      })
    },
  }
}

describe('SyncMeter', () => {
  it('says of iptables syncs what the sync writer says', () => {
    const said = bothSay('iptables')
    expect(said.length).toBeGreaterThan(20)
    for (const { written, size } of said) expect(written.size).toEqual(size as SyncSize)
  })

  it('says of nftables syncs what the sync writer says, but for elements that change their verdict', () => {
    const said = bothSay('nftables')
    expect(said.length).toBeGreaterThan(20)
    for (const { written, size } of said) {
      const real = size as NftablesSyncSize
      const { chains, rules, anonymousSets, deletedChains, total } = written.size as NftablesSyncSize
      expect({ chains, rules, anonymousSets, deletedChains, total }).toEqual({
        chains: real.chains,
        rules: real.rules,
        anonymousSets: real.anonymousSets,
        deletedChains: real.deletedChains,
        total: real.total,
      })
    }
  })

  it('says the same by steps, where changes are the same for all nodes', () => {
    const { plan } = planned({
      ...CHURNING,
      cluster: { nodes: 3, workloads: [{ name: 'web', count: 4, replicas: 6, service: {} }] },
      actions: [
        { at: '10s', joinNodes: { count: 1 } },
        { at: '20s', scale: { workload: 'web-1', replicas: 0 } },
        { at: '30s', scale: { workload: 'web-1', replicas: 9 } },
        { at: '35s', failNode: { node: '*2' } },
        { at: '45s', recoverNode: { node: '*2' } },
      ],
      proxy: { minSyncPeriod: '3s' },
    })
    const family = plan.families[4]!
    expect(family.steps).not.toBeNull()
    const tallies = [newTimeTallies(plan), newTimeTallies(plan)]
    const syncers = [
      new NodeSyncer(plan, family, tallies[0]),
      new NodeSyncer(plan, { ...family, steps: null }, tallies[1]),
    ]
    for (let node = 0; node < plan.nodes.count; node++) {
      const [bySteps, byService] = syncers.map(syncer => structuredClone(syncer.syncsOf(node)))
      expect(bySteps.endUs.length).toBeGreaterThan(3)
      expect(bySteps).toEqual(byService)
    }
    expect(tallies[0]).toEqual(tallies[1])
  })

  it('counts a whole run without a writer', () => {
    const { tallies } = passTime(CHURNING)
    expect(tallies.partialSync.count).toBeGreaterThan(60)
    expect(tallies.partialSync.min).toBe(20_000)
    expect(tallies.partialSync.max).toBe(20_000)
    expect(tallies.fullSync.count).toBe(0)
  })
})
