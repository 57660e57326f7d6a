/**
 * The summary a run prints: plain text of at most 80 columns. Every text is made visible here (no control characters of hostile names
 * reach the terminal). Colour is the command line's own affair.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import { visible } from './escape.ts'
import { findings } from './findings.ts'
import { type ReportTable, reportTables } from './report-tables.ts'
import type { RunJson } from './run-json.ts'

const COLUMNS = 80
const SHOWN: ReadonlySet<ReportTable['id']> = new Set([
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
      .flatMap(table => ['', ...textTable(table)]),
    '',
    ...wrapped(`seed ${run.seed}`),
    `digest ${run.digest}`,
  ]
  return `${blocks.join('\n')}\n`
}

/** The first column gives way to the others; columns that still find no room are left out from the right. */
function textTable({ title, columns, rows }: ReportTable): readonly string[] {
  const cells = [columns.map(c => c.title), ...rows.slice(0, SHOWN_ROWS)].map(row => row.map(visible))
  const widths = columns.map((_, i) => Math.max(...cells.map(row => widthOf(row[i]))))
  const smallest = Math.min(widths[0], 24)
  let shown = 1
  let used = smallest
  while (shown < columns.length && used + 2 + widths[shown] <= COLUMNS) used += 2 + widths[shown++]
  widths[0] = Math.min(widths[0], smallest + COLUMNS - used)
  const line = (row: readonly string[]): string =>
    row
      .slice(0, shown)
      .map((cell, i) => padded(cut(cell, widths[i]), widths[i], columns[i].numeric))
      .join('  ')
      .trimEnd()
  const more = rows.length > SHOWN_ROWS ? [`… and ${rows.length - SHOWN_ROWS} more`] : []
  return [title, ...cells.map(line), ...more]
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of visible(text).split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > COLUMNS) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
    for (; widthOf(line) > COLUMNS; line = line.slice(lines.at(-1)!.length)) lines.push(firstColumns(line, COLUMNS))
  }
  return [...lines, line]
}

const cut = (text: string, width: number): string =>
  widthOf(text) <= width ? text : `${firstColumns(text, width - 1)}…`

const padded = (text: string, width: number, right: boolean): string => {
  const space = ' '.repeat(width - widthOf(text))
  return right ? space + text : text + space
}

/** Characters from Hangul Jamo on are counted as two columns: never too few, as some of them are. */
const columnsOf = (character: string): number =>
  character.codePointAt(0)! >= 0x1100 && !/[‐-⁯∞×…]/.test(character) ? 2 : 1

function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += columnsOf(character)
  return width
}

function firstColumns(text: string, width: number): string {
  let taken = ''
  let used = 0
  for (const character of text) {
    used += columnsOf(character)
    if (used > width) break
    taken += character
  }
  return taken
}
