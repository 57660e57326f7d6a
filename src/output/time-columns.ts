/**
 * What a run over time has to say, as columns and numbers: outcomes of connections by time, Service and node, and network programming
 * latency as SIG Scalability defines it, from a change's trigger time to the end of the sync that brings it to a node.
 */
import { type Histogram, mean, mergeInto, newHistogram, percentile } from '../metrics/histogram.ts'
import type { ServiceRow } from '../replay/service-rows.ts'
import type { ApiBytes } from '../replay/time/api-bytes.ts'
import { CAUSE_NAMES, CAUSES, isFailure, OUTCOME, OUTCOME_NAMES, OUTCOMES } from '../replay/time/outcome.ts'
import type { TimeTallies } from '../replay/time/time-tallies.ts'
import type { TimedPlan } from '../replay/time/timed-plan.ts'
import { type AffinityHead, affinityHead, affinityMetrics } from './affinity-columns.ts'
import { type ConntrackHead, conntrackHead, conntrackMetrics } from './conntrack-columns.ts'
import { type PodShares, podShares } from './pod-shares.ts'

/** What passes 2 and 4 of a run left behind. */
export interface PassedNodes {
  readonly plan: TimedPlan
  readonly tallies: TimeTallies
  readonly apiBytes: ApiBytes
}

export interface TimeColumns {
  readonly head: TimeHead
  readonly windows: WindowColumns
  readonly outcomes: OutcomeColumns
  readonly nodes: NodeTimeColumns
  readonly pods: PodShares
  /** Absent: nothing was sent to a Service with ClientIP affinity. */
  readonly affinity?: AffinityHead
  /** Absent: connection tables never fill. */
  readonly conntrack?: ConntrackHead
}

export interface TimeHead {
  readonly horizonS: number
  readonly windowS: number
  /** Of every measured change on every node. */
  readonly latencyMs: LatencyHead
  readonly fullSyncs: number
  readonly partialSyncs: number
  readonly fullSyncMs: LatencyHead
  readonly partialSyncMs: LatencyHead
  /** Share of the nodes' time in which kube-proxy was syncing. */
  readonly busyShare: number
  readonly apiChanges: number
  readonly apiBytes: number
  /** Sent, and what became of them by outcome; those of senders that were not there are none of them. */
  readonly connections: number
  readonly failed: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly packetsDelivered: number
  readonly packetsLost: number
  /** Of connections that failed since somebody was behind. */
  readonly lagMs: LatencyHead
}

