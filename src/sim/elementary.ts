/**
 * exp and ln from + - x and / alone. ECMAScript leaves the last bits of Math.exp and Math.log to the engine, but defines the four
 * operations (and sqrt) to the bit, so what is computed here is the same on every machine. Within 2 units of the last place in
 * the ranges used (tests compare with Math).
 */

/** e^x; 0 below -745, Infinity above 709.78. */
export function exp(x: number): number {
  if (!(x >= -745.14)) return Number.isNaN(x) ? NaN : 0
  if (x > 709.782712893384) return Infinity
  const k = Math.round(x / Math.LN2)
  // |r| <= ln 2 / 2; the high part of ln 2 has 21 trailing zero bits, so k times it is exact.
  const r = x - k * LN2_HIGH - k * LN2_LOW
  let sum = 1
  for (let i = 17; i >= 1; i--) sum = 1 + (r * sum) / i
  return scaled(sum, k)
}

/** Natural logarithm; -Infinity at 0, NaN below. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN
  if (x === Infinity) return Infinity
  let m = x
  let k = 0
  for (; m >= 2 ** 32; m /= 2 ** 32) k += 32
  for (; m < 2 ** -32; m *= 2 ** 32) k -= 32
  for (; m >= Math.SQRT2; m /= 2) k++
  for (; m < Math.SQRT2 / 2; m *= 2) k--
  // ln m = 2 artanh s, |s| < 0.172: 12 odd powers reach the last bit.
  const s = (m - 1) / (m + 1)
  const s2 = s * s
  let sum = 0
  for (let i = 23; i >= 3; i -= 2) sum = s2 * (sum + 1 / i)
  return k * LN2_HIGH + (k * LN2_LOW + 2 * s * sum + 2 * s)
}

const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10

/** x 2^k, in two steps so that neither factor leaves the range of a double. Powers of two are exact. */
function scaled(x: number, k: number): number {
  const half = Math.trunc(k / 2)
  return x * powerOfTwo(half) * powerOfTwo(k - half)
}

function powerOfTwo(k: number): number {
  let power = 1
  const step = k < 0 ? 0.5 : 2
  for (let i = Math.abs(k); i > 0; i--) power *= step
  return power
}
