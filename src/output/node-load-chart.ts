/** Load per node: connections that ended at its endpoints, against what the rules' own probabilities expect. */
import * as Plot from '@observablehq/plot'
import type { ColumnTable } from '../arrow/column-table.ts'
import { COLOUR, chart, labelText, WIDTH } from './chart.ts'
import { type ChartFigure, shownRows } from './chart-figure.ts'
import { numbersOf, tableNamed, textsOf, totalOf } from './column-values.ts'
import { steps } from './endpoint-load-chart.ts'
import { nodePlaces } from './expected-loads.ts'
import { loadBins, rankedPlaces } from './load-bands.ts'
import { loadScale } from './load-scale.ts'
import { counted, countText, ratioText } from './number-text.ts'

const BINS = 120

export function nodeLoadChart(tables: readonly ColumnTable[]): ChartFigure {
  const nodes = tableNamed(tables, 'nodes')
  const names = textsOf(nodes, 'node')
  const zones = textsOf(nodes, 'zone')
  const loads = numbersOf(nodes, 'endpointConnections')
  const mean = totalOf(loads) / nodes.rowCount
  const places = nodePlaces(tableNamed(tables, 'endpoints'), names)
  const ranked = rankedPlaces(places)
  const single = nodes.rowCount <= BINS
  const bins = loadBins(places, BINS)
  const busiest = places.reduce((most, p) => Math.max(most, p.load), places.length === 0 ? NaN : 0)
  const outside = places.filter(p => p.load < p.bandLow || p.load > p.bandHigh).length
  const idle = places.filter(p => p.load === 0).length
  const nodeText = (bin: number): string => {
    const node = ranked[bins[bin].from - 1]
    return `${labelText(names[node])}${zones[node] === '' ? '' : ` (${labelText(zones[node])})`}`
  }
  const bars = bins.map((b, i) => ({
    ...b,
    title: single
      ? `${nodeText(i)}: ${countText(b.most)} connections, ${ratioText(b.expected)} expected`
      : `nodes ${countText(b.from)} to ${countText(b.to)}: ${countText(b.least)} to ${countText(b.most)} connections, ${ratioText(b.expected)} expected`,
  }))
  const label = `Connections that ended on ${counted(nodes.rowCount, 'node')}, ranked by expected load: the busiest has ${countText(busiest)}, the mean is ${ratioText(mean)}, ${countText(idle)} have none, ${countText(outside)} lie outside the 99 % band of chance.`
  const caption = `${single ? 'Each bar is a node' : 'Each bar is a group of nodes, as high as its median'}, ranked by what its endpoints should get; the band holds 99 % of what chance gives, ${countText(outside)} of ${counted(nodes.rowCount, 'node')} lie outside. The busiest node has ${ratioText(busiest / mean)} times the mean, ${ratioText(mean)}.`
  const svg = chart(label, WIDTH.half, narrow => ({
    height: narrow ? 200 : 230,
    marginLeft: 56,
    marginBottom: 40,
    x: {
      label: 'nodes, by expected load',
      tickFormat: countText,
      ticks: narrow ? 3 : 6,
      domain: [0.5, nodes.rowCount + 0.5],
    },
    y: { label: 'connections', grid: true, ...loadScale(bins.flatMap(b => [b.most, b.bandHigh])) },
    marks: [
      Plot.rectY(bars, {
        x1: b => b.from - 0.5,
        x2: b => b.to + 0.5,
        y: 'median',
        fill: COLOUR.c1,
        inset: single ? 0.5 : 0,
        title: 'title',
      }),
      Plot.areaY(steps(bins), { x: 'rank', y1: 'bandLow', y2: 'bandHigh', fill: COLOUR.quiet, fillOpacity: 0.45 }),
      Plot.lineY(steps(bins), { x: 'rank', y: 'expected', stroke: COLOUR.c2, strokeWidth: 1.5 }),
      Plot.ruleY([0]),
    ],
  }))
  const columns = [
    ...(single ? ['node', 'zone'] : ['nodes by expected load']),
    'connections expected',
    '99 % band from',
    'to',
    ...(single ? ['connections'] : ['connections, least', 'median', 'most']),
  ]
  return {
    title: 'Load per node',
    key: [
      ['c1', 'connections ended'],
      ['c2', 'expected'],
      ['quiet', '99 % band of chance'],
    ],
    svg,
    caption,
    table: {
      columns: columns.map(title => ({ title, numeric: !title.startsWith('node') && title !== 'zone' })),
      rows: shownRows(bins.length).map(i => {
        const { from, to, least, median, most, expected, bandLow, bandHigh } = bins[i]
        const chance = [expected, bandLow, bandHigh].map(ratioText)
        return single
          ? [names[ranked[i]], zones[ranked[i]], ...chance, countText(most)]
          : [`${countText(from)}–${countText(to)}`, ...chance, ...[least, median, most].map(countText)]
      }),
    },
  }
}
