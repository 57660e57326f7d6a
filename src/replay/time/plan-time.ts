/**
 * The log, what happened besides, and the planned run -> TimedPlan: everything that is the same for all nodes is worked out here, once.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent } from '../../cluster/cluster-event.ts'
import type { EndpointLife } from '../../cluster/endpoint-lives.ts'
import { type ClusterNode, objectKey } from '../../cluster/objects.ts'
import { isTargetNode } from '../../controlplane/cloud-load-balancer.ts'
import type { IpFamily } from '../../net/ip.ts'
import { badInput, type Problem } from '../../problem/problem.ts'
import { endpointCount, iptablesSetting } from '../../proxier/iptables-setting.ts'
import { nftablesSetting, serviceCidrs } from '../../proxier/nftables-setting.ts'
import {
  iptablesAmounts,
  iptablesFrameAmounts,
  nftablesAmounts,
  nftablesFrameAmounts,
} from '../../proxier/port-amounts.ts'
import type { ProxierConfig } from '../../proxier/proxier-config.ts'
import { servicePortKey } from '../../proxier/service-endpoints.ts'
import { type ProxyChange, portsOfVersions, serviceVersions } from '../../proxier/service-versions.ts'
import { healthCheckOf } from '../../scenario/load-balancer-spec.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import type { SyncProfile } from '../../scenario/sync-profile.ts'
import { streamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { PlannedRun } from '../plan-run.ts'
import { changeSteps } from './change-steps.ts'
import { delayTable } from './delay-table.ts'
import { type EncodedVersions, encodeVersions } from './encode-versions.ts'
import { LifeNumbers, lifeTable } from './life-table.ts'
import type {
  Balancers,
  ChangeColumns,
  NodeTimes,
  SyncSettings,
  TimedFamily,
  TimedPlan,
  TimedTraffic,
} from './timed-plan.ts'

/** What pass 1 leaves behind. */
export interface PassedTime {
  readonly horizonUs: TimeUs
  readonly lives: readonly EndpointLife[]
  readonly outages: readonly { readonly node: string; readonly lostUs: TimeUs; readonly foundUs: TimeUs }[]
  /** Of Services, EndpointSlices, ServiceCIDRs and Nodes. */
  readonly events: readonly ClusterEvent[]
}

/** More windows than this are no picture any more, and a histogram each. */
const MOST_WINDOWS = 1_000

export function planTime(
  scenario: Scenario,
  time: NonNullable<Scenario['time']>,
  passed: PassedTime,
  run: PlannedRun,
  prices: SyncProfile,
): E.Either<Problem, TimedPlan> {
  const { config } = run
  const windowCount = Math.max(1, Math.ceil(passed.horizonUs / time.window))
  if (windowCount > MOST_WINDOWS)
    return E.left(
      badInput(
        { field: 'time.window' },
        `${windowCount} windows in the horizon are too many`,
        `make the window longer, so that there are at most ${MOST_WINDOWS}`,
      ),
    )
  const numbers = new LifeNumbers()
  const families: { 4: PlannedTime | null; 6: PlannedTime | null } = { 4: null, 6: null }
  for (const family of [4, 6] as const)
    if (run.families[family] !== null) families[family] = planFamily(passed, run, family, numbers)
  const traffic = timedTraffic(scenario, run, { 4: families[4]?.encoded, 6: families[6]?.encoded })
  return E.right({
    horizonUs: passed.horizonUs,
    windowUs: time.window,
    windowCount,
    nodes: nodeTimes(scenario, time, passed, run.nodes),
    sync: syncSettings(scenario, config, prices),
    watch: delayTable(time.delays.watch),
    watchSeed: streamSeed(scenario.seed, 'delay watch proxy'),
    lives: lifeTable(passed.lives, numbers),
    families: { 4: families[4]?.family ?? null, 6: families[6]?.family ?? null },
    traffic,
    balancers: balancersOf(scenario, run, traffic),
  })
}

interface PlannedTime {
  readonly family: TimedFamily
  readonly encoded: EncodedVersions
}

function planFamily(
  { events }: PassedTime,
  { nodes, config }: PlannedRun,
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
  { events, outages }: PassedTime,
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

function balancersOf(
  { seed, cluster }: Scenario,
  { rows, nodes }: PlannedRun,
  { portOfDestination, rowOfDestination, isOutside }: TimedTraffic,
): Balancers {
  const { provider, healthCheck } = cluster.loadBalancer
  const ports: Balancers['ports'][number][] = []
  const ofDestination = Int32Array.from(rowOfDestination, (row, d) =>
    isOutside[d] === 1 && rows[row].service.type === 'LoadBalancer'
      ? ports.push({ family: rows[row].family, port: portOfDestination[d] }) - 1
      : -1,
  )
  return {
    check: healthCheckOf(provider, healthCheck),
    seed: streamSeed(seed, 'load balancers'),
    ports,
    ofDestination,
    isTarget: Uint8Array.from(nodes, node => (isTargetNode(node) ? 1 : 0)),
  }
}

function timedTraffic(
  { seed, traffic }: Scenario,
  run: PlannedRun,
  encoded: { readonly 4?: EncodedVersions; readonly 6?: EncodedVersions },
): TimedTraffic {
  const { plan, rows, rowOfDestination } = run
  const ports = rows.map(
    ({ family, port }) =>
      encoded[family]!.portNumbers.get(servicePortKey(objectKey(port), port.portName, port.protocol))!,
  )
  return {
    plan: plan.traffic,
    ruleSeed: plan.ruleSeed,
    arrivalSeed: streamSeed(seed, 'arrivals'),
    duration: delayTable(traffic.connectionDuration),
    portOfDestination: Int32Array.from(rowOfDestination, row => ports[row]),
    rowOfDestination,
    // planRun lists the ways in from outside behind those to the ClusterIPs, one a row.
    isOutside: Uint8Array.from(rowOfDestination, (_, d) => (d < rows.length ? 0 : 1)),
    rowCount: rows.length,
  }
}
