/** How rules, their cost and the evenness of the load grow along a sweep. */
import type { ColumnTable } from '../arrow/column-table.ts'
import type { SeriesColour } from './chart.ts'
import type { ChartFigure } from './chart-figure.ts'
import { numbersOf, tableNamed } from './column-values.ts'
import { ratioText } from './number-text.ts'
import type { RunJson } from './run-json.ts'
import { type SeriesChart, seriesChart } from './series-chart.ts'
import { sweptRules } from './swept-rules.ts'

interface SweepSeries {
  readonly name: string
  readonly column: string
  readonly colour: SeriesColour
  /** Taken off every value. */
  readonly base: number
  /** Of the axis's unit in one of the column's; 1 where it is not given. */
  readonly scale?: number
}

const COST: readonly SweepSeries[] = [
  { name: 'evaluated, p99', column: 'p99RulesEvaluated', colour: 'c2', base: 0 },
  { name: 'evaluated, median', column: 'p50RulesEvaluated', colour: 'c1', base: 0 },
]

const EVENNESS: readonly SweepSeries[] = [
  { name: 'max / mean − 1', column: 'maxOverMean', colour: 'c2', base: 1 },
  { name: 'coefficient of variation', column: 'coefficientOfVariation', colour: 'c1', base: 0 },
  { name: 'Gini', column: 'gini', colour: 'c3', base: 0 },
]

export function sweepCostChart(path: string, tables: readonly ColumnTable[]): ChartFigure {
  const { column, short, long } = sweptRules(tableNamed(tables, 'sweep'))
  return sweepChart(
    'Rules and their cost',
    path,
    tables,
    [{ name: `${short} of a node`, column, colour: 'c3', base: 0 }, ...COST],
    'rules',
    `The ${long} and the rules a new connection evaluates over both hops.`,
  )
}

const TIMES: readonly SweepSeries[] = [
  { name: 'iptables-nft', column: 'meanNs:iptables-nft', colour: 'c2', base: 0, scale: 1e-3 },
  { name: 'iptables-legacy', column: 'meanNs:iptables-legacy', colour: 'c1', base: 0, scale: 1e-3 },
  { name: 'nftables', column: 'meanNs:nftables', colour: 'c3', base: 0, scale: 1e-3 },
]

/** A run without prices has no times, one in nftables mode those of nftables. */
export const hasTimes = (tables: readonly ColumnTable[]): boolean => timesOf(tables).length > 0

function timesOf(tables: readonly ColumnTable[]): readonly SweepSeries[] {
  const names = new Set(tableNamed(tables, 'sweep').columns.map(c => c.name))
  return TIMES.filter(t => names.has(t.column))
}

/** `budget`: of the run, to be seen where it is passed. */
export const sweepTimeChart = (path: string, tables: readonly ColumnTable[], budget: RunJson['budget']): ChartFigure =>
  sweepChart(
    'Modelled time of a new connection',
    path,
    tables,
    timesOf(tables),
    'processor time, µs',
    'Modelled processor time of a new connection over both hops, mean.',
    budget === null ? [] : [{ at: budget.us, name: `budget, ${ratioText(budget.us)} µs` }],
  )

export const sweepEvennessChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepChart(
    'Evenness of the load',
    path,
    tables,
    EVENNESS,
    'ratio',
    'How uneven the load of the endpoints is; 0 is even. Over all endpoints.',
  )

function sweepChart(
  title: string,
  path: string,
  tables: readonly ColumnTable[],
  series: readonly SweepSeries[],
  unit: string,
  caption: string,
  levels: NonNullable<SeriesChart['levels']> = [],
): ChartFigure {
  const sweep = tableNamed(tables, 'sweep')
  const x = numbersOf(sweep, 'value')
  return seriesChart({
    title,
    caption,
    x: { label: path },
    y: { label: unit },
    levels,
    series: series.map(({ name, column, colour, base, scale = 1 }) => ({
      name,
      colour,
      x,
      y: Array.from(numbersOf(sweep, column), y => (y - base) * scale),
    })),
  })
}
