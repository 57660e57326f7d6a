/** sweep.arrow: how the answer grows along a sweep. */
import { COST_BACKENDS, type CostBackend } from '../../netfilter/cost/cost-profile.ts'
import type { SweepColumns } from '../run-result.ts'
import { type ColumnSchema, optional, ratio, resultTable } from './result-table.ts'

const nsColumns = (backend: CostBackend) => ({
  [`meanNs:${backend}`]: optional(ratio('ns', `modelled time of a new connection over both hops, mean, ${backend}`)),
  [`p50Ns:${backend}`]: optional(ratio('ns', `the same, median, ${backend}`)),
  [`p99Ns:${backend}`]: optional(ratio('ns', `the same, 99th percentile, ${backend}`)),
})

const COLUMNS: Readonly<Record<string, ColumnSchema<'float64'>>> = {
  value: ratio('1', 'value of the key that is swept'),
  natRules: ratio('rules', "nat rules of a node as kube-proxy's metric counts them; 0 in nftables mode"),
  nftRules: ratio('rules', 'rules of a node in its table kube-proxy of nftables; 0 in iptables mode'),
  meanRulesEvaluated: ratio('rules', 'rules a new connection evaluates over both hops, mean'),
  p50RulesEvaluated: ratio('rules', 'the same, median'),
  p90RulesEvaluated: ratio('rules', 'the same, 90th percentile'),
  p99RulesEvaluated: ratio('rules', 'the same, 99th percentile'),
  maxRulesEvaluated: ratio('rules', 'the same, largest'),
  laterRulesEvaluated: ratio('rules', 'rules a later packet of a connection evaluates over both hops, mean'),
  ...Object.assign({}, ...COST_BACKENDS.map(nsColumns)),
  maxOverMean: ratio('1', 'busiest endpoint over mean, over all endpoints'),
  coefficientOfVariation: ratio('1', 'standard deviation over mean of connections per endpoint'),
  gini: ratio('1', 'Gini coefficient of connections per endpoint'),
  jain: ratio('1', "Jain's fairness index of connections per endpoint"),
  idleEndpoints: ratio('endpoints', 'endpoints without a connection'),
  servicesAskingHints: ratio('Services', 'Services that ask for topology hints'),
  servicesHinted: ratio('Services', 'those of them whose ready endpoints all have hints'),
  connections: optional(ratio('connections', 'over time: connections sent')),
  failed: optional(ratio('connections', 'over time: those that failed')),
  packetsLost: optional(ratio('packets', 'over time: packets that did not arrive')),
  latencyP50Ms: optional(ratio('ms', 'over time: network programming latency, median')),
  latencyP90Ms: optional(ratio('ms', 'the same, 90th percentile')),
  latencyP99Ms: optional(ratio('ms', 'the same, 99th percentile')),
  syncs: optional(ratio('syncs', 'over time: syncs of all nodes')),
  fullSyncMs: optional(ratio('ms', 'over time: length of a full sync, mean')),
  partialSyncMs: optional(ratio('ms', 'over time: length of a partial sync, mean')),
  busyShare: optional(ratio('1', "over time: share of the nodes' time in which kube-proxy was syncing")),
  newShareAtEnd: optional(
    ratio('1', 'over time: what a pod that came while it ran carries of an equal share, at the end'),
  ),
  secondsToShare: optional(ratio('s', 'over time: until such pods first carried 90 % of it; NaN: never')),
  podMaxOverMean: optional(ratio('1', 'over time: busiest pod over mean in the last window')),
  affinityForgottenShare: optional(
    ratio('1', 'over time, ClientIP affinity: connections that found their client forgotten, of those that came back'),
  ),
  conntrackPeakEntries: optional(
    ratio('entries', 'over time: entries of the fullest connection table, at its fullest'),
  ),
  conntrackDroppedShare: optional(ratio('1', 'over time: connections that lost a packet to a full connection table')),
}

export const sweepTable = resultTable(
  {
    name: 'sweep',
    version: 6,
    description: 'One row a step: the whole run repeated for each value of one key.',
    columns: COLUMNS,
  },
  ({ path, modelledNs, published, time, ...columns }: SweepColumns) => ({
    ...columns,
    ...time,
    ...Object.fromEntries(
      modelledNs.flatMap(({ backend, mean, p50, p99 }) => [
        [`meanNs:${backend}`, mean],
        [`p50Ns:${backend}`, p50],
        [`p99Ns:${backend}`, p99],
      ]),
    ),
  }),
  ({ path }) => ({ description: `One row a step: the whole run repeated for each value of ${path}.` }),
)
