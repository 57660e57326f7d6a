/** A comparison as Markdown for a pull request: the answer first, then what differs with its weight. Every text is escaped here. */
import type { ThresholdResult } from '../../scenario/threshold.ts'
import { escapeMarkdown, shortened } from '../escape.ts'
import { ratioText } from '../number-text.ts'
import { comparisonAnswer, comparisonTables, type TextTable } from './comparison-text.ts'
import type { RunComparison } from './run-comparison.ts'

export function comparisonMarkdown(comparison: RunComparison, thresholds: readonly ThresholdResult[]): string {
  const { scenario, question, before, after } = comparison
  const failed = thresholds.filter(t => !t.passed)
  const blocks = [
    `# ${escapeMarkdown(`${scenario}: ${after.name} against ${before.name}`)}`,
    ...(failed.length === 0 ? [] : [`**${failed.length} of ${thresholds.length} thresholds failed.**`]),
    comparisonAnswer(comparison).map(escapeMarkdown).join(' '),
    `Question: ${escapeMarkdown(question)}`,
    ...(thresholds.length === 0 ? [] : [markdownTable(thresholdTable(thresholds))]),
    ...comparisonTables(comparison).map(markdownTable),
  ]
  return `${blocks.join('\n\n')}\n`
}

const thresholdTable = (thresholds: readonly ThresholdResult[]): TextTable => ({
  title: 'Thresholds',
  note: '',
  columns: [
    { title: 'threshold', numeric: false },
    { title: 'it is', numeric: true },
    { title: '', numeric: false },
  ],
  rows: thresholds.map(t => [t.text, ratioText(t.actual), t.passed ? 'passed' : 'FAILED']),
})

function markdownTable({ title, note, columns, rows }: TextTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const cell = (text: string): string => escapeMarkdown(shortened(text, LONGEST_CELL))
  return [
    `## ${escapeMarkdown(title)}`,
    ...(note === '' ? [] : [escapeMarkdown(note)]),
    [
      line(columns.map(c => escapeMarkdown(c.title))),
      line(columns.map(c => (c.numeric ? '---:' : '---'))),
      ...rows.map(row => line(row.map(cell))),
    ].join('\n'),
  ].join('\n\n')
}

const LONGEST_CELL = 200
