/** What a run over time says, for tests of outputs: a window of 10 s each, failures in one of them. */
import type { LatencyHead, TimeColumns } from '../src/output/time-columns.ts'
import { isFailure, OUTCOME, OUTCOME_NAMES, type TimedOutcome } from '../src/replay/time/outcome.ts'

export interface TimeOptions {
  readonly windows?: number
  /** Connections of the second window, by what became of them; the others are all delivered. */
  readonly failures?: Readonly<Partial<Record<TimedOutcome, number>>>
}

export function makeTime({ windows = 6, failures = {} }: TimeOptions = {}): TimeColumns {
  const column = (of: (window: number) => number): Float64Array =>
    Float64Array.from({ length: windows }, (_, w) => of(w))
  const spread = (ms: number): LatencyHead => ({
    count: windows,
    mean: ms,
    p50: ms,
    p90: 2 * ms,
    p99: 3 * ms,
    max: 4 * ms,
  })
  const counts = OUTCOME_NAMES.map(name =>
    column(w => (name === 'delivered' ? 1_000 : w === 1 ? (failures[name] ?? 0) : 0)),
  )
  const total = (name: TimedOutcome): number => counts[OUTCOME[name]].reduce((a, b) => a + b, 0)
  const failed = OUTCOME_NAMES.filter(n => isFailure(OUTCOME[n])).reduce((sum, n) => sum + total(n), 0)
  const kinds = OUTCOME_NAMES.filter(name => total(name) > 0)
  const of = (value: (name: TimedOutcome) => number): Float64Array => Float64Array.from(kinds, value)
  return {
    head: {
      horizonS: 10 * windows,
      windowS: 10,
      latencyMs: spread(500),
      fullSyncs: 1,
      partialSyncs: 4 * windows,
      fullSyncMs: spread(90),
      partialSyncMs: spread(8),
      busyShare: 0.01,
      apiChanges: windows,
      apiBytes: 1_000 * windows,
      connections: total('delivered') + failed,
      failed,
      outcomes: Object.fromEntries(OUTCOME_NAMES.map(name => [name, total(name)])),
      packetsDelivered: 10 * total('delivered'),
      packetsLost: failed,
      lagMs: spread(700),
    },
    windows: {
      fromS: column(w => 10 * w),
      changes: column(() => 1),
      apiBytes: column(() => 1_000),
      latencies: column(() => 4),
      // Nothing changes in the last window.
      latencyP50Ms: column(w => (w === windows - 1 ? Number.NaN : 500)),
      latencyP90Ms: column(w => (w === windows - 1 ? Number.NaN : 1_000)),
      latencyP99Ms: column(w => (w === windows - 1 ? Number.NaN : 1_500)),
      fullSyncs: column(w => (w === 0 ? 1 : 0)),
      partialSyncs: column(() => 4),
      busyShare: column(() => 0.01),
      connections: counts,
    },
    outcomes: {
      service: kinds.map(() => 'shop/web-0'),
      portName: kinds.map(() => ''),
      outcome: kinds,
      cause: kinds.map(name => (name === 'delivered' ? '' : 'rules')),
      connections: of(total),
      meanLagMs: of(() => 700),
      maxLagMs: of(() => 900),
    },
    nodes: {
      node: ['node-0'],
      fullSyncs: new Float64Array([1]),
      partialSyncs: new Float64Array([4 * windows]),
      busyShare: new Float64Array([0.01]),
      meanLatencyMs: new Float64Array([500]),
      connections: new Float64Array([total('delivered') + failed]),
      failed: new Float64Array([failed]),
    },
    // No pod comes while it runs.
    pods: {
      perOldPod: column(() => 250),
      perNewPod: column(() => Number.NaN),
      newPods: 0,
      newShareAtEnd: Number.NaN,
      secondsToShare: Number.NaN,
      maxOverMeanAtStart: 1.1,
      maxOverMeanAtEnd: 1.1,
    },
  }
}
