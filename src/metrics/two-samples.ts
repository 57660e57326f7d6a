/**
 * Are two samples from one distribution? The classical two-sided tests on counts, each with the name it is reported under. A p-value is the chance of a difference
 * this large or larger when nothing but chance differs; NaN where there is too little to test. Pearson's chi-square wants 5 expected in
 * every cell (Cochran 1954): thin neighbours are joined first, and two rare counts are compared exactly.
 */
import { exp, ln } from '../sim/elementary.ts'
import { chiSquareTail } from './chi-square.ts'

export interface TestResult {
  readonly test: 'normal' | 'chi-square' | 'binomial, exact' | 'too few'
  /** z, chi-square, or NaN where the test has none. */
  readonly statistic: number
  readonly degreesOfFreedom: number
  readonly pValue: number
}

const ENOUGH_EXPECTED = 5

const TOO_FEW: TestResult = { test: 'too few', statistic: NaN, degreesOfFreedom: 0, pValue: NaN }

export interface Moments {
  readonly count: number
  readonly mean: number
  readonly variance: number
}

/** Are the means equal? Welch's statistic against the normal distribution: fit for the thousands a run has. */
export function compareMeans(a: Moments, b: Moments): TestResult {
  if (a.count < ENOUGH_TO_AVERAGE || b.count < ENOUGH_TO_AVERAGE) return TOO_FEW
  const difference = b.mean - a.mean
  const variance = a.variance / a.count + b.variance / b.count
  const z = difference === 0 ? 0 : difference / Math.sqrt(variance)
  return { test: 'normal', statistic: z, degreesOfFreedom: 1, pValue: chiSquareTail(z * z, 1) }
}

const ENOUGH_TO_AVERAGE = 30

/** Is `hits` of `count` the same share in both? */
export function compareShares(hitsA: number, countA: number, hitsB: number, countB: number): TestResult {
  const count = countA + countB
  const hits = hitsA + hitsB
  if (countA === 0 || countB === 0 || count === 0) return TOO_FEW
  const rare = Math.min(hits, count - hits)
  if ((rare * Math.min(countA, countB)) / count >= ENOUGH_EXPECTED)
    return compareCounts([hitsA, countA - hitsA], [hitsB, countB - hitsB])
  const rareB = rare === hits ? hitsB : countB - hitsB
  return {
    test: 'binomial, exact',
    statistic: NaN,
    degreesOfFreedom: 0,
    pValue: binomialTwoSided(rareB, rare, countB / count),
  }
}

/** Are two rows of counts over the same cells in the same proportions? Neighbouring cells that are too thin count as one. */
export function compareCounts(a: ArrayLike<number>, b: ArrayLike<number>): TestResult {
  const totalA = total(a)
  const totalB = total(b)
  const all = totalA + totalB
  const cells = thickCells(a, b, (ENOUGH_EXPECTED * all) / Math.min(totalA, totalB))
  if (cells.length < 2) return TOO_FEW
  let statistic = 0
  for (const [ofA, ofB] of cells) {
    const expectedA = ((ofA + ofB) * totalA) / all
    const expectedB = ((ofA + ofB) * totalB) / all
    statistic += (ofA - expectedA) ** 2 / expectedA + (ofB - expectedB) ** 2 / expectedB
  }
  const degreesOfFreedom = cells.length - 1
  return { test: 'chi-square', statistic, degreesOfFreedom, pValue: chiSquareTail(statistic, degreesOfFreedom) }
}

/** Cells that hold `least` of both rows together, each of neighbours; the last ones, if they are too thin, join the one before. */
function thickCells(a: ArrayLike<number>, b: ArrayLike<number>, least: number): [a: number, b: number][] {
  const cells: [number, number][] = []
  let ofA = 0
  let ofB = 0
  for (let i = 0; i < a.length; i++) {
    ofA += a[i]
    ofB += b[i]
    if (ofA + ofB < least) continue
    cells.push([ofA, ofB])
    ofA = 0
    ofB = 0
  }
  const last = cells.at(-1)
  if (last !== undefined) {
    last[0] += ofA
    last[1] += ofB
  }
  return cells
}

/** Chance of an outcome as unlikely as `k`, or less likely, among `n` trials that hit with chance `p` (0 to 1, both exclusive). */
function binomialTwoSided(k: number, n: number, p: number): number {
  const chances = new Float64Array(n + 1)
  let logChance = n * ln(1 - p)
  for (let i = 0; i <= n; i++) {
    chances[i] = exp(logChance)
    if (i < n) logChance += ln(((n - i) * p) / ((i + 1) * (1 - p)))
  }
  // Equally likely outcomes come out of the sum with other last digits.
  const limit = chances[k] * (1 + 1e-7)
  return Math.min(
    1,
    chances.reduce((sum, chance) => (chance <= limit ? sum + chance : sum), 0),
  )
}

function total(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum
}
