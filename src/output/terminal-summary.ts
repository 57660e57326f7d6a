/** The summary a run prints: plain text of at most 80 columns (text-layout.ts), the answer first. Colour is the command line's own affair. */
import type { Findings } from './findings.ts'
import type { ReportTable } from './report-tables/report-table.ts'
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

export function terminalSummary(run: RunJson, { answer, shown }: Findings): string {
  const blocks = [
    ...wrapped(`${run.scenario}: ${run.question}`),
    '',
    ...wrapped(answer.join(' ')),
    ...run.warnings.flatMap(warning => ['', ...wrapped(`warning: ${warning}`)]),
    ...shown
      .filter(table => SHOWN.has(table.id))
      .map(table => (table.id === 'worst' ? { ...table, rows: table.rows.slice(0, SHOWN_SERVICES) } : table))
      .flatMap(table => ['', ...textTable(table, SHOWN_ROWS)]),
    '',
    ...wrapped(`seed ${run.seed}`),
    `digest ${run.digest}`,
  ]
  return `${blocks.join('\n')}\n`
}
