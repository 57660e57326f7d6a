/** timeline.arrow: a run over time, window by window. */
import { OUTCOME_NAMES, type TimedOutcome } from '../../replay/time/outcome.ts'
import type { TimeColumns } from '../time-columns.ts'
import { type ColumnSchema, ratio, resultTable, whole } from './result-table.ts'

const OUTCOME_WORDS: Readonly<Record<TimedOutcome, string>> = {
  delivered: 'connections whose packets all reached their endpoint',
  terminating: 'the same, to an endpoint on its way out',
  refused: 'connections to an endpoint where nobody listened (any more)',
  blackholed: 'connections into nothing: a machine that is gone, or a node without rules yet',
  rejected: 'connections refused by a REJECT rule',
  dropped: 'connections dropped by a rule',
  reset: 'connections cut before their last packet',
  unmatched: 'connections to a Service that the rules did not know',
  strayed: 'connections that another pod answered, which had the address by then',
  notSent: 'connections that were not made, as their sender was not there',
}

const OUTCOME_COLUMNS = Object.fromEntries(
  OUTCOME_NAMES.map(name => [name, whole('connections', OUTCOME_WORDS[name])]),
) as Readonly<Record<TimedOutcome, ColumnSchema<'int64'>>>

export const timelineTable = resultTable(
  {
    name: 'timeline',
    version: 2,
    description:
      'One row a window of a run over time: connections by the time of their first packet, syncs by the time of their end.',
    columns: {
      fromS: ratio('s', 'start of the window'),
      changes: whole('events', 'changes of Services and EndpointSlices'),
      apiBytes: whole('bytes', 'what the API server sent of them to kube-proxies, as JSON'),
      latencies: whole('changes', 'programming latencies measured: changes times nodes'),
      latencyP50Ms: ratio('ms', "network programming latency, median: from a change's trigger to the end of its sync"),
      latencyP90Ms: ratio('ms', 'the same, 90th percentile'),
      latencyP99Ms: ratio('ms', 'the same, 99th percentile'),
      fullSyncs: whole('syncs', 'full syncs of all nodes'),
      partialSyncs: whole('syncs', 'partial syncs of all nodes'),
      busyShare: ratio('1', "share of the nodes' time in which kube-proxy was syncing"),
      perOldPod: ratio('packets', 'packets that reached a pod that was there from the start, mean'),
      perNewPod: ratio('packets', 'the same of a pod that came while it ran'),
      ...OUTCOME_COLUMNS,
    },
  },
  ({ windows: { connections, ...columns }, pods: { perOldPod, perNewPod } }: TimeColumns) => ({
    ...columns,
    perOldPod,
    perNewPod,
    ...(Object.fromEntries(OUTCOME_NAMES.map((name, o) => [name, connections[o]])) as Record<
      TimedOutcome,
      Float64Array
    >),
  }),
)
