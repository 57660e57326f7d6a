/** How even the load is: over all endpoints, in the worst Services, by zone. */
import type { ColumnTable } from '../../arrow/column-table.ts'
import type { Evenness } from '../evenness.ts'
import { countText, percentText, ratioText } from '../number-text.ts'
import { zoneLoads } from '../zone-loads.ts'
import { figures, type ReportTable, words } from './report-table.ts'

export function overallTable({ overall, pooled, tested, significant, significantByChance }: Evenness): ReportTable {
  return {
    id: 'overall',
    title: 'Evenness overall',
    note: 'The first five are over all endpoints, whatever their Service, so they show popular Services too. The chi-square compares each Service port with the shares its rules give; only ports with at least 5 connections expected per endpoint are tested.',
    columns: [words(''), figures('')],
    rows: [
      ['busiest endpoint / mean', ratioText(overall.maxOverMean)],
      ['coefficient of variation', ratioText(overall.coefficientOfVariation)],
      ['Gini coefficient', ratioText(overall.gini)],
      ["Jain's index", ratioText(overall.jain)],
      ['endpoints that got nothing', countText(overall.idle)],
      ['Service ports tested', countText(tested)],
      ['of them with p < 0.001', countText(significant)],
      ['expected by chance', ratioText(significantByChance)],
      ['chi-square of all tested', `${ratioText(pooled.chiSquare)} (df ${countText(pooled.degreesOfFreedom)})`],
      ['its p-value', ratioText(pooled.pValue)],
    ],
  }
}

export const worstServicesTable = ({ canBeUneven, worst, tested }: Evenness): ReportTable => ({
  id: 'worst',
  title: 'Least even Services',
  note:
    tested > 0
      ? 'Of those tested, the largest max / mean first.'
      : 'No Service port has 5 connections expected at each of two or more endpoints; these are unevennesses of small numbers.',
  columns: [
    words('Service port'),
    ...['endpoints', 'connections', 'max / mean', 'CV', 'Gini', 'Jain', 'p', 'idle'].map(figures),
  ],
  rows: (canBeUneven ? worst : []).map(s => [
    s.service,
    countText(s.endpoints),
    countText(s.delivered),
    ...[s.maxOverMean, s.coefficientOfVariation, s.gini, s.jain, s.pValue].map(ratioText),
    countText(s.idle),
  ]),
})

export function zonesTable(tables: readonly ColumnTable[]): ReportTable {
  return {
    id: 'zones',
    title: 'Zones',
    note: "Connections are those that ended at endpoints of the zone; expected is what the rules' own probabilities give, and chance gives 99 % of the time what lies between the last two columns.",
    columns: [
      words('zone'),
      ...['nodes', 'endpoints', 'share of endpoints', 'connections', 'share of connections'].map(figures),
      ...['expected', '99 % band from', 'to'].map(figures),
    ],
    rows: zoneLoads(tables).map(z => [
      z.name,
      countText(z.nodes),
      countText(z.endpoints),
      percentText(z.endpointShare),
      countText(z.connections),
      ...[z.share, z.expected, z.bandLow, z.bandHigh].map(percentText),
    ]),
  }
}
