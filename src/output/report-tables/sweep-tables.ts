/** A sweep: a row a step, and published figures beside what was modelled. */
import type { ColumnTable } from '../../arrow/column-table.ts'
import { numbersOf, tableNamed, textsOf } from '../column-values.ts'
import { countText, percentText, ratioText } from '../number-text.ts'
import type { PublishedHead } from '../run-json.ts'
import { sweptRules } from '../swept-rules.ts'
import { figures, type ReportTable, words } from './report-table.ts'

export function stepsTable(path: string, tables: readonly ColumnTable[]): ReportTable {
  const sweep = tableNamed(tables, 'sweep')
  const isTimed = sweep.columns.some(c => c.name === 'failed')
  const { column, short } = sweptRules(sweep)
  const shown = isTimed
    ? TIMED_SWEEP_COLUMNS
    : [['value', 'value'] as const, [column, short] as const, ...SWEEP_COLUMNS, ...nsColumns(sweep)]
  const columns = shown.map(([name]) => numbersOf(sweep, name))
  return {
    id: 'steps',
    title: 'Steps',
    note: `The whole run for each value of ${path}.`,
    columns: shown.map(([, title]) => figures(title)),
    rows: [...Array(sweep.rowCount).keys()].map(i =>
      columns.map(c => (Number.isInteger(c[i]) ? countText(c[i]) : ratioText(c[i]))),
    ),
  }
}

export function publishedTable(head: PublishedHead, tables: readonly ColumnTable[]): ReportTable {
  const published = tableNamed(tables, 'published')
  const statistic = textsOf(published, 'statistic')
  const [at, figure, modelled, error] = ['at', 'published', 'modelled', 'error'].map(c => numbersOf(published, c))
  return {
    id: 'published',
    title: `Published: ${head.what}`,
    note: `Figures of ${head.source}. Modelled: ${ratioText(head.baseUs)} µs and ${ratioText(head.perRuleNs)} ns a rule, fitted to these points.`,
    columns: [figures('at'), words('statistic'), ...[`published, ${head.unit}`, 'modelled', 'error'].map(figures)],
    rows: statistic.map((name, i) => [
      countText(at[i]),
      name,
      ratioText(figure[i]),
      ratioText(modelled[i]),
      percentText(error[i]),
    ]),
  }
}

const TIMED_SWEEP_COLUMNS: readonly (readonly [name: string, title: string])[] = [
  ['value', 'value'],
  ['connections', 'connections'],
  ['failed', 'failed'],
  ['packetsLost', 'packets lost'],
  ['latencyP50Ms', 'latency p50, ms'],
  ['latencyP90Ms', 'p90'],
  ['latencyP99Ms', 'p99'],
  ['syncs', 'syncs'],
  ['partialSyncMs', 'partial sync, ms'],
  ['fullSyncMs', 'full sync, ms'],
  ['busyShare', 'busy share'],
]

/** Mean times of the backends, where the sweep has them. */
const nsColumns = (sweep: ColumnTable): readonly (readonly [name: string, title: string])[] =>
  sweep.columns.flatMap(({ name }) =>
    name.startsWith('meanNs:') ? [[name, `${name.slice(7)}, mean ns`] as const] : [],
  )

/** Behind the value and the rules of a node. */
const SWEEP_COLUMNS: readonly (readonly [name: string, title: string])[] = [
  ['meanRulesEvaluated', 'rules evaluated, mean'],
  ['p50RulesEvaluated', 'p50'],
  ['p99RulesEvaluated', 'p99'],
  ['maxRulesEvaluated', 'max'],
  ['laterRulesEvaluated', 'later packets, mean'],
  ['maxOverMean', 'max / mean'],
  ['coefficientOfVariation', 'CV'],
  ['gini', 'Gini'],
  ['jain', 'Jain'],
  ['idleEndpoints', 'idle'],
]
