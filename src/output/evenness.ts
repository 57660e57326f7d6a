/**
 * How evenly the load is spread, over all Services: how many stray from their expected shares, against how many do so by chance, and
 * which are worst. A function of the result tables.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import { chiSquareTail } from '../metrics/chi-square.ts'
import { type Distribution, distribution } from '../metrics/distribution.ts'
import { numbersOf, tableNamed, textsOf } from './column-values.ts'
import { shortened } from './escape.ts'

/** With fewer expected at any endpoint the chi-square approximation is poor (Cochran 1954). */
export const ENOUGH_EXPECTED = 5
export const SIGNIFICANCE = 0.001

export interface Evenness {
  /** Service ports with two or more endpoints and at least ENOUGH_EXPECTED connections expected at each. */
  readonly tested: number
  /** Some Service port has two endpoints or more, so that its load can be uneven. */
  readonly canBeUneven: boolean
  /** Of those, how many have p < SIGNIFICANCE, and how many of them chance alone gives on average. */
  readonly significant: number
  readonly significantByChance: number
  /** Chance alone gives as many or more in less than one run of a thousand. */
  readonly moreThanChance: boolean
  /** Chi-square, degrees of freedom and p of all tested Service ports taken together. */
  readonly pooled: { readonly chiSquare: number; readonly degreesOfFreedom: number; readonly pValue: number }
  /** Connections per endpoint over all endpoints of the cluster, whatever their Service. */
  readonly overall: Distribution
  readonly idleEndpoints: number
  /** At most ten, the largest max / mean first: of the tested ones, or where none could be tested of all with connections. */
  readonly worst: readonly ServiceLoad[]
}

export interface ServiceLoad {
  /** namespace/name, with `:port` when the port has a name. */
  readonly service: string
  readonly endpoints: number
  readonly delivered: number
  readonly mean: number
  readonly max: number
  readonly maxOverMean: number
  readonly coefficientOfVariation: number
  readonly gini: number
  readonly jain: number
  readonly pValue: number
  readonly idle: number
}

const WORST = 10

export function evenness(tables: readonly ColumnTable[]): Evenness {
  const services = tableNamed(tables, 'services')
  const endpoints = tableNamed(tables, 'endpoints')
  const delivered = numbersOf(services, 'delivered')
  const degrees = numbersOf(services, 'degreesOfFreedom')
  const smallest = numbersOf(services, 'smallestExpected')
  const statistic = numbersOf(services, 'chiSquare')
  const pValue = numbersOf(services, 'pValue')
  const all = [...Array(services.rowCount).keys()]
  const tested = all.filter(i => delivered[i] > 0 && degrees[i] > 0 && smallest[i] >= ENOUGH_EXPECTED)
  const significant = tested.filter(i => pValue[i] < SIGNIFICANCE).length
  const significantByChance = tested.length * SIGNIFICANCE
  const chiSquare = tested.reduce((sum, i) => sum + statistic[i], 0)
  const degreesOfFreedom = tested.reduce((sum, i) => sum + degrees[i], 0)
  const loads = Float64Array.from(numbersOf(endpoints, 'connections'))
  const overall = distribution(loads, new Float64Array(loads.length))
  const candidates = tested.length > 0 ? tested : all.filter(i => delivered[i] > 0)
  return {
    tested: tested.length,
    canBeUneven: all.some(i => numbersOf(services, 'endpoints')[i] > 1),
    significant,
    significantByChance,
    moreThanChance: chanceOfAtLeast(significant, significantByChance) < 0.001,
    pooled: { chiSquare, degreesOfFreedom, pValue: chiSquareTail(chiSquare, degreesOfFreedom) },
    overall,
    idleEndpoints: overall.idle,
    worst: worstOf(services, candidates),
  }
}

function worstOf(services: ColumnTable, candidates: readonly number[]): readonly ServiceLoad[] {
  const column = (name: string): ArrayLike<number> => numbersOf(services, name)
  const maxOverMean = column('maxOverMean')
  const namespace = textsOf(services, 'namespace')
  const name = textsOf(services, 'name')
  const portName = textsOf(services, 'portName')
  return candidates
    .toSorted((a, b) => maxOverMean[b] - maxOverMean[a] || a - b)
    .slice(0, WORST)
    .map(i => ({
      service: shortened(`${namespace[i]}/${name[i]}${portName[i] === '' ? '' : `:${portName[i]}`}`, 150),
      endpoints: column('endpoints')[i],
      delivered: column('delivered')[i],
      mean: column('mean')[i],
      max: column('max')[i],
      maxOverMean: maxOverMean[i],
      coefficientOfVariation: column('coefficientOfVariation')[i],
      gini: column('gini')[i],
      jain: column('jain')[i],
      pValue: column('pValue')[i],
      idle: column('idle')[i],
    }))
}

/** P(X >= k) of a Poisson variable with this mean, which is P(chi-square with 2k degrees of freedom <= 2 mean). */
const chanceOfAtLeast = (k: number, mean: number): number => (k === 0 ? 1 : 1 - chiSquareTail(2 * mean, 2 * k))
