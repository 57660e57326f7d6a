/**
 * What new connections cost as cumulative distributions: the share of connections that cost at most so much (so that a cost which is
 * always the same is a cliff and not a spike that flattens the others), with median and 99th percentile.
 */
import * as Plot from '@observablehq/plot'
import { COLOUR, chart, type SeriesColour, WIDTH } from './chart.ts'
import type { ChartFigure } from './chart-figure.ts'
import { percentText } from './number-text.ts'

export interface DistributionChart {
  readonly title: string
  readonly caption: string
  /** Of the x axis, with its unit; the axis is logarithmic where that shows more. */
  readonly label: string
  readonly text: (value: number) => string
  readonly curves: readonly CostCurve[]
}

export interface CostCurve {
  readonly name: string
  readonly colour: SeriesColour
  /** Buckets in rising order: the most a connection of the bucket costs, and how many there are. */
  readonly to: readonly number[]
  readonly connections: readonly number[]
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export function distributionChart({ title, caption, label, text, curves }: DistributionChart): ChartFigure {
  const shown = curves.filter(c => c.connections.some(n => n > 0))
  const most = shown.reduce((m, c) => Math.max(m, c.max), 1)
  const least = shown.reduce((m, c) => Math.min(m, c.to[0]), most)
  const log = least > 0 && most > LOG_FROM * least
  const along = (cost: number): number => (log ? Math.log(cost / least) / Math.log(most / least) : cost / most)
  const points = shown.flatMap(c => percentiles(c, text))
  const told = shown.map(c => `${c.name}: median ${text(c.p50)}, p99 ${text(c.p99)}, at most ${text(c.max)}`).join('; ')
  const svg = chart(`${title}, ${label}. ${told}.`, WIDTH.beside, narrow => ({
    height: narrow ? 260 : 320,
    marginLeft: 56,
    marginBottom: 40,
    marginRight: 24,
    x: {
      label,
      ...(log ? { type: 'log' as const, domain: [least, most] } : { domain: [0, most] }),
      nice: true,
      tickFormat: text,
      ticks: narrow ? 4 : 8,
    },
    y: { label: 'new connections that cost at most so much, %', domain: [0, 100], grid: true, ticks: 5 },
    marks: [
      Plot.ruleY([0]),
      ...shown.map(c =>
        Plot.lineY(steps(c, log ? least : 0, most), {
          x: 'cost',
          y: 'share',
          curve: 'step-after',
          stroke: COLOUR[c.colour],
          strokeWidth: 2,
        }),
      ),
      Plot.dot(points, { x: 'cost', y: 'share', r: 4, fill: 'colour', title: 'title' }),
      ...numbers(points, along, narrow ? 0.16 : 0.09),
    ],
  }))
  return {
    title,
    key: shown.map(c => [c.colour, c.name]),
    svg,
    caption: `${caption} Dots mark the median and the 99th percentile. Steep: all connections cost alike; flat: the place in a chain decides.`,
    table: tableOf(label, text, shown),
  }
}

const LOG_FROM = 20

interface Percentile {
  readonly cost: number
  /** Percent of connections that cost at most `cost`. */
  readonly share: number
  readonly label: string
  readonly colour: string
  readonly title: string
}

const percentiles = (c: CostCurve, text: (value: number) => string): readonly Percentile[] =>
  [
    { name: 'median', cost: c.p50, share: 50 },
    { name: 'p99', cost: c.p99, share: 99 },
  ].map(({ name, cost, share }) => ({
    cost,
    share,
    label: text(cost),
    colour: COLOUR[c.colour],
    title: `${c.name}, ${name}: ${text(cost)}`,
  }))

/**
 * The value beside its dot, in its curve's colour, on the side that has room, with a halo against the lines. Neighbours that are nearer than
 * `apart` of the axis stand one below the other.
 */
function numbers(
  points: readonly Percentile[],
  along: (cost: number) => number,
  apart: number,
): readonly Plot.Markish[] {
  const placed: { readonly point: Percentile; readonly side: 'start' | 'end'; readonly row: number }[] = []
  for (const point of points.toSorted((a, b) => a.cost - b.cost)) {
    const side = along(point.cost) <= 0.5 ? 'start' : 'end'
    const near = placed.filter(
      p => p.side === side && p.point.share === point.share && along(point.cost) - along(p.point.cost) < apart,
    )
    const row = near.length === 0 ? 0 : Math.max(...near.map(p => p.row)) + 1
    placed.push({ point, side, row })
  }
  return placed.map(({ point, side, row }) =>
    Plot.text([point], {
      x: 'cost',
      y: 'share',
      text: 'label',
      textAnchor: side,
      dx: side === 'start' ? 8 : -8,
      dy: 11 + 13 * row,
      fill: 'colour',
      stroke: 'var(--card)',
      strokeWidth: 4,
    }),
  )
}

interface Step {
  readonly cost: number
  readonly share: number
}

/** More steps than this cannot be told apart. */
const STEPS = 300

/** The cumulative curve, thinned to steps that can be seen. */
function steps({ to, connections }: CostCurve, from: number, most: number): readonly Step[] {
  const below = runningSums(connections)
  const points: Step[] = [{ cost: Math.max(from, Math.min(to[0], most)), share: 0 }]
  let last: Step = { cost: 0, share: 0 }
  for (let i = 0; i < to.length; i++) {
    const point = { cost: Math.min(to[i], most), share: (100 * below[i]) / below[below.length - 1] }
    const seen = point.cost - last.cost >= most / STEPS || point.share - last.share >= 100 / STEPS
    if (i > 0 && i < to.length - 1 && !seen) continue
    points.push(point)
    last = point
  }
  return last.cost < most ? [...points, { cost: most, share: 100 }] : points
}

/** Of every curve what its share of connections costs at most. */
function tableOf(label: string, text: (value: number) => string, curves: readonly CostCurve[]): ChartFigure['table'] {
  const columns = [{ title: `connections that cost at most so much (${label})`, numeric: true }]
  const costs = curves.map(({ to, connections }) => {
    const below = runningSums(connections)
    return SHARES.map(share => text(to[below.findIndex(n => n >= share * below[below.length - 1])]))
  })
  return {
    columns: [...columns, ...curves.map(c => ({ title: c.name, numeric: true }))],
    rows: SHARES.map((share, i) => [percentText(share), ...costs.map(of => of[i])]),
  }
}

const SHARES = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1]

function runningSums(values: readonly number[]): readonly number[] {
  let sum = 0
  return values.map(value => {
    sum += value
    return sum
  })
}
