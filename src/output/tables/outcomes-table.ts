/** outcomes.arrow: what became of the connections of a run over time, and why. */
import { OUTCOME_NAMES } from '../../replay/time/outcome.ts'
import type { TimeColumns } from '../time-columns.ts'
import { ratio, resultTable, whole, words } from './result-table.ts'

export const outcomesTable = resultTable(
  {
    name: 'outcomes',
    version: 1,
    description: 'One row a Service port, outcome and cause that occurred in a run over time.',
    columns: {
      service: words('Service as namespace/name'),
      portName: words('name of the Service port; empty when unnamed'),
      outcome: words(OUTCOME_NAMES.join(', ')),
      cause: words(
        "rules: the node's were behind the EndpointSlices; slices: these were behind the pods; or what it says",
      ),
      connections: whole('connections', 'how many'),
      meanLagMs: ratio('ms', 'by how much somebody was behind, mean'),
      maxLagMs: ratio('ms', 'the same, most'),
    },
  },
  (time: TimeColumns) => time.outcomes,
)
