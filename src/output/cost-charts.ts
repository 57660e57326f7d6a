/**
 * What a new connection costs: rules evaluated, by hop and over both; and modelled processor time over both hops, by backend. Both are cost
 * histograms with a curve for each of some lanes; a table says what differs.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import type { ChartFigure } from './chart-figure.ts'
import { numbersOf, tableNamed, textsOf } from './column-values.ts'
import { type CostCurve, type DistributionChart, distributionChart } from './distribution-chart.ts'
import { countText, ratioText } from './number-text.ts'
import type { HopCost, RunJson } from './run-json.ts'

interface CostChart extends Pick<DistributionChart, 'title' | 'label' | 'text' | 'caption'> {
  /** The histogram, its column of upper bounds, and what one of their unit is on the axis. */
  readonly table: string
  readonly bound: string
  readonly unit: number
  lanes(run: RunJson): readonly Lane[]
}

/** One curve: the rows with these words, and the numbers of the whole. */
interface Lane {
  readonly name: string
  readonly colour: CostCurve['colour']
  readonly rows: Readonly<Record<string, string>>
  readonly cost: HopCost
}

const BACKEND_COLOURS: Readonly<Record<string, CostCurve['colour']>> = {
  'iptables-legacy': 'c1',
  'iptables-nft': 'c2',
  nftables: 'c3',
}

const RULES_EVALUATED: CostChart = {
  title: 'Rules evaluated by a new connection',
  label: 'rules evaluated',
  text: countText,
  caption: '',
  table: 'cost-histogram',
  bound: 'rulesTo',
  unit: 1,
  lanes: ({ rulesEvaluated: { firstHop, secondHop, total } }) => [
    { name: 'first hop', colour: 'c1', rows: { hop: 'first' }, cost: firstHop },
    { name: 'second hop', colour: 'c2', rows: { hop: 'second' }, cost: secondHop },
    { name: 'both', colour: 'c3', rows: { hop: 'total' }, cost: total },
  ],
}

const MODELLED: CostChart = {
  title: 'Modelled time of a new connection',
  label: 'processor time, µs',
  text: ratioText,
  caption: 'Over both hops.',
  table: 'modelled-cost',
  bound: 'nsTo',
  unit: 1e-3,
  lanes: ({ modelledNs }) =>
    modelledNs.map(({ backend, total }) => ({
      name: backend,
      colour: BACKEND_COLOURS[backend] ?? 'c4',
      rows: { backend, hop: 'total' },
      cost: total,
    })),
}

export const rulesEvaluatedChart = (run: RunJson, tables: readonly ColumnTable[]): ChartFigure =>
  costChart(RULES_EVALUATED, run, tables)

/** Only where the run has prices. */
export const modelledCostChart = (run: RunJson, tables: readonly ColumnTable[]): ChartFigure =>
  costChart(MODELLED, run, tables)

function costChart(
  { table, bound, unit, lanes, ...chart }: CostChart,
  run: RunJson,
  tables: readonly ColumnTable[],
): ChartFigure {
  const histogram = tableNamed(tables, table)
  const [to, connections] = [bound, 'connections'].map(name => numbersOf(histogram, name))
  return distributionChart({
    ...chart,
    curves: lanes(run).map(({ name, colour, rows, cost: { p50, p99, max } }) => {
      const words = Object.entries(rows).map(([column, word]) => ({ words: textsOf(histogram, column), word }))
      const own = [...Array(histogram.rowCount).keys()].filter(i => words.every(w => w.words[i] === w.word))
      return {
        name,
        colour,
        to: own.map(i => to[i] * unit),
        connections: own.map(i => connections[i]),
        p50: p50 * unit,
        p99: p99 * unit,
        max: max * unit,
      }
    }),
  })
}
