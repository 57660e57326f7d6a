/**
 * Lines, steps, dots or stacked areas over a common axis: a sweep (`x` is what is varied) or a timeline (`x` is simulated seconds; spans
 * and instants say what happened when). Draws, labels, tells and lists the same numbers: who has columns writes one SeriesChart and has a
 * figure with key, tooltips, text alternative and table.
 *
 * NaN is a gap. An axis is logarithmic when its values are above 0 and span more than a factor of 20, unless it says `linear`.
 */
import * as Plot from '@observablehq/plot'
import { COLOUR, chart, labelText, type SeriesColour, WIDTH } from './chart.ts'
import { type ChartFigure, shownRows } from './chart-figure.ts'
import { ratioText } from './number-text.ts'

export interface SeriesChart {
  readonly title: string
  /** How to read it; plain text. */
  readonly caption: string
  readonly x: SeriesAxis
  readonly y: SeriesAxis
  readonly series: readonly Series[]
  /** Stretches of x, shaded behind everything: an outage, a rollout. */
  readonly spans?: readonly { readonly from: number; readonly to: number; readonly name: string }[]
  /** Points of x, as upright lines with their names: an action, a limit. */
  readonly instants?: readonly { readonly at: number; readonly name: string }[]
  /** Values of y, as level lines with their names: a budget. */
  readonly levels?: readonly { readonly at: number; readonly name: string }[]
  readonly width?: number
}

export interface SeriesAxis {
  /** With its unit, as `time, s`. */
  readonly label: string
  readonly linear?: boolean
  /** How a value is written; ratioText when absent. */
  readonly text?: (value: number) => string
}

export interface Series {
  readonly name: string
  readonly colour: SeriesColour
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** `line` when absent. `stack`: all stacked series must have the same x. */
  readonly shape?: 'line' | 'steps' | 'dots' | 'stack'
}

interface Point {
  readonly x: number
  readonly y: number
  /** Where it is drawn: `y` itself, or on top of the series stacked before. */
  readonly top: number
  readonly series: Series
  readonly title: string
}

export function seriesChart(spec: SeriesChart): ChartFigure {
  const textOf = { x: spec.x.text ?? ratioText, y: spec.y.text ?? ratioText }
  const points = pointsOf(spec, textOf)
  return {
    title: spec.title,
    key: spec.series.map(s => [s.colour, s.name]),
    svg: chart(textAlternative(spec, points, textOf), spec.width ?? WIDTH.half, narrow => ({
      height: narrow ? 280 : 320,
      marginLeft: 56,
      marginBottom: 40,
      marginRight: 24,
      x: {
        label: labelText(spec.x.label, 45),
        ...scaleOf(spec.x, xs(spec)),
        tickFormat: textOf.x,
        ticks: narrow ? 3 : 6,
      },
      y: { label: spec.y.label, grid: true, ...scaleOf(spec.y, ys(spec, points)), tickFormat: textOf.y, ticks: 5 },
      marks: [...backdrop(spec), ...lines(points), ...tips(points), ...labels(spec)],
    })),
    caption: spec.caption,
    table: tableOf(spec, textOf),
  }
}

function pointsOf({ series: all }: SeriesChart, textOf: TextOf): readonly Point[] {
  const stack = all.filter(s => s.shape === 'stack')
  return all.flatMap(series => {
    const below = stack.slice(0, Math.max(0, stack.indexOf(series)))
    return Array.from(series.x, (x, i): Point => {
      const y = series.y[i]
      const top = below.reduce((sum, s) => sum + s.y[i], y)
      return { x, y, top, series, title: `${series.name} at ${textOf.x(x)}: ${textOf.y(y)}` }
    }).filter(p => Number.isFinite(p.x))
  })
}

type TextOf = Readonly<Record<'x' | 'y', (value: number) => string>>

const xs = ({ series, spans = [], instants = [] }: SeriesChart): readonly number[] => [
  ...series.flatMap(s => Array.from(s.x)),
  ...spans.flatMap(s => [s.from, s.to]),
  ...instants.map(i => i.at),
]

/** A stack stands on 0. */
const ys = ({ series, levels = [] }: SeriesChart, points: readonly Point[]): readonly number[] => [
  ...(series.some(s => s.shape === 'stack') ? [0] : []),
  ...points.map(p => p.top),
  ...levels.map(l => l.at),
]

function scaleOf({ linear = false }: SeriesAxis, all: readonly number[]): Plot.ScaleOptions {
  const values = all.filter(Number.isFinite)
  const least = values.reduce((a, b) => Math.min(a, b), Infinity)
  const most = values.reduce((a, b) => Math.max(a, b), 0)
  if (!linear && least > 0 && most > 20 * least) return { type: 'log' }
  // Nothing but zeros lies on the ground, not in the middle.
  return values.every(v => v === 0) ? { domain: [0, 1] } : { zero: true, nice: true }
}

