/** A sweep of runs over time as charts. */
import type { ColumnTable } from '../arrow/column-table.ts'
import type { SeriesColour } from './chart.ts'
import type { ChartFigure } from './chart-figure.ts'
import { numbersOf, tableNamed } from './column-values.ts'
import { seriesChart } from './series-chart.ts'

export const sweepFailuresChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepOf(
    path,
    tables,
    'Failed connections along the sweep',
    'Connections that failed, over the whole run.',
    'connections',
    [['failed', 'failed', 'c2']],
  )

export const sweepLatencyChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepOf(
    path,
    tables,
    'Programming latency along the sweep',
    "From a change's trigger time to the end of its sync, over all nodes.",
    'ms',
    [
      ['p99', 'latencyP99Ms', 'c2'],
      ['p90', 'latencyP90Ms', 'c3'],
      ['median', 'latencyP50Ms', 'c1'],
    ],
  )

export const sweepAffinityChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepOf(
    path,
    tables,
    'Clients that are forgotten, along the sweep',
    'Share of the connections whose client had been at the node within its affinity timeout and that found it forgotten.',
    'share',
    [['forgotten', 'affinityForgottenShare', 'c2']],
  )

export const sweepPodLoadChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepOf(
    path,
    tables,
    'The busiest pod, along the sweep',
    'Load of the busiest pod over the mean in the last window; 1 is even.',
    'max / mean',
    [['busiest pod', 'podMaxOverMean', 'c1']],
  )

export const sweepTablesChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepOf(
    path,
    tables,
    'The fullest connection table, along the sweep',
    'Entries of the fullest connection table of a node, at its fullest.',
    'entries',
    [['entries', 'conntrackPeakEntries', 'c1']],
  )

export const sweepTableDropsChart = (path: string, tables: readonly ColumnTable[]): ChartFigure =>
  sweepOf(
    path,
    tables,
    'Lost to full connection tables, along the sweep',
    'Share of the connections that lost a packet to a full connection table.',
    'share',
    [['lost', 'conntrackDroppedShare', 'c2']],
  )

function sweepOf(
  path: string,
  tables: readonly ColumnTable[],
  title: string,
  caption: string,
  unit: string,
  columns: readonly (readonly [name: string, column: string, colour: SeriesColour])[],
): ChartFigure {
  const sweep = tableNamed(tables, 'sweep')
  const x = numbersOf(sweep, 'value')
  return seriesChart({
    title,
    caption,
    x: { label: path, linear: true },
    y: { label: unit, linear: true },
    series: columns.map(([name, column, colour]) => ({ name, colour, x, y: numbersOf(sweep, column) })),
  })
}
