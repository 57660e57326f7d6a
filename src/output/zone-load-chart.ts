/**
 * Load per zone: the share of connections that ended in it, against what the rules' own probabilities expect and the 99 % band of chance
 * around that. Where hints or policies keep traffic near its clients, what is expected is not the zone's share of endpoints.
 */
import * as Plot from '@observablehq/plot'
import type { ColumnTable } from '../arrow/column-table.ts'
import { COLOUR, chart, labelText, WIDTH } from './chart.ts'
import type { ChartFigure } from './chart-figure.ts'
import { counted, countText, percentText } from './number-text.ts'
import { type ZoneLoad, zoneLoads } from './zone-loads.ts'

const ZONES_SHOWN = 20

export function zoneLoadChart(tables: readonly ColumnTable[]): ChartFigure {
  const zones = zoneLoads(tables)
  const rows = zones
    .map((zone, place) => ({ ...zone, place, label: labelText(zone.name) }))
    .toSorted((a, b) => b.share - a.share || a.place - b.place)
    .slice(0, ZONES_SHOWN)
  const outside = zones.filter(z => z.share < z.bandLow || z.share > z.bandHigh).length
  const more = zones.length > ZONES_SHOWN ? ` The ${ZONES_SHOWN} busiest of ${countText(zones.length)} zones.` : ''
  const label = `Share of connections by zone: ${rows
    .slice(0, 5)
    .map(r => `${r.label} ${percentText(r.share)}, ${percentText(r.expected)} expected`)
    .join('; ')}; ${countText(outside)} of ${counted(zones.length, 'zone')} outside the 99 % band of chance.`
  const svg = chart(label, WIDTH.half, narrow => ({
    height: 60 + 26 * rows.length,
    marginLeft: narrow ? 100 : 150,
    marginBottom: 40,
    x: {
      label: 'share of connections, %',
      percent: true,
      grid: true,
      zero: true,
      nice: true,
      ticks: narrow ? 4 : 8,
    },
    // The rank, not the name, is the key: two names may look alike once they are cut.
    y: { label: null, domain: rows.map(r => r.place), tickFormat: place => rows.find(r => r.place === place)!.label },
    marks: [
      Plot.barX(rows, { x: 'share', y: 'place', fill: COLOUR.c1, title: tipOf }),
      Plot.barX(rows, { x1: 'bandLow', x2: 'bandHigh', y: 'place', fill: COLOUR.quiet, fillOpacity: 0.6 }),
      Plot.tickX(rows, { x: 'expected', y: 'place', stroke: COLOUR.c2, strokeWidth: 3 }),
      Plot.ruleX([0]),
    ],
  }))
  return {
    title: 'Load per zone',
    key: [
      ['c1', 'connections ended'],
      ['c2', 'expected'],
      ['quiet', '99 % band of chance'],
    ],
    svg,
    table: {
      columns: COLUMNS.map((title, i) => ({ title, numeric: i > 0 })),
      rows: rows.map(r => [r.label, ...[r.share, r.expected, r.bandLow, r.bandHigh, r.endpointShare].map(percentText)]),
    },
    caption: `Bars are connections that ended in the zone, the tick what the rules' own probabilities expect; the band holds 99 % of what chance gives, ${countText(outside)} of ${counted(zones.length, 'zone')} lie outside.${more}`,
  }
}

const COLUMNS = ['zone', 'share of connections', 'expected', '99 % band from', 'to', 'share of endpoints']

const tipOf = (zone: ZoneLoad & { readonly label: string }): string =>
  `${zone.label}: ${percentText(zone.share)} of connections, ${percentText(zone.expected)} expected; it has ${percentText(zone.endpointShare)} of endpoints`
