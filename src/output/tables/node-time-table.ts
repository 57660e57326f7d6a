/** node-time.arrow: the nodes of a run over time. */
import type { TimeColumns } from '../time-columns.ts'
import { ratio, resultTable, text, whole } from './result-table.ts'

export const nodeTimeTable = resultTable(
  {
    name: 'node-time',
    version: 1,
    description: 'One row a node: its syncs, how far it was behind, and the connections that met its rules.',
    columns: {
      node: text('name of the node'),
      fullSyncs: whole('syncs', 'full syncs'),
      partialSyncs: whole('syncs', 'partial syncs'),
      busyShare: ratio('1', 'share of its time in which kube-proxy was syncing'),
      meanLatencyMs: ratio('ms', 'programming latency of the measured changes, mean'),
      connections: whole('connections', 'connections that met its rules'),
      failed: whole('connections', 'those that failed'),
    },
  },
  (time: TimeColumns) => time.nodes,
)
