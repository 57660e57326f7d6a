import type { ClusterEvent } from '../../cluster/cluster-event.ts'
import type { EndpointLife } from '../../cluster/endpoint-lives.ts'
import type { ClusterNode } from '../../cluster/objects.ts'
import type { IpFamily } from '../../net/ip.ts'
import { endpointCount, iptablesSetting } from '../../proxier/iptables-setting.ts'
import { nftablesSetting, serviceCidrs } from '../../proxier/nftables-setting.ts'
import {
  iptablesAmounts,
  iptablesFrameAmounts,
  nftablesAmounts,
  nftablesFrameAmounts,
} from '../../proxier/port-amounts.ts'
import type { ProxierConfig } from '../../proxier/proxier-config.ts'
import { type ProxyChange, portsOfVersions, serviceVersions } from '../../proxier/service-versions.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import type { SyncProfile } from '../../scenario/sync-profile.ts'
import { streamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { PlannedRun } from '../plan-run.ts'
import { changeSteps } from './change-steps.ts'
import { delayTable } from './delay-table.ts'
import { type EncodedVersions, encodeVersions } from './encode-versions.ts'
import type { LifeNumbers } from './life-table.ts'
import type { ChangeColumns, NodeTimes, SyncPlan, SyncSettings, TimedFamily } from './timed-plan.ts'

/** What pass 1 leaves behind. */
export interface PassedTime {
  readonly horizonUs: TimeUs
  readonly lives: readonly EndpointLife[]
  readonly outages: readonly { readonly node: string; readonly lostUs: TimeUs; readonly foundUs: TimeUs }[]
  /** Of Services, EndpointSlices, ServiceCIDRs and Nodes. */
  readonly events: readonly ClusterEvent[]
}

export interface PlannedSyncs extends SyncPlan {
  readonly families: { readonly 4: TimedFamily | null; readonly 6: TimedFamily | null }
  readonly encoded: { readonly 4?: EncodedVersions; readonly 6?: EncodedVersions }
}

/** `nodes` in the order of their numbers. */
export function planSyncs(
  scenario: Scenario,
  time: NonNullable<Scenario['time']>,
  passed: Omit<PassedTime, 'lives'>,
  { nodes, config }: NodesToSync,
  prices: SyncProfile,
  wanted: readonly IpFamily[],
  numbers: LifeNumbers,
): PlannedSyncs {
  const families: { 4: PlannedTime | null; 6: PlannedTime | null } = { 4: null, 6: null }
  for (const family of wanted) families[family] = planFamily(passed.events, { nodes, config }, family, numbers)
  return {
    horizonUs: passed.horizonUs,
    nodes: nodeTimes(scenario, time, passed, nodes),
    sync: syncSettings(scenario, config, prices),
    watch: delayTable(time.delays.watch),
    watchSeed: streamSeed(scenario.seed, 'delay watch proxy'),
    families: { 4: families[4]?.family ?? null, 6: families[6]?.family ?? null },
    encoded: {
      ...(families[4] === null ? {} : { 4: families[4].encoded }),
      ...(families[6] === null ? {} : { 6: families[6].encoded }),
    },
  }
}

export type NodesToSync = Pick<PlannedRun, 'nodes' | 'config'>

interface PlannedTime {
  readonly family: TimedFamily
  readonly encoded: EncodedVersions
}

function planFamily(
  events: readonly ClusterEvent[],
  { nodes, config }: NodesToSync,
  family: IpFamily,
  numbers: LifeNumbers,
): PlannedTime {
  const versions = serviceVersions(events, family)
  const nodeIndex = new Map(nodes.map((node, n) => [node.name, n]))
  const parts =
    config.mode === 'iptables'
      ? () => {
          const endpoints = versions.services.reduce(
            (sum, service) => sum + endpointCount(portsOfVersions(service, 0, 0, family)),
            0,
          )
          const settings = nodes.map(node => iptablesSetting(node, config, family, endpoints))
          const encoded = encodeVersions(versions, { settings, nodeIndex }, iptablesAmounts, numbers)
          return { encoded, frame: iptablesFrameAmounts(settings[0], family) }
        }
      : () => {
          const objects = events.flatMap(({ object }) => (object.kind === 'ServiceCIDR' ? [object] : []))
          const cidrs = serviceCidrs(objects, family)
          const settings = nodes.map(node => nftablesSetting(node, config, family, cidrs))
          const encoded = encodeVersions(versions, { settings, nodeIndex }, nftablesAmounts(config.release), numbers)
          return { encoded, frame: nftablesFrameAmounts(settings[0]) }
        }
  const { encoded, frame } = parts()
  const changesOf = (watch: ProxyChange['watch']) => changeColumns(versions.changes.filter(c => c.watch === watch))
  const { table } = encoded
  const services = changesOf('services')
  const slices = changesOf('slices')
  return { encoded, family: { table, frame, services, slices, steps: changeSteps(table, services, slices) } }
}

function changeColumns(changes: readonly ProxyChange[]): ChangeColumns {
  const count = changes.length
  const columns = {
    count,
    position: new Uint32Array(new SharedArrayBuffer(4 * count)),
    timeUs: new Float64Array(new SharedArrayBuffer(8 * count)),
    service: new Uint32Array(new SharedArrayBuffer(4 * count)),
    version: new Uint32Array(new SharedArrayBuffer(4 * count)),
    triggerUs: new Float64Array(new SharedArrayBuffer(8 * count)),
  }
  changes.forEach((change, i) => {
    columns.position[i] = change.position
    columns.timeUs[i] = change.timeUs
    columns.service[i] = change.service
    columns.version[i] = change.version
    columns.triggerUs[i] = change.triggerUs
  })
  return columns
}

function nodeTimes(
  scenario: Scenario,
  time: NonNullable<Scenario['time']>,
  { events, outages }: Pick<PassedTime, 'events' | 'outages'>,
  nodes: readonly ClusterNode[],
): NodeTimes {
  const joined = new Map<string, TimeUs>()
  for (const { type, timeUs, object } of events)
    if (object.kind === 'Node' && type === 'ADDED') joined.set(object.name, timeUs)
  const ofNode = nodes.map(({ name }) => outages.filter(o => o.node === name))
  const all = ofNode.flat()
  const outageStart = new Uint32Array(nodes.length + 1)
  ofNode.forEach((own, n) => {
    outageStart[n + 1] = outageStart[n] + own.length
  })
  return {
    count: nodes.length,
    joinedUs: Float64Array.from(nodes, node => joined.get(node.name) ?? 0),
    proxyStart: delayTable(time.delays.proxyStart),
    startSeed: streamSeed(scenario.seed, 'delay proxyStart'),
    outageStart,
    lostUs: Float64Array.from(all, o => o.lostUs),
    foundUs: Float64Array.from(all, o => o.foundUs),
  }
}

function syncSettings({ proxy, seed }: Scenario, config: ProxierConfig, prices: SyncProfile): SyncSettings {
  const { full, partial } = proxy.syncDuration ?? {}
  const none = new Float64Array(0)
  return {
    mode: config.mode,
    minSyncPeriodUs: proxy.minSyncPeriod,
    largeClusterEndpoints: config.largeClusterEndpoints,
    prices,
    fullUs: full === undefined ? none : delayTable(full),
    partialUs: partial === undefined ? none : delayTable(partial),
    seed: streamSeed(seed, 'delay sync'),
  }
}
