/**
 * The log, what happened besides, and the planned run -> TimedPlan: everything that is the same for all nodes is worked out here, once.
 */
import * as E from 'fp-ts/lib/Either.js'
import { objectKey } from '../../cluster/objects.ts'
import { isTargetNode } from '../../controlplane/cloud-load-balancer.ts'
import { badInput, type Problem } from '../../problem/problem.ts'
import { servicePortKey } from '../../proxier/service-endpoints.ts'
import { healthCheckOf } from '../../scenario/load-balancer-spec.ts'
import type { Scenario, TrafficSpec } from '../../scenario/scenario.ts'
import type { SyncProfile } from '../../scenario/sync-profile.ts'
import { streamSeed } from '../../sim/random.ts'
import type { PlannedRun } from '../plan-run.ts'
import { delayTable } from './delay-table.ts'
import type { EncodedVersions } from './encode-versions.ts'
import { LifeNumbers, lifeTable } from './life-table.ts'
import { type PassedTime, planSyncs } from './plan-syncs.ts'
import {
  type Balancers,
  type ConntrackPlan,
  type KeepAlive,
  type TimedPlan,
  type TimedTraffic,
  TURN,
} from './timed-plan.ts'
import type { VersionTable } from './version-table.ts'

/** More windows than this are no picture any more, and a histogram each. */
const MOST_WINDOWS = 1_000

/** One queue has no more places (sim/timer-queue.ts). */
const MOST_ORDERED = 2 ** 24

export function planTime(
  scenario: Scenario,
  time: NonNullable<Scenario['time']>,
  passed: PassedTime,
  run: PlannedRun,
  prices: SyncProfile,
): E.Either<Problem, TimedPlan> {
  const windowCount = Math.max(1, Math.ceil(passed.horizonUs / time.window))
  if (windowCount > MOST_WINDOWS)
    return E.left(
      badInput(
        { field: 'time.window' },
        `${windowCount} windows in the horizon are too many`,
        `make the window longer, so that there are at most ${MOST_WINDOWS}`,
      ),
    )
  const { connections } = run.plan.traffic
  const isOrdered = scenario.proxy.conntrack !== undefined || run.plan.affinity !== undefined
  if (isOrdered && connections >= MOST_ORDERED)
    return E.left(
      badInput(
        { field: 'traffic.packets' },
        `${connections} connections are too many to bring into order`,
        `session affinity and proxy.conntrack need that; ask for fewer packets, or more of them a connection: at most ${MOST_ORDERED - 1} connections`,
      ),
    )
  const numbers = new LifeNumbers()
  const wanted = ([4, 6] as const).filter(family => run.families[family] !== null)
  const { encoded, ...syncs } = planSyncs(scenario, time, passed, run, prices, wanted, numbers)
  const traffic = timedTraffic(scenario, run, encoded)
  const balancers = balancersOf(scenario, run, traffic)
  const conntrack = conntrackPlan(scenario)
  return E.right({
    ...syncs,
    windowUs: time.window,
    windowCount,
    lives: lifeTable(passed.lives, numbers),
    traffic: {
      ...traffic,
      turnOfDestination:
        conntrack === null
          ? turns(traffic, run, balancers, encoded)
          : new Uint8Array(run.rowOfDestination.length).fill(TURN.balancedInOrder),
    },
    balancers,
    conntrack,
    podNames: [...numbers.pods.keys()],
  })
}

/** As getConntrackMax of kube-proxy (cmd/kube-proxy/app/server_linux.go) has it. */
const conntrackPlan = ({ seed, proxy: { conntrack } }: Scenario): ConntrackPlan | null =>
  conntrack === undefined
    ? null
    : {
        max: Math.max(conntrack.maxPerCore * conntrack.cores, conntrack.min),
        seed: streamSeed(seed, 'conntrack buckets'),
      }

function balancersOf(
  { seed, cluster }: Scenario,
  { rows, nodes }: PlannedRun,
  { portOfDestination, rowOfDestination, isOutside }: UnturnedTraffic,
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

/** Flows to a Service that ever has affinity come in order, those of one Service port all together. */
function turns(
  { rowOfDestination, portOfDestination }: UnturnedTraffic,
  { rows }: PlannedRun,
  { ofDestination }: Balancers,
  encoded: { readonly 4?: EncodedVersions; readonly 6?: EncodedVersions },
): Uint8Array {
  const affine = rows.map(() => false)
  const balanced = rows.map(() => false)
  rowOfDestination.forEach((row, d) => {
    balanced[row] ||= ofDestination[d] >= 0
    affine[row] ||= everHasAffinity(encoded[rows[row].family]!.table, portOfDestination[d])
  })
  return Uint8Array.from(rowOfDestination, (row, d) => {
    if (affine[row]) return balanced[row] ? TURN.balancedInOrder : TURN.ordered
    return ofDestination[d] >= 0 ? TURN.balanced : TURN.own
  })
}

function everHasAffinity(
  { rowStart, serviceOfPort, objectStart, sliceStart, variantOfRow, affinityUs }: VersionTable,
  port: number,
): boolean {
  const s = serviceOfPort[port]
  const rows = (objectStart[s + 1] - objectStart[s]) * (sliceStart[s + 1] - sliceStart[s])
  // Variants of one row differ by node, not in what the Service says of itself.
  return variantOfRow
    .subarray(rowStart[port], rowStart[port] + rows)
    .some(variant => variant >= 0 && affinityUs[variant] > 0)
}

type UnturnedTraffic = Omit<TimedTraffic, 'turnOfDestination'>

const keepAliveOf = ({ keepAlive }: TrafficSpec): KeepAlive | null =>
  keepAlive === undefined
    ? null
    : {
        requests: keepAlive.requests ?? Infinity,
        maxAgeUs: keepAlive.maxAge ?? Infinity,
        retries: keepAlive.retries,
        timeoutUs: keepAlive.timeout ?? 0,
        rampUs: keepAlive.ramp,
      }

function timedTraffic(
  { seed, traffic }: Scenario,
  run: PlannedRun,
  encoded: { readonly 4?: EncodedVersions; readonly 6?: EncodedVersions },
): UnturnedTraffic {
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
    keepAlive: keepAliveOf(traffic),
    portOfDestination: Int32Array.from(rowOfDestination, row => ports[row]),
    rowOfDestination,
    // planRun lists the ways in from outside behind those to the ClusterIPs, one a row.
    isOutside: Uint8Array.from(rowOfDestination, (_, d) => (d < rows.length ? 0 : 1)),
    rowCount: rows.length,
  }
}
