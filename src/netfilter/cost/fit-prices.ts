/**
 * Measured packets -> the prices of their terms: non-negative least squares of relative errors over all cases together, so a case of 2 µs
 * counts as much as one of 500. A curve is straight between its sizes, so its points are unknowns like the others.
 */
import { nonNegativeLeastSquares } from '../../metrics/non-negative-least-squares.ts'
import { curveShares, type Price } from '../../metrics/price.ts'
import type { CostBackend, CostFit, CostItem, CostProfile, CostProvenance, CostTerm } from './cost-profile.ts'
import { COST_TERMS, itemsNs } from './cost-profile.ts'

export interface MeasuredCase {
  readonly items: readonly CostItem[]
  readonly ns: number
}

/** Sizes at which a term's price is fitted; a term without any has one price. */
export type CurveSizes = Readonly<Partial<Record<CostTerm, readonly number[]>>>

export function fitPrices(
  backend: CostBackend,
  provenance: CostProvenance,
  cases: readonly MeasuredCase[],
  curves: CurveSizes,
): CostProfile {
  const terms = Object.keys(COST_TERMS[backend]) as CostTerm[]
  const columns = terms.flatMap(term => (curves[term] ?? [1]).map((size, place) => ({ term, size, place })))
  const first = new Map(columns.map((c, i) => [`${c.term} ${c.place}`, i]))
  const rows = cases.map(({ items, ns }) => {
    const row = new Array<number>(columns.length).fill(0)
    for (const { term, count, size } of items)
      for (const [place, share] of curveShares(curves[term] ?? [1], size))
        row[first.get(`${term} ${place}`)!] += (count * share) / ns
    // Where a curve begins at size 0 the term costs nothing.
    return row.map((value, i) => (columns[i].size === 0 ? 0 : value))
  })
  const found = nonNegativeLeastSquares(
    rows,
    cases.map(() => 1),
  )
  const prices: Partial<Record<CostTerm, Price>> = {}
  for (const term of terms) {
    const own = columns.flatMap((c, i) => (c.term === term ? [[c.size, rounded(found[i])] as const] : []))
    prices[term] = curves[term] === undefined ? own[0][1] : own
  }
  const profile: CostProfile = { backend, provenance, prices }
  return { ...profile, fit: fitOf(profile, cases) }
}

export function fitOf(profile: CostProfile, cases: readonly MeasuredCase[]): CostFit {
  const errors = cases.map(c => Math.abs(itemsNs(profile, c.items) / c.ns - 1)).sort((a, b) => a - b)
  return {
    cases: cases.length,
    medianError: rounded(errors[errors.length >> 1]),
    worstError: rounded(errors[errors.length - 1]),
  }
}

/** Three decimals say more than any measurement. */
const rounded = (value: number): number => Math.round(value * 1000) / 1000
