/** Published figures along a sweep as dots, what the simulation says of them as lines, one a statistic. */
import * as Plot from '@observablehq/plot'
import type { ColumnTable } from '../arrow/column-table.ts'
import { COLOUR, chart, labelText, WIDTH } from './chart.ts'
import type { ChartFigure } from './chart-figure.ts'
import { numbersOf, tableNamed, textsOf } from './column-values.ts'
import { countText, percentText, ratioText } from './number-text.ts'
import type { PublishedHead } from './run-json.ts'

export function publishedChart(path: string, head: PublishedHead, tables: readonly ColumnTable[]): ChartFigure {
  const table = tableNamed(tables, 'published')
  const statistic = textsOf(table, 'statistic')
  const [at, published, modelled, error] = ['at', 'published', 'modelled', 'error'].map(c => numbersOf(table, c))
  const points = statistic.map((name, i) => ({
    name,
    x: at[i],
    published: published[i],
    modelled: modelled[i],
    error: error[i],
  }))
  const told = points.map(
    p => `${p.name} at ${countText(p.x)}: published ${ratioText(p.published)}, modelled ${ratioText(p.modelled)}`,
  )
  const svg = chart(`${head.what}, ${head.unit}. ${told.join('; ')}.`, WIDTH.half, narrow => ({
    height: narrow ? 280 : 320,
    marginLeft: 56,
    marginBottom: 40,
    marginRight: 40,
    x: { label: labelText(path, 45), nice: true, tickFormat: countText, ticks: narrow ? 3 : 6 },
    y: { label: head.unit, grid: true, zero: true, nice: true, tickFormat: ratioText, ticks: 5 },
    marks: [
      Plot.lineY(points, { x: 'x', y: 'modelled', z: 'name', stroke: COLOUR.c1, strokeWidth: 2 }),
      Plot.text(
        points,
        Plot.selectMaxX({
          x: 'x',
          y: 'modelled',
          z: 'name',
          text: 'name',
          textAnchor: 'start',
          dx: 6,
          fill: 'currentColor',
        }),
      ),
      Plot.dot(points, {
        x: 'x',
        y: 'published',
        r: 4,
        fill: COLOUR.c2,
        title: p => `${p.name} at ${countText(p.x)}: modelled is ${percentText(p.error)} off`,
      }),
    ],
  }))
  return {
    title: 'Against published figures',
    key: [
      ['c2', 'published'],
      ['c1', 'modelled'],
    ],
    svg,
    table: {
      columns: [path, 'statistic', `published, ${head.unit}`, 'modelled', 'error'].map(title => ({
        title,
        numeric: title !== 'statistic',
      })),
      rows: points.map(p => [
        countText(p.x),
        p.name,
        ratioText(p.published),
        ratioText(p.modelled),
        percentText(p.error),
      ]),
    },
    caption: `${head.what}: dots are the figures of ${head.source}, lines the simulation with two constants fitted.`,
  }
}
