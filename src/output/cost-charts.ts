/** What a new connection costs: rules evaluated, by hop and over both; and modelled processor time over both hops, by backend. */
import type { ColumnTable } from '../arrow/column-table.ts'
import type { ChartFigure } from './chart-figure.ts'
import { numbersOf, tableNamed, textsOf } from './column-values.ts'
import { type CostCurve, distributionChart } from './distribution-chart.ts'
import { countText, ratioText } from './number-text.ts'
import type { HopCost, RunJson } from './run-json.ts'
import { HOPS } from './tables/cost-histogram-table.ts'

const HOP_NAMES = { first: 'first hop', second: 'second hop', total: 'both' } as const
const HOP_COLOURS = { first: 'c1', second: 'c2', total: 'c3' } as const

export function rulesEvaluatedChart(run: RunJson, tables: readonly ColumnTable[]): ChartFigure {
  const { firstHop: first, secondHop: second, total } = run.rulesEvaluated
  const costs = { first, second, total }
  const histogram = tableNamed(tables, 'cost-histogram')
  const hops = textsOf(histogram, 'hop')
  return distributionChart({
    title: 'Rules evaluated by a new connection',
    label: 'rules evaluated',
    text: countText,
    caption: '',
    curves: HOPS.map(hop => ({
      name: HOP_NAMES[hop],
      colour: HOP_COLOURS[hop],
      ...curveOf(histogram, 'rulesTo', 1, i => hops[i] === hop),
      ...markedOf(costs[hop], 1),
    })),
  })
}

const BACKEND_COLOURS: Readonly<Record<string, CostCurve['colour']>> = {
  'iptables-legacy': 'c1',
  'iptables-nft': 'c2',
  nftables: 'c3',
}

/** Only where the run has prices. */
export function modelledCostChart(run: RunJson, tables: readonly ColumnTable[]): ChartFigure {
  const histogram = tableNamed(tables, 'modelled-cost')
  const backends = textsOf(histogram, 'backend')
  const hops = textsOf(histogram, 'hop')
  return distributionChart({
    title: 'Modelled time of a new connection',
    label: 'processor time, µs',
    text: ratioText,
    caption: 'Over both hops.',
    curves: run.modelledNs.map(({ backend, total }) => ({
      name: backend,
      colour: BACKEND_COLOURS[backend] ?? 'c4',
      ...curveOf(histogram, 'nsTo', 1e-3, i => backends[i] === backend && hops[i] === 'total'),
      ...markedOf(total, 1e-3),
    })),
  })
}

function curveOf(histogram: ColumnTable, column: string, unit: number, wanted: (row: number) => boolean) {
  const rows = [...Array(histogram.rowCount).keys()].filter(wanted)
  const [to, connections] = [column, 'connections'].map(name => numbersOf(histogram, name))
  return { to: rows.map(i => to[i] * unit), connections: rows.map(i => connections[i]) }
}

const markedOf = ({ p50, p99, max }: HopCost, unit: number) => ({ p50: p50 * unit, p99: p99 * unit, max: max * unit })
