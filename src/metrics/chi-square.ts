/**
 * The upper tail of the chi-square distribution: the regularised incomplete gamma function Q(df / 2, x / 2), by its power series
 * below the mean and Lentz's continued fraction above (Press et al., Numerical Recipes, 6.2), with Loader's saddle-point form of
 * the leading factor (Fast and Accurate Computation of Binomial Probabilities, 2000), which keeps its digits for thousands of
 * degrees of freedom. Written by hand because results must be the same bits on every machine (see elementary.ts).
 * Relative error below 1e-10 for up to 100,000 degrees of freedom; about sqrt(df) steps.
 */
import { exp, ln } from '../sim/elementary.ts'

/** P(chi-square with `degreesOfFreedom` >= `statistic`); NaN without degrees of freedom. */
export function chiSquareTail(statistic: number, degreesOfFreedom: number): number {
  if (!(degreesOfFreedom > 0) || Number.isNaN(statistic)) return NaN
  if (statistic <= 0) return 1
  if (statistic === Infinity) return 0
  const a = degreesOfFreedom / 2
  const x = statistic / 2
  return x < a + 1 ? 1 - lowerSeries(a, x) : upperFraction(a, x)
}

/** P(a, x) = x^a e^-x / Gamma(a + 1) (1 + x / (a + 1) + x^2 / ((a + 1)(a + 2)) + ...). */
function lowerSeries(a: number, x: number): number {
  let term = 1
  let sum = 1
  for (let n = 1; term > sum * EPSILON; n++) {
    term *= x / (a + n)
    sum += term
  }
  return leadingFactor(a, x) * sum
}

/** Q(a, x) = x^a e^-x / Gamma(a) / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...))). */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1e300
  let d = 1 / b
  let fraction = d
  for (let n = 1; ; n++) {
    const numerator = n * (a - n)
    b += 2
    d = 1 / awayFromZero(numerator * d + b)
    c = awayFromZero(b + numerator / c)
    const step = d * c
    fraction *= step
    if (step - 1 < EPSILON && 1 - step < EPSILON) return leadingFactor(a, x) * a * fraction
  }
}

const EPSILON = 2 ** -52
const awayFromZero = (v: number): number => (v > -1e-300 && v < 1e-300 ? 1e-300 : v)

/** x^a e^-x / Gamma(a + 1), as exp(-stirlingError(a) - deviance(a, x)) / sqrt(2 pi a). */
const leadingFactor = (a: number, x: number): number =>
  exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(6.283185307179586 * a)

/** ln Gamma(a + 1) - (a + 1/2) ln a + a - ln(2 pi) / 2: Stirling's series from 16 on, recurrence below. */
function stirlingError(a: number): number {
  let error = 0
  let at = a
  for (; at < 16; at++) error += (at + 0.5) * ln((at + 1) / at) - 1
  const s = 1 / (at * at)
  return error + (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - s / 1188) * s) * s) * s) / at
}

/** a ln(a / x) + x - a, without cancellation where a and x are close. */
function deviance(a: number, x: number): number {
  const difference = a - x
  const v = difference / (a + x)
  if (v > 0.1 || v < -0.1) return a * ln(a / x) - difference
  let sum = difference * v
  let power = 2 * a * v
  for (let j = 3; ; j += 2) {
    power *= v * v
    const next = sum + power / j
    if (next === sum) return next
    sum = next
  }
}
