/** How rules, their cost and the evenness of the load grow along a sweep. */
import * as Plot from '@observablehq/plot'
import type { ColumnTable } from '../arrow/column-table.ts'
import { COLOUR, chart, labelText, WIDTH } from './chart.ts'
import { numbersOf, tableNamed } from './column-values.ts'
import type { ChartFigure } from './endpoint-load-chart.ts'
import { countText, ratioText } from './number-text.ts'

interface Series {
  readonly name: string
  readonly column: string
  readonly colour: string
  /** Taken off every value. */
  readonly base: number
}

const COST: readonly Series[] = [
  { name: 'nat rules of a node', column: 'natRules', colour: COLOUR.third, base: 0 },
  { name: 'evaluated, p99', column: 'p99RulesEvaluated', colour: COLOUR.second, base: 0 },
  { name: 'evaluated, median', column: 'p50RulesEvaluated', colour: COLOUR.first, base: 0 },
]

const EVENNESS: readonly Series[] = [
  { name: 'max / mean − 1', column: 'maxOverMean', colour: COLOUR.second, base: 1 },
  { name: 'coefficient of variation', column: 'coefficientOfVariation', colour: COLOUR.first, base: 0 },
  { name: 'Gini', column: 'gini', colour: COLOUR.third, base: 0 },
]

export const sweepCostChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepChart(
    path,
    tables,
    COST,
    'rules',
    "nat rules of a node as kube-proxy's metric counts them, and rules a new connection evaluates over both hops.",
  )

const TIMES: readonly Series[] = [
  { name: 'iptables-nft', column: 'meanNs:iptables-nft', colour: COLOUR.second, base: 0 },
  { name: 'iptables-legacy', column: 'meanNs:iptables-legacy', colour: COLOUR.first, base: 0 },
  { name: 'nftables', column: 'meanNs:nftables', colour: COLOUR.third, base: 0 },
]

/** A run without prices has no times. */
export const hasTimes = (tables: readonly ColumnTable[]): boolean =>
  tableNamed(tables, 'sweep').columns.some(c => c.name === TIMES[0].column)

export const sweepTimeChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepChart(
    path,
    tables,
    TIMES,
    'ns',
    'Modelled processor time of a new connection over both hops, mean, in each of the three backends.',
  )

export const sweepEvennessChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepChart(path, tables, EVENNESS, 'ratio', 'How uneven the load of the endpoints is; 0 is even. Over all endpoints.')

function sweepChart(
  path: string,
  tables: readonly ColumnTable[],
  series: readonly Series[],
  unit: string,
  caption: string,
): ChartFigure {
  const sweep = tableNamed(tables, 'sweep')
  const value = numbersOf(sweep, 'value')
  const points = series.flatMap(s => {
    const column = numbersOf(sweep, s.column)
    return Array.from({ length: sweep.rowCount }, (_, i) => ({ ...s, x: value[i], y: column[i] - s.base })).filter(p =>
      Number.isFinite(p.y),
    )
  })
  const ends = series.map(s => {
    const own = points.filter(p => p.column === s.column)
    return own.length === 0 ? '' : `${s.name} from ${ratioText(own[0].y)} to ${ratioText(own[own.length - 1].y)}`
  })
  const label = `As ${path} goes from ${ratioText(value[0])} to ${ratioText(value[sweep.rowCount - 1])}: ${ends.filter(e => e !== '').join(', ')}.`
  const svg = chart(label, WIDTH.half, narrow => ({
    height: narrow ? 280 : 320,
    marginLeft: 56,
    marginBottom: 40,
    marginRight: 24,
    x: { label: labelText(path, 45), ...spanScale(points.map(p => p.x)), tickFormat: ratioText, ticks: narrow ? 3 : 6 },
    y: { label: unit, grid: true, ...spanScale(points.map(p => p.y)), tickFormat: ratioText, ticks: 5 },
    marks: [
      ...series.map(s =>
        Plot.lineY(
          points.filter(p => p.column === s.column),
          { x: 'x', y: 'y', stroke: s.colour, strokeWidth: 2 },
        ),
      ),
      Plot.dot(points, {
        x: 'x',
        y: 'y',
        r: 3,
        fill: p => p.colour,
        title: p => `${p.name} at ${countText(p.x)}: ${ratioText(p.y)}`,
      }),
    ],
  }))
  return { svg, caption }
}

/** Logarithmic when all values are above 0 and span more than a factor of 20. */
function spanScale(values: readonly number[]): Plot.ScaleOptions {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity)
  const most = values.reduce((a, b) => Math.max(a, b), 0)
  return least > 0 && most > 20 * least ? { type: 'log' } : { zero: true, nice: true }
}
