/** zones.arrow: the load of each zone. */
import type { RunResult } from '../run-result.ts'
import { count, resultTable, text, whole } from './result-table.ts'

export const zonesTable = resultTable(
  {
    name: 'zones',
    version: 1,
    description: 'One row a zone: its size and the load of its endpoints.',
    columns: {
      zone: text('name of the zone; empty when unknown'),
      nodes: count('nodes', 'nodes in the zone'),
      endpoints: count('endpoints', 'endpoints in the zone'),
      endpointConnections: whole('connections', 'connections delivered to endpoints in the zone'),
      endpointPackets: whole('packets', 'packets delivered to endpoints in the zone'),
    },
  },
  (result: RunResult) => result.zones,
)
