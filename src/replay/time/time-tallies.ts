/**
 * What passes 2 and 4 count: whole numbers only, so tallies of jobs add up to the same bytes in any order. Plain data that crosses threads
 * once a worker.
 */
import { type Histogram, mergeInto, newHistogram } from '../../metrics/histogram.ts'
import type { TimeUs } from '../../sim/time.ts'
import { CAUSES, OUTCOMES } from './outcome.ts'
import { loadWindows } from './pod-load.ts'
import { RECALLS } from './recall.ts'
import type { TimedPlan } from './timed-plan.ts'

export interface TimeTallies {
  /** Length of a window. */
  readonly windowUs: TimeUs
  /** Programming latency in µs of every EndpointSlice change with a trigger time, on every node: by window of the sync's end. */
  readonly latency: readonly Histogram[]
  /** How long syncs took, in µs. */
  readonly fullSync: Histogram
  readonly partialSync: Histogram
  /** By window of their end. */
  readonly windows: {
    readonly fullSyncs: Float64Array
    readonly partialSyncs: Float64Array
    readonly busyUs: Float64Array
  }
  readonly nodes: {
    readonly fullSyncs: Float64Array
    readonly partialSyncs: Float64Array
    readonly busyUs: Float64Array
    /** Changes measured, and their programming latencies added up. */
    readonly changes: Float64Array
    readonly latencyUs: Float64Array
    /** Of its connection table: the most entries at a time, and entries given up for others. */
    readonly peakEntries: Float64Array
    readonly earlyDrops: Float64Array
    /** Connections by outcome: OUTCOMES cells a node, of the node where they met the rules. */
    readonly outcomes: Float64Array
  }
  /** Connections by window of their first packet and outcome: OUTCOMES cells a window. */
  readonly windowOutcomes: Float64Array
  /** By row of Service ports, outcome and cause: CAUSES cells an outcome, OUTCOMES outcomes a row. */
  readonly connections: Float64Array
  readonly lagUs: Float64Array
  readonly maxLagUs: Float64Array
  /** By row of Service ports. */
  readonly packetsDelivered: Float64Array
  readonly packetsLost: Float64Array
  /** By row and RECALL, RECALLS cells a row: new connections to Services with ClientIP affinity. */
  readonly recalls: Float64Array
  /** Packets by pod and window: windowCount cells a pod; empty where that would be too many. */
  readonly podLoad: Float64Array
  /** Lags of connections that failed because a node or the API server was behind, in µs. */
  readonly lags: Histogram
}

export function newTimeTallies(plan: TimedPlan): TimeTallies {
  const { windowCount, nodes, traffic } = plan
  const column = (size: number): Float64Array => new Float64Array(size)
  const cells = traffic.rowCount * OUTCOMES * CAUSES
  return {
    windowUs: plan.windowUs,
    latency: Array.from({ length: windowCount }, newHistogram),
    fullSync: newHistogram(),
    partialSync: newHistogram(),
    windows: { fullSyncs: column(windowCount), partialSyncs: column(windowCount), busyUs: column(windowCount) },
    nodes: {
      fullSyncs: column(nodes.count),
      partialSyncs: column(nodes.count),
      busyUs: column(nodes.count),
      changes: column(nodes.count),
      latencyUs: column(nodes.count),
      peakEntries: column(nodes.count),
      earlyDrops: column(nodes.count),
      outcomes: column(nodes.count * OUTCOMES),
    },
    windowOutcomes: column(windowCount * OUTCOMES),
    connections: column(cells),
    lagUs: column(cells),
    maxLagUs: column(cells),
    packetsDelivered: column(traffic.rowCount),
    packetsLost: column(traffic.rowCount),
    recalls: column(traffic.rowCount * RECALLS),
    podLoad: column(plan.podNames.length * loadWindows(plan)),
    lags: newHistogram(),
  }
}

export function mergeTimeTallies(plan: TimedPlan, parts: readonly TimeTallies[]): TimeTallies {
  const whole = newTimeTallies(plan)
  for (const part of parts) {
    part.latency.forEach((histogram, w) => {
      mergeInto(whole.latency[w], histogram)
    })
    mergeInto(whole.fullSync, part.fullSync)
    mergeInto(whole.partialSync, part.partialSync)
    mergeInto(whole.lags, part.lags)
    addColumns(whole.windows, part.windows)
    addColumns(whole.nodes, part.nodes)
    for (const name of [
      'windowOutcomes',
      'connections',
      'lagUs',
      'packetsDelivered',
      'packetsLost',
      'recalls',
      'podLoad',
    ] as const)
      add(whole[name], part[name])
    for (let i = 0; i < whole.maxLagUs.length; i++) whole.maxLagUs[i] = Math.max(whole.maxLagUs[i], part.maxLagUs[i])
  }
  return whole
}

function addColumns<K extends string>(
  target: Readonly<Record<K, Float64Array>>,
  source: Readonly<Record<K, Float64Array>>,
): void {
  for (const name of Object.keys(target) as K[]) add(target[name], source[name])
}

function add(target: Float64Array, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += source[i]
}