const backdrop = ({ spans = [], instants = [], levels = [] }: SeriesChart): readonly Plot.Markish[] => [
  ...(spans.length === 0 ? [] : [Plot.rectX(spans, { x1: 'from', x2: 'to', fill: COLOUR.band, title: s => s.name })]),
  ...(instants.length === 0 ? [] : [Plot.ruleX(instants, { x: 'at', stroke: COLOUR.quiet, title: i => i.name })]),
  ...(levels.length === 0
    ? []
    : [Plot.ruleY(levels, { y: 'at', stroke: COLOUR.quiet, strokeDasharray: '5 4', title: l => l.name })]),
]

const lines = (points: readonly Point[]): readonly Plot.Markish[] =>
  [...Map.groupBy(points, p => p.series)].flatMap(([{ shape, colour }, own]) => {
    if (shape === 'dots') return []
    if (shape === 'stack') return [Plot.areaY(own, { x: 'x', y1: p => p.top - p.y, y2: 'top', fill: COLOUR[colour] })]
    return [
      Plot.lineY(own, {
        x: 'x',
        y: 'y',
        stroke: COLOUR[colour],
        strokeWidth: 2,
        curve: shape === 'steps' ? 'step-after' : 'linear',
      }),
    ]
  })

/** Where a reader may point: dots that can be seen while they are few, else not drawn. */
const tips = (points: readonly Point[]): readonly Plot.Markish[] =>
  [...Map.groupBy(points, p => p.series)].map(([{ shape, colour }, all]) => {
    const own = (shape === 'dots' ? all : shownRows(all.length).map(i => all[i])).filter(p => Number.isFinite(p.top))
    const seen = shape === 'dots' || (shape !== 'stack' && all.length <= SEEN)
    return Plot.dot(own, {
      x: 'x',
      y: 'top',
      title: 'title',
      r: seen ? 3 : 5,
      fill: seen ? COLOUR[colour] : 'transparent',
    })
  })

const SEEN = 30

const labels = ({ instants = [], levels = [] }: SeriesChart): readonly Plot.Markish[] => [
  ...(instants.length === 0
    ? []
    : [
        Plot.text(instants, {
          x: 'at',
          text: i => labelText(i.name, 20),
          frameAnchor: 'top',
          textAnchor: 'start',
          dx: 4,
          dy: 6,
          fill: 'currentColor',
          stroke: 'var(--card)',
          strokeWidth: 4,
        }),
      ]),
  ...(levels.length === 0
    ? []
    : [
        Plot.text(levels, {
          y: 'at',
          text: l => labelText(l.name, 30),
          frameAnchor: 'left',
          textAnchor: 'start',
          dx: 4,
          dy: -7,
          fill: 'currentColor',
          stroke: 'var(--card)',
          strokeWidth: 4,
        }),
      ]),
]

function textAlternative(spec: SeriesChart, points: readonly Point[], textOf: TextOf): string {
  const told = spec.series.flatMap(series => {
    const own = points.filter(p => p.series === series && Number.isFinite(p.y))
    if (own.length === 0) return []
    const [first, last] = [own[0], own[own.length - 1]]
    const most = own.reduce((a, b) => (b.y > a.y ? b : a))
    const path = own.length === 1 ? textOf.y(first.y) : `from ${textOf.y(first.y)} to ${textOf.y(last.y)}`
    const peak = most === first || most === last ? '' : `, at most ${textOf.y(most.y)} at ${textOf.x(most.x)}`
    return [`${series.name} ${path}${peak}`]
  })
  const all = points.map(p => p.x)
  const [from, to] = [all.reduce((a, b) => Math.min(a, b), Infinity), all.reduce((a, b) => Math.max(a, b), -Infinity)]
  const happened = [...(spec.instants ?? []).map(i => `${i.name} at ${textOf.x(i.at)}`)]
  const events = happened.length === 0 ? '' : ` Marked: ${happened.slice(0, 10).join('; ')}.`
  return `${spec.title}. As ${spec.x.label} goes from ${textOf.x(from)} to ${textOf.x(to)}: ${told.join('; ')}. Unit: ${spec.y.label}.${events}`
}

function tableOf(spec: SeriesChart, textOf: TextOf): ChartFigure['table'] {
  const at = [...new Set(spec.series.flatMap(s => Array.from(s.x)))].filter(Number.isFinite).sort((a, b) => a - b)
  const known = spec.series.map(s => new Map(Array.from(s.x, (x, i) => [x, s.y[i]])))
  return {
    columns: [spec.x.label, ...spec.series.map(s => s.name)].map(title => ({ title, numeric: true })),
    rows: shownRows(at.length).map(i => [
      textOf.x(at[i]),
      ...known.map(values => (values.has(at[i]) ? textOf.y(values.get(at[i])!) : '')),
    ]),
  }
}
