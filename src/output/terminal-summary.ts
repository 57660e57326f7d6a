/** The summary a run prints: plain text of at most 80 columns (text-layout.ts), the answer first. Colour is the command line's own affair. */
import type { ColumnTable } from '../arrow/column-table.ts'
import { findings } from './findings.ts'
import type { ReportTable } from './report-tables/report-table.ts'
import { reportTables } from './report-tables.ts'
import type { RunJson } from './run-json.ts'
import { textTable, wrapped } from './text-layout.ts'

const SHOWN: ReadonlySet<ReportTable['id']> = new Set([
  'budget',
  'steps',
  'published',
  'outcomes',
  'latency',
  'cost',
  'modelled',
  'worst',
  'thresholds',
])
const SHOWN_ROWS = 30
const SHOWN_SERVICES = 3

export function terminalSummary(run: RunJson, tables: readonly ColumnTable[]): string {
  const { answer, evenness } = findings(run, tables)
  const blocks = [
    ...wrapped(`${run.scenario}: ${run.question}`),
    '',
    ...wrapped(answer.join(' ')),
    ...run.warnings.flatMap(warning => ['', ...wrapped(`warning: ${warning}`)]),
    ...reportTables(run, tables, { ...evenness, worst: evenness.worst.slice(0, SHOWN_SERVICES) })
      .filter(table => SHOWN.has(table.id))
      .flatMap(table => ['', ...textTable(table, SHOWN_ROWS)]),
    '',
    ...wrapped(`seed ${run.seed}`),
    `digest ${run.digest}`,
  ]
  return `${blocks.join('\n')}\n`
}
