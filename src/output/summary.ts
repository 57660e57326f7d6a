/**
 * summary.md: the question, the answer in sentences, and the tables behind it, as Markdown that GitHub renders. A function of run.json
 * and what was found. Every text is escaped here, names being the user's.
 */
import { escapeMarkdown } from './escape.ts'
import type { Findings } from './findings.ts'
import type { ReportTable } from './report-tables/report-table.ts'
import type { RunJson } from './run-json.ts'
import { scopeText } from './scope-text.ts'

export function summaryMarkdown(run: RunJson, { answer, shown }: Findings): string {
  const blocks = [
    `# ${escapeMarkdown(run.scenario)}`,
    `**${escapeMarkdown(run.question)}**`,
    answer.map(escapeMarkdown).join(' '),
    ...run.warnings.map(warning => `> Warning: ${escapeMarkdown(warning)}`),
    // Every setting stands in run.json and in the report; here they would be most of the page.
    ...shown.filter(table => table.id !== 'inputs').map(markdownTable),
    `Seed ${escapeMarkdown(run.seed)}, digest ${escapeMarkdown(run.digest)}.`,
    '## What is simulated',
    ...scopeText(run).map(escapeMarkdown),
  ]
  return `${blocks.join('\n\n')}\n`
}

function markdownTable({ title, note, columns, rows }: ReportTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const lines = [
    line(columns.map(c => escapeMarkdown(c.title))),
    line(columns.map(c => (c.numeric ? '---:' : '---'))),
    ...rows.map(row => line(row.map(escapeMarkdown))),
  ]
  return [`## ${escapeMarkdown(title)}`, ...(note === '' ? [] : [escapeMarkdown(note)]), lines.join('\n')].join('\n\n')
}
