/**
 * The names of the numbers that a run may have, known before it: a mistyped threshold must not cost a run. The makers of the numbers are asked
 * with nothing to count, so that names stand in one place. A run may lack some of them (those of affinity, say), which whoever compares
 * them learns afterwards.
 */
import { newHistogram } from '../metrics/histogram.ts'
import type { ProxyMode } from '../proxier/proxier-config.ts'
import { PRICED_BACKENDS } from '../replay/priced-backends.ts'
import { OUTCOME_NAMES } from '../replay/time/outcome.ts'
import { runMetrics } from './run-metrics.ts'
import { type LatencyHead, timeMetrics } from './time-columns.ts'

interface RunKind {
  readonly mode: ProxyMode
  readonly overTime: boolean
}

export const metricNames = ({ mode, overTime }: RunKind): readonly string[] => [
  ...nothingCounted(mode),
  ...OF_OBJECTS,
  ...(overTime ? nothingHappened() : []),
]

/** Of the cluster's objects and of single packets: assemble-result.ts adds them. */
const OF_OBJECTS = ['hints.servicesAsking', 'hints.servicesHinted', 'rulesEvaluated.laterPackets.mean']

function nothingCounted(proxyMode: ProxyMode): readonly string[] {
  const none = new Float64Array(0)
  const hops = { firstHop: newHistogram(), secondHop: newHistogram(), total: newHistogram() }
  const cluster = { nodes: 0, pods: 0, services: 0, servicePorts: 0, endpoints: 0, events: 0 }
  const sent = { connections: none, packets: none, delivered: none, rejected: none, dropped: none, unmatched: none }
  return Object.keys(
    runMetrics(
      { ...cluster, proxyMode, rulesByTable: {}, kubeProxyNatRules: 0 },
      { connections: none },
      { ...sent, distribution: [] },
      hops,
      PRICED_BACKENDS[proxyMode].map(backend => ({ ...hops, backend, profile: '' })),
    ),
  )
}

function nothingHappened(): readonly string[] {
  const spread: LatencyHead = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 }
  return Object.keys(
    timeMetrics({
      head: {
        latencyMs: spread,
        fullSyncs: 0,
        partialSyncs: 0,
        fullSyncMs: spread,
        partialSyncMs: spread,
        busyShare: 0,
        apiChanges: 0,
        apiBytes: 0,
        connections: 0,
        failed: 0,
        outcomes: Object.fromEntries(OUTCOME_NAMES.map(name => [name, 0])),
        packetsLost: 0,
        lagMs: spread,
      },
      pods: { newPods: 0, newShareAtEnd: 0, secondsToShare: 0, maxOverMeanAtStart: 0, maxOverMeanAtEnd: 0 },
      affinity: { returning: 0, kept: 0, forgotten: 0, moved: 0 },
      conntrack: { max: 0, peakEntries: 0, earlyDrops: 0, dropped: 0, droppedShare: 0 },
    }),
  )
}
