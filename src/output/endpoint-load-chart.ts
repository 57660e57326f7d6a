/**
 * Load per endpoint, ranked, against what the rules' own probabilities expect: an area for the 99 % band of chance, a line for the
 * expected load, dots (or, past a few hundred endpoints, quantile bands) for what endpoints got.
 */
import * as Plot from '@observablehq/plot'
import type { ColumnTable } from '../arrow/column-table.ts'
import { COLOUR, chart, WIDTH } from './chart.ts'
import { type ChartFigure, shownRows } from './chart-figure.ts'
import { tableNamed } from './column-values.ts'
import { ENOUGH_EXPECTED } from './evenness.ts'
import { endpointPlaces } from './expected-loads.ts'
import { type LoadBin, loadBins } from './load-bands.ts'
import { loadScale } from './load-scale.ts'
import { counted, countText, percentText, ratioText } from './number-text.ts'

const BINS = 240

export function endpointLoadChart(tables: readonly ColumnTable[]): ChartFigure {
  const places = endpointPlaces(tableNamed(tables, 'endpoints'))
  const bins = loadBins(places, BINS)
  const single = places.length <= BINS
  const judged = places.filter(p => p.bandHigh > p.bandLow && p.expected >= ENOUGH_EXPECTED)
  const outside = judged.filter(p => p.load < p.bandLow || p.load > p.bandHigh).length
  const loads = places.map(p => p.load)
  const most = loads.reduce((a, b) => Math.max(a, b), 0)
  const caption = `${single ? 'Each dot is an endpoint' : 'Endpoints in groups of equal size: dark is the middle 80 %, light the whole range, the line the median'}, ranked by expected load. The grey band holds 99 % of what chance gives at the expected shares; ${countText(outside)} of ${counted(judged.length, 'endpoint')} with at least ${ENOUGH_EXPECTED} expected (${percentText(outside / judged.length)}) lie outside.`
  const label = `Connections of ${counted(places.length, 'endpoint')}, ranked by expected load: the most is ${countText(most)}, ${countText(loads.filter(l => l === 0).length)} got nothing, ${percentText(outside / judged.length)} lie outside the 99 % band of chance.`
  const svg = chart(label, WIDTH.beside, narrow => ({
    height: narrow ? 260 : 340,
    marginLeft: 56,
    marginBottom: 40,
    x: {
      label: 'endpoints, by expected load',
      tickFormat: countText,
      ticks: narrow ? 3 : 6,
      domain: [0.5, places.length + 0.5],
    },
    y: { label: 'connections', grid: true, ...loadScale(bins.flatMap(b => [b.median, b.most])) },
    marks: [
      Plot.areaY(steps(bins), { x: 'rank', y1: 'bandLow', y2: 'bandHigh', fill: COLOUR.band }),
      ...(single ? dots(bins) : quantiles(bins)),
      Plot.lineY(steps(bins), { x: 'rank', y: 'expected', stroke: COLOUR.c2, strokeWidth: 1.5 }),
    ],
  }))
  return {
    title: 'Load per endpoint',
    key: [
      ['c1', 'got'],
      ['c2', 'expected'],
      ['band', '99 % band of chance'],
    ],
    svg,
    caption,
    table: {
      columns: COLUMNS.map(title => ({ title, numeric: true })),
      rows: shownRows(bins.length).map(i => {
        const b = bins[i]
        const rank = b.from === b.to ? countText(b.from) : `${countText(b.from)}–${countText(b.to)}`
        return [
          rank,
          ...[b.expected, b.bandLow, b.bandHigh].map(ratioText),
          ...[b.least, b.median, b.most].map(countText),
        ]
      }),
    },
  }
}

const COLUMNS = [
  'rank',
  'connections expected',
  '99 % band from',
  'to',
  'connections, least',
  'median',
  'most',
] as const

const dots = (bins: readonly LoadBin[]): Plot.Markish[] => [
  Plot.dot(bins, {
    x: 'from',
    y: 'most',
    r: bins.length > 80 ? 2 : 3,
    fill: COLOUR.c1,
    title: b => `endpoint ${b.from}: ${countText(b.most)} connections, ${ratioText(b.expected)} expected`,
  }),
]

const quantiles = (bins: readonly LoadBin[]): Plot.Markish[] => [
  Plot.areaY(steps(bins), { x: 'rank', y1: 'least', y2: 'most', fill: COLOUR.c1, fillOpacity: 0.25 }),
  Plot.areaY(steps(bins), { x: 'rank', y1: 'p10', y2: 'p90', fill: COLOUR.c1, fillOpacity: 0.55 }),
  Plot.lineY(steps(bins), { x: 'rank', y: 'median', stroke: COLOUR.c1, strokeWidth: 1 }),
]

/** Both ends of every bin, so that lines and areas are steps and one single bin is still wide. */
export const steps = (bins: readonly LoadBin[]): (LoadBin & { rank: number })[] =>
  bins.flatMap(b => [
    { ...b, rank: b.from - 0.5 },
    { ...b, rank: b.to + 0.5 },
  ])
