/**
 * How evenly a load is spread over the endpoints of one Service port, in the usual measures, and whether what is uneven about it is
 * chance. Pure arithmetic on whole counts with + - x / and sqrt, so every machine gets the same bits.
 */
import { chiSquareTail } from './chi-square.ts'

/** Where nothing was counted every ratio is NaN; so is p where there is nothing to test (fewer than two endpoints are expected to get any). */
export interface Distribution {
  /** Endpoints. */
  readonly count: number
  /** Counted per endpoint, on average; NaN without endpoints. */
  readonly mean: number
  /** Counted at the busiest endpoint; 0 without endpoints. */
  readonly max: number
  /** max / mean; 1 is even, `count` is all on one. */
  readonly maxOverMean: number
  /** Population standard deviation / mean; 0 is even. */
  readonly coefficientOfVariation: number
  /** Mean absolute difference of all pairs / (2 mean) (Gini 1912); 0 is even, 1 - 1/count is all on one. */
  readonly gini: number
  /** Jain, Chiu, Hawe 1984: (sum x)^2 / (n sum x^2); 1 is even, 1/count is all on one. */
  readonly jain: number
  /** Pearson's chi-square against the expected shares; Infinity when something came where nothing was expected. */
  readonly chiSquare: number
  /** Endpoints expected to get any, less one. */
  readonly degreesOfFreedom: number
  /** Chance of a chi-square this large or larger when every connection is drawn by the expected shares. */
  readonly pValue: number
  /** Smallest expected count of any endpoint that is expected to get any: below about 5 the p-value is a rough one (Cochran 1954). */
  readonly smallestExpected: number
  /** Endpoints that got nothing. */
  readonly idle: number
}

/**
 * `counts[i]` is what endpoint i got (whole numbers); `expectedShares[i]` the share it should get, 0 to 1, adding up to 1.
 */
export function distribution(
  counts: Float64Array | readonly number[],
  expectedShares: ArrayLike<number>,
): Distribution {
  const n = counts.length
  if (expectedShares.length !== n) throw new Error(`${n} counts but ${expectedShares.length} expected shares`)
  const sorted = Float64Array.from(counts).sort()
  let sum = 0
  let squares = 0
  let ranked = 0
  let idle = 0
  for (let i = 0; i < n; i++) {
    const x = sorted[i]
    sum += x
    squares += x * x
    ranked += (2 * i + 1 - n) * x
    if (x === 0) idle++
  }
  const mean = sum / n
  const max = n === 0 ? 0 : sorted[n - 1]
  let deviations = 0
  for (let i = 0; i < n; i++) deviations += (sorted[i] - mean) * (sorted[i] - mean)
  return {
    count: n,
    mean,
    max,
    maxOverMean: max / mean,
    coefficientOfVariation: Math.sqrt(deviations / n) / mean,
    gini: ranked / (n * sum),
    jain: (sum * sum) / (n * squares),
    ...goodnessOfFit(counts, expectedShares, sum),
    idle,
  }
}

function goodnessOfFit(
  counts: ArrayLike<number>,
  shares: ArrayLike<number>,
  sum: number,
): Pick<Distribution, 'chiSquare' | 'degreesOfFreedom' | 'pValue' | 'smallestExpected'> {
  let chiSquare = 0
  let cells = 0
  let smallestExpected = Infinity
  for (let i = 0; i < counts.length; i++) {
    const expected = shares[i] * sum
    if (shares[i] > 0) {
      const off = counts[i] - expected
      chiSquare += (off * off) / expected
      cells++
      if (expected < smallestExpected) smallestExpected = expected
    } else if (counts[i] > 0) chiSquare = Infinity
  }
  const degreesOfFreedom = Math.max(0, cells - 1)
  if (sum === 0) return { chiSquare: NaN, degreesOfFreedom, pValue: NaN, smallestExpected: cells === 0 ? NaN : 0 }
  const pValue = chiSquare === Infinity ? 0 : chiSquareTail(chiSquare, degreesOfFreedom)
  return { chiSquare, degreesOfFreedom, pValue, smallestExpected: cells === 0 ? NaN : smallestExpected }
}
