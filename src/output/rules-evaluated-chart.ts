/**
 * How many rules a new connection evaluates, by hop and over both: the share of connections that evaluate at most so many (a cumulative
 * distribution, so that a hop that always costs the same is a cliff and not a spike that flattens the others), with p50 and p99.
 */
import * as Plot from '@observablehq/plot'
import type { ColumnTable } from '../arrow/column-table.ts'
import { HOPS } from './arrow-tables.ts'
import { COLOUR, chart, WIDTH } from './chart.ts'
import { numbersOf, tableNamed, textsOf } from './column-values.ts'
import type { ChartFigure } from './endpoint-load-chart.ts'
import { countText } from './number-text.ts'
import type { HopCost, RunJson } from './run-json.ts'

const STEPS = 300
const NAMES = { first: 'first hop', second: 'second hop', total: 'both' } as const
const COLOURS = { first: COLOUR.first, second: COLOUR.second, total: COLOUR.third } as const

type Hop = (typeof HOPS)[number]

interface Point {
  readonly rules: number
  /** Percent of connections that evaluate at most `rules`. */
  readonly share: number
}

export function rulesEvaluatedChart(run: RunJson, tables: readonly ColumnTable[]): ChartFigure {
  const { firstHop: first, secondHop: second, total } = run.rulesEvaluated
  const costs = { first, second, total }
  const most = Math.max(1, ...Object.values(costs).map(c => (c.connections === 0 ? 0 : c.max)))
  const curves = HOPS.map(hop => ({ hop, steps: curve(tableNamed(tables, 'cost-histogram'), hop, most) })).filter(
    c => c.steps.length > 0,
  )
  const points = curves.flatMap(({ hop }) => percentiles(hop, costs[hop]))
  const label = curves
    .map(
      ({ hop }) =>
        `${NAMES[hop]}: median ${countText(costs[hop].p50)}, p99 ${countText(costs[hop].p99)}, at most ${countText(costs[hop].max)}`,
    )
    .join('; ')
  const svg = chart(`Rules evaluated by a new connection. ${label}.`, WIDTH.beside, narrow => ({
    height: narrow ? 260 : 320,
    marginLeft: 56,
    marginBottom: 40,
    marginRight: 24,
    x: { label: 'rules evaluated', domain: [0, most], nice: true, tickFormat: countText, ticks: narrow ? 4 : 8 },
    y: { label: 'new connections that evaluate at most so many, %', domain: [0, 100], grid: true, ticks: 5 },
    marks: [
      Plot.ruleY([0]),
      ...curves.map(({ hop, steps }) =>
        Plot.lineY(steps, { x: 'rules', y: 'share', curve: 'step-after', stroke: COLOURS[hop], strokeWidth: 2 }),
      ),
      Plot.dot(points, { x: 'rules', y: 'share', r: 4, fill: 'colour', title: 'title' }),
      numbers(
        points.filter(p => p.rules <= most / 2),
        'start',
      ),
      numbers(
        points.filter(p => p.rules > most / 2),
        'end',
      ),
    ],
  }))
  return {
    svg,
    caption: `Dots mark the median and the 99th percentile. Steep: all connections cost alike; flat: the place in a chain decides.`,
  }
}

interface Percentile extends Point {
  readonly colour: string
  readonly title: string
}

const percentiles = (hop: Hop, cost: HopCost): readonly Percentile[] =>
  [
    { name: 'median', rules: cost.p50, share: 50 },
    { name: 'p99', rules: cost.p99, share: 99 },
  ].map(p => ({ ...p, colour: COLOURS[hop], title: `${NAMES[hop]}, ${p.name}: ${countText(p.rules)} rules` }))

/** The value beside its dot, on the side that has room, with a halo against the lines. */
const numbers = (points: readonly Percentile[], textAnchor: 'start' | 'end'): Plot.Markish =>
  Plot.text(points, {
    x: 'rules',
    y: 'share',
    text: p => countText(p.rules),
    textAnchor,
    dx: textAnchor === 'start' ? 8 : -8,
    dy: 11,
    fill: 'currentColor',
    stroke: 'var(--card)',
    strokeWidth: 4,
  })

/** The cumulative curve of a hop, thinned to steps that can be seen. */
function curve(histogram: ColumnTable, hop: Hop, most: number): readonly Point[] {
  const hops = textsOf(histogram, 'hop')
  const to = numbersOf(histogram, 'rulesTo')
  const connections = numbersOf(histogram, 'connections')
  const rows = hops.flatMap((name, i) => (name === hop ? [i] : []))
  const all = rows.reduce((sum, i) => sum + connections[i], 0)
  if (all === 0) return []
  const points: Point[] = []
  let below = 0
  let last: Point = { rules: 0, share: 0 }
  for (const [k, i] of rows.entries()) {
    below += connections[i]
    const point = { rules: Math.min(to[i], most), share: (100 * below) / all }
    if (k === 0) points.push({ rules: point.rules, share: 0 })
    if (
      k === 0 ||
      k === rows.length - 1 ||
      point.rules - last.rules >= most / STEPS ||
      point.share - last.share >= 100 / STEPS
    ) {
      points.push(point)
      last = point
    }
  }
  return points[points.length - 1].rules < most ? [...points, { rules: most, share: 100 }] : points
}
