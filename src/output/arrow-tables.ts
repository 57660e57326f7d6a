/**
 * The result of a run as tables: the last step before files, digest, summary and report, which are all functions of these tables and
 * run.json. What each of them holds is declared in tables/, a file a table, and shown in docs/arrow.md.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import type { RunResult, SweepColumns } from './run-result.ts'
import { costHistogramTable } from './tables/cost-histogram-table.ts'
import { endpointsTable } from './tables/endpoints-table.ts'
import { modelledCostTable } from './tables/modelled-cost-table.ts'
import { nodeTimeTable } from './tables/node-time-table.ts'
import { nodesTable } from './tables/nodes-table.ts'
import { outcomesTable } from './tables/outcomes-table.ts'
import { publishedTable } from './tables/published-table.ts'
import type { ResultTable, TableSchema } from './tables/result-table.ts'
import { rulesDetailTable } from './tables/rules-detail-table.ts'
import { rulesTable } from './tables/rules-table.ts'
import { servicesTable } from './tables/services-table.ts'
import { sweepTable } from './tables/sweep-table.ts'
import { timelineTable } from './tables/timeline-table.ts'
import { zonesTable } from './tables/zones-table.ts'
import type { TimeColumns } from './time-columns.ts'

const RUN_TABLES: readonly ResultTable<RunResult>[] = [
  endpointsTable,
  servicesTable,
  nodesTable,
  zonesTable,
  rulesTable,
  rulesDetailTable,
  costHistogramTable,
  modelledCostTable,
]

/** Of a run over time. */
const TIME_TABLES: readonly ResultTable<TimeColumns>[] = [timelineTable, outcomesTable, nodeTimeTable]

/** Of every table there may be. */
export const TABLE_SCHEMAS: readonly TableSchema[] = [...RUN_TABLES, ...TIME_TABLES, sweepTable, publishedTable].map(
  t => t.schema,
)

/** The tables of every run; one over time has three more, a sweep has one more, `sweep`, and `published` where there are figures to compare with. */
export const RESULT_TABLES: readonly string[] = RUN_TABLES.map(t => t.schema.name)

/** Those of a run over time besides. */
export const TIME_RESULT_TABLES: readonly string[] = TIME_TABLES.map(t => t.schema.name)

/** In the order they are listed in run.json. A sweep's own table comes last; the others then show its last step. */
export function resultTables(result: RunResult, sweep?: SweepColumns): readonly ColumnTable[] {
  const { time } = result
  const tables = [...RUN_TABLES.map(t => t.of(result)), ...(time === undefined ? [] : TIME_TABLES.map(t => t.of(time)))]
  if (sweep === undefined) return tables
  return [
    ...tables,
    sweepTable.of(sweep),
    ...(sweep.published === undefined ? [] : [publishedTable.of(sweep.published)]),
  ]
}
