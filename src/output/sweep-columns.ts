/** One row a step of a sweep, out of the steps' results. */
import { mean, percentile } from '../metrics/histogram.ts'
import type { Sweep } from '../scenario/scenario.ts'
import type { PodShares } from './pod-shares.ts'
import { publishedColumns } from './published-columns.ts'
import type { RunResult, SweepColumns, SweepTime } from './run-result.ts'
import type { TimeHead } from './time-columns.ts'

export function sweepColumns(sweep: Sweep, results: readonly RunResult[]): SweepColumns {
  const { path, values, published } = sweep
  const column = (of: (result: RunResult) => number): Float64Array => Float64Array.from(results, of)
  const metric = (name: string): Float64Array => column(r => r.metrics[name])
  return {
    path,
    value: Float64Array.from(values),
    natRules: column(r => r.head.kubeProxyNatRules),
    nftRules: column(r => r.head.rulesByTable['kube-proxy'] ?? 0),
    meanRulesEvaluated: column(r => mean(r.rulesEvaluated.total)),
    p50RulesEvaluated: column(r => percentile(r.rulesEvaluated.total, 50)),
    p90RulesEvaluated: column(r => percentile(r.rulesEvaluated.total, 90)),
    p99RulesEvaluated: column(r => percentile(r.rulesEvaluated.total, 99)),
    maxRulesEvaluated: column(r => (r.rulesEvaluated.total.count === 0 ? Number.NaN : r.rulesEvaluated.total.max)),
    laterRulesEvaluated: metric('rulesEvaluated.laterPackets.mean'),
    modelledNs: (results[0]?.modelledNs ?? []).map(({ backend }, lane) => ({
      backend,
      mean: column(r => mean(r.modelledNs[lane].total)),
      p50: column(r => percentile(r.modelledNs[lane].total, 50)),
      p99: column(r => percentile(r.modelledNs[lane].total, 99)),
    })),
    maxOverMean: metric('endpoints.maxOverMean'),
    coefficientOfVariation: metric('endpoints.coefficientOfVariation'),
    gini: metric('endpoints.gini'),
    jain: metric('endpoints.jain'),
    idleEndpoints: metric('endpoints.idle'),
    servicesAskingHints: metric('hints.servicesAsking'),
    servicesHinted: metric('hints.servicesHinted'),
    ...(results[0]?.time === undefined ? {} : { time: sweepTime(results) }),
    ...(published === undefined ? {} : { published: publishedColumns(published, values, results) }),
  }
}

function sweepTime(results: readonly RunResult[]): SweepTime {
  const column = (of: (head: TimeHead) => number): Float64Array => Float64Array.from(results, r => of(r.time!.head))
  /** Of a metric that some runs have: no column where none does. */
  const metricColumn = (column: string, metric: string): Record<string, Float64Array> =>
    results.some(r => Object.hasOwn(r.metrics, metric))
      ? { [column]: Float64Array.from(results, r => r.metrics[metric] ?? Number.NaN) }
      : {}
  const ofPods = (of: (pods: PodShares) => number): Float64Array => Float64Array.from(results, r => of(r.time!.pods))
  return {
    connections: column(h => h.connections),
    failed: column(h => h.failed),
    packetsLost: column(h => h.packetsLost),
    latencyP50Ms: column(h => h.latencyMs.p50),
    latencyP90Ms: column(h => h.latencyMs.p90),
    latencyP99Ms: column(h => h.latencyMs.p99),
    syncs: column(h => h.fullSyncs + h.partialSyncs),
    fullSyncMs: column(h => h.fullSyncMs.mean),
    partialSyncMs: column(h => h.partialSyncMs.mean),
    busyShare: column(h => h.busyShare),
    newShareAtEnd: ofPods(p => p.newShareAtEnd),
    secondsToShare: ofPods(p => p.secondsToShare),
    podMaxOverMean: ofPods(p => p.maxOverMeanAtEnd),
    ...metricColumn('affinityForgottenShare', 'affinity.forgottenShare'),
    ...metricColumn('conntrackPeakEntries', 'conntrack.peakEntries'),
    ...metricColumn('conntrackDroppedShare', 'conntrack.droppedShare'),
  }
}
