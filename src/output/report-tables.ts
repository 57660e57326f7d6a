/**
 * The tables that summary.md, the terminal and report.html show. One place decides what is in them, so the three never disagree; each idea's
 * tables are a file in report-tables/.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import { budgetTable } from './budget/budget-findings.ts'
import { shortened } from './escape.ts'
import type { Evenness } from './evenness.ts'
import { countText } from './number-text.ts'
import { costTable, modelledTable } from './report-tables/cost-tables.ts'
import { overallTable, worstServicesTable, zonesTable } from './report-tables/load-tables.ts'
import type { ReportTable } from './report-tables/report-table.ts'
import { chainsTable, detailNodesTable } from './report-tables/rule-tables.ts'
import { headTable, inputsTable, thresholdsTable } from './report-tables/run-tables.ts'
import { publishedTable, stepsTable } from './report-tables/sweep-tables.ts'
import { causesTable, latencyTable } from './report-tables/time-tables.ts'
import type { RunJson } from './run-json.ts'
import { trustTable } from './trust-table.ts'

/** In the order they are read; those without rows are left out. */
export function reportTables(run: RunJson, tables: readonly ColumnTable[], spread: Evenness): readonly ReportTable[] {
  return [
    thresholdsTable(run),
    ...(run.budget === null ? [] : [budgetTable(run.budget, run.head.proxyMode)]),
    ...(run.sweep === null ? [] : [stepsTable(run.sweep.path, tables)]),
    ...(run.sweep?.published == null ? [] : [publishedTable(run.sweep.published, tables)]),
    ...(run.time === null ? [] : [causesTable(tables), latencyTable(run.time)]),
    headTable(run),
    costTable(run),
    modelledTable(run),
    overallTable(spread),
    worstServicesTable(spread),
    zonesTable(tables),
    chainsTable(tables),
    detailNodesTable(run, tables),
    trustTable(run),
    inputsTable(run),
  ]
    .filter(table => table.rows.length > 0)
    .map(kept)
}

/** At most so many rows of a table are shown; the Arrow files hold all. */
const ROWS = 200

function kept(table: ReportTable): ReportTable {
  const rows = table.rows.slice(0, ROWS).map(row => row.map(cell => shortened(cell, 200)))
  const more = table.rows.length - rows.length
  return more === 0 ? { ...table, rows } : { ...table, rows, note: `${table.note} And ${countText(more)} more.`.trim() }
}