/** NaN without any. */
export interface LatencyHead {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** One row a window. */
export interface WindowColumns {
  readonly fromS: Float64Array
  readonly changes: Float64Array
  readonly apiBytes: Float64Array
  readonly latencies: Float64Array
  readonly latencyP50Ms: Float64Array
  readonly latencyP90Ms: Float64Array
  readonly latencyP99Ms: Float64Array
  readonly fullSyncs: Float64Array
  readonly partialSyncs: Float64Array
  readonly busyShare: Float64Array
  /** By outcome, in the order of OUTCOME_NAMES. */
  readonly connections: readonly Float64Array[]
}

/** One row a Service port, outcome and cause that occurred. */
export interface OutcomeColumns {
  readonly service: readonly string[]
  readonly portName: readonly string[]
  readonly outcome: readonly string[]
  readonly cause: readonly string[]
  readonly connections: Float64Array
  readonly meanLagMs: Float64Array
  readonly maxLagMs: Float64Array
}

/** One row a node. */
export interface NodeTimeColumns {
  readonly node: readonly string[]
  readonly fullSyncs: Float64Array
  readonly partialSyncs: Float64Array
  readonly busyShare: Float64Array
  readonly meanLatencyMs: Float64Array
  readonly connections: Float64Array
  readonly failed: Float64Array
}

export function timeColumns(
  { plan, tallies, apiBytes }: PassedNodes,
  rows: readonly ServiceRow[],
  nodes: readonly string[],
): TimeColumns {
  const affinity = affinityHead(tallies)
  const conntrack = conntrackHead(plan, tallies)
  return {
    head: timeHead(plan, tallies, apiBytes),
    windows: windowColumns(plan, tallies, apiBytes),
    outcomes: outcomeColumns(tallies, rows),
    nodes: { node: nodes, ...nodeTimeColumns(plan, tallies) },
    pods: podShares({ plan, tallies, apiBytes }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(conntrack === undefined ? {} : { conntrack }),
  }
}

function timeHead(plan: TimedPlan, tallies: TimeTallies, api: ApiBytes): TimeHead {
  const latency = newHistogram()
  for (const window of tallies.latency) mergeInto(latency, window)
  const byOutcome = OUTCOME_NAMES.map((_, o) => totalAt(tallies.windowOutcomes, o, OUTCOMES))
  const { nodes } = tallies
  return {
    horizonS: plan.horizonUs / S,
    windowS: plan.windowUs / S,
    latencyMs: latencyHead(latency),
    fullSyncs: total(nodes.fullSyncs),
    partialSyncs: total(nodes.partialSyncs),
    fullSyncMs: latencyHead(tallies.fullSync),
    partialSyncMs: latencyHead(tallies.partialSync),
    busyShare: total(nodes.busyUs) / (plan.horizonUs * plan.nodes.count),
    apiChanges: total(api.changes),
    apiBytes: total(api.bytes),
    connections: byOutcome.reduce((sum, n, o) => sum + (o === OUTCOME.notSent ? 0 : n), 0),
    failed: byOutcome.reduce((sum, n, o) => sum + (isFailure(o) ? n : 0), 0),
    outcomes: Object.fromEntries(OUTCOME_NAMES.map((name, o) => [name, byOutcome[o]])),
    packetsDelivered: total(tallies.packetsDelivered),
    packetsLost: total(tallies.packetsLost),
    lagMs: latencyHead(tallies.lags),
  }
}

function windowColumns(plan: TimedPlan, tallies: TimeTallies, api: ApiBytes): WindowColumns {
  const { windowUs, windowCount, horizonUs } = plan
  const { latency, windows, windowOutcomes } = tallies
  const ms = (p: number): Float64Array => Float64Array.from(latency, h => percentile(h, p) / MS)
  const lengthUs = (w: number): number => Math.min(windowUs, horizonUs - w * windowUs)
  return {
    fromS: Float64Array.from({ length: windowCount }, (_, w) => (w * windowUs) / S),
    changes: api.changes,
    apiBytes: api.bytes,
    latencies: Float64Array.from(latency, h => h.count),
    latencyP50Ms: ms(50),
    latencyP90Ms: ms(90),
    latencyP99Ms: ms(99),
    fullSyncs: windows.fullSyncs,
    partialSyncs: windows.partialSyncs,
    busyShare: windows.busyUs.map((us, w) => us / (lengthUs(w) * plan.nodes.count)),
    connections: OUTCOME_NAMES.map((_, o) =>
      Float64Array.from({ length: windowCount }, (__, w) => windowOutcomes[w * OUTCOMES + o]),
    ),
  }
}

function outcomeColumns(tallies: TimeTallies, rows: readonly ServiceRow[]): OutcomeColumns {
  const cells = rows.flatMap((row, r) =>
    OUTCOME_NAMES.flatMap((outcome, o) =>
      CAUSE_NAMES.flatMap((cause, c) => {
        const cell = (r * OUTCOMES + o) * CAUSES + c
        return tallies.connections[cell] === 0 ? [] : [{ row, outcome, cause, cell }]
      }),
    ),
  )
  const { connections, lagUs, maxLagUs } = tallies
  return {
    service: cells.map(({ row }) => `${row.port.namespace}/${row.port.name}`),
    portName: cells.map(({ row }) => row.port.portName),
    outcome: cells.map(c => c.outcome),
    cause: cells.map(c => c.cause),
    connections: Float64Array.from(cells, c => connections[c.cell]),
    meanLagMs: Float64Array.from(cells, c => lagUs[c.cell] / connections[c.cell] / MS),
    maxLagMs: Float64Array.from(cells, c => maxLagUs[c.cell] / MS),
  }
}

function nodeTimeColumns({ horizonUs }: TimedPlan, { nodes }: TimeTallies): Omit<NodeTimeColumns, 'node'> {
  const over = (wanted: (outcome: number) => boolean): Float64Array =>
    Float64Array.from(nodes.fullSyncs, (_, n) =>
      OUTCOME_NAMES.reduce((sum, __, o) => sum + (wanted(o) ? nodes.outcomes[n * OUTCOMES + o] : 0), 0),
    )
  return {
    fullSyncs: nodes.fullSyncs,
    partialSyncs: nodes.partialSyncs,
    busyShare: nodes.busyUs.map(us => us / horizonUs),
    meanLatencyMs: nodes.latencyUs.map((us, n) => us / nodes.changes[n] / MS),
    connections: over(o => o !== OUTCOME.notSent),
    failed: over(isFailure),
  }
}

const S = 1_000_000
const MS = 1_000

const latencyHead = (h: Histogram): LatencyHead => ({
  count: h.count,
  mean: mean(h) / MS,
  p50: percentile(h, 50) / MS,
  p90: percentile(h, 90) / MS,
  p99: percentile(h, 99) / MS,
  max: h.count === 0 ? Number.NaN : h.max / MS,
})

const total = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

const totalAt = (values: Float64Array, at: number, step: number): number => {
  let sum = 0
  for (let i = at; i < values.length; i += step) sum += values[i]
  return sum
}

interface CountedTime extends Pick<TimeColumns, 'affinity' | 'conntrack'> {
  readonly head: Omit<TimeHead, 'horizonS' | 'windowS' | 'packetsDelivered'>
  readonly pods: Omit<PodShares, 'perOldPod' | 'perNewPod'>
}

/** The numbers that thresholds may compare. */
export function timeMetrics({ head, pods, affinity, conntrack }: CountedTime): Record<string, number> {
  const spread = (name: string, h: LatencyHead): Record<string, number> => ({
    [`${name}.mean`]: h.mean,
    [`${name}.p50`]: h.p50,
    [`${name}.p90`]: h.p90,
    [`${name}.p99`]: h.p99,
    [`${name}.max`]: h.max,
  })
  return {
    'time.connections': head.connections,
    'time.failed': head.failed,
    'time.failedShare': head.connections === 0 ? Number.NaN : head.failed / head.connections,
    ...Object.fromEntries(Object.entries(head.outcomes).map(([name, n]) => [`time.${name}`, n])),
    'time.packetsLost': head.packetsLost,
    ...spread('time.failureLagMs', head.lagMs),
    ...spread('programmingLatencyMs', head.latencyMs),
    'syncs.full': head.fullSyncs,
    'syncs.partial': head.partialSyncs,
    'syncs.busyShare': head.busyShare,
    ...spread('syncMs.full', head.fullSyncMs),
    ...spread('syncMs.partial', head.partialSyncMs),
    'api.changes': head.apiChanges,
    'api.bytes': head.apiBytes,
    'newPods.count': pods.newPods,
    'newPods.shareAtEnd': pods.newShareAtEnd,
    'newPods.secondsToShare': pods.secondsToShare,
    'podLoad.maxOverMeanAtStart': pods.maxOverMeanAtStart,
    'podLoad.maxOverMeanAtEnd': pods.maxOverMeanAtEnd,
    ...(affinity === undefined ? {} : affinityMetrics(affinity)),
    ...(conntrack === undefined ? {} : conntrackMetrics(conntrack)),
  }
}
