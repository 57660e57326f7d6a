/** What a run of variants prints: what each found first, how each compares with the first, then all in one table, in 80 columns. */
import type { Findings } from '../findings.ts'
import { countText, percentText, ratioText } from '../number-text.ts'
import type { RunJson } from '../run-json.ts'
import type { LaidOutTable } from '../text-layout.ts'
import { textTable, wrapped } from '../text-layout.ts'
import { comparisonAnswer } from './comparison-text.ts'
import type { RunComparison } from './run-comparison.ts'

export interface ComparedVariant {
  readonly name: string
  readonly run: RunJson
  readonly found: Findings
}

export function variantsText(variants: readonly ComparedVariant[], comparisons: readonly RunComparison[]): string {
  const [{ run }] = variants
  const failed = variants.flatMap(v =>
    v.run.thresholds.filter(t => !t.passed).map(t => [v.name, t.text, ratioText(t.actual)]),
  )
  const lines = [
    ...wrapped(`${run.scenario}: ${run.question}`),
    '',
    ...variants.flatMap(v => wrapped(`${v.name}: ${v.found.answer[0]}`)),
    ...comparisons.flatMap(c => [
      '',
      ...wrapped(`${c.after.name} against ${c.before.name}. ${comparisonAnswer(c).join(' ')}`),
    ]),
    '',
    ...textTable(variantsTable(variants), MOST_VARIANTS),
    ...(failed.length === 0 ? [] : ['', ...textTable(failedTable(failed), MOST_VARIANTS)]),
  ]
  return `${lines.join('\n')}\n`
}

const MOST_VARIANTS = 100

/** Columns of the table; one that no variant has a value for is left out. */
const FIGURES: readonly (readonly [title: string, metric: string, text: (value: number) => string])[] = [
  ['failed', 'time.failed', countText],
  ['full sync ms', 'syncMs.full.mean', ratioText],
  ['partial', 'syncMs.partial.mean', ratioText],
  ['nat rules', 'rules.nat.perNode', countText],
  ['nft rules', 'rules.nft.perNode', countText],
  ['rules mean', 'rulesEvaluated.total.mean', ratioText],
  ['p99', 'rulesEvaluated.total.p99', countText],
  ['legacy ns', 'modelledNs.iptables-legacy.total.mean', countText],
  ['nftables ns', 'modelledNs.nftables.total.mean', countText],
  ['max/mean', 'endpoints.maxOverMean', ratioText],
  ['forgotten', 'affinity.forgottenShare', percentText],
]

function variantsTable(variants: readonly ComparedVariant[]): LaidOutTable {
  const figures = FIGURES.filter(([, metric]) => variants.some(v => !Number.isNaN(v.run.metrics[metric] ?? Number.NaN)))
  return {
    title: 'Variants',
    columns: [{ title: '', numeric: false }, ...figures.map(([title]) => ({ title, numeric: true }))],
    rows: variants.map(v => [v.name, ...figures.map(([, metric, text]) => text(v.run.metrics[metric] ?? NaN))]),
  }
}

const failedTable = (rows: readonly (readonly string[])[]): LaidOutTable => ({
  title: 'Failed thresholds',
  columns: [
    { title: 'variant', numeric: false },
    { title: 'threshold', numeric: false },
    { title: 'it is', numeric: true },
  ],
  rows,
})
