/**
 * Weights of a Zipf law: the k-th most popular of `count` has k^-exponent. Exponent 0 is uniform.
 * Powers are made of multiplications, divisions and square roots alone, which IEEE 754 rounds alike everywhere; Math.pow may differ in
 * its last bit between machines and releases, and with it a whole run.
 */
export function zipfWeights(count: number, exponent: number): Float64Array {
  const weights = new Float64Array(count)
  for (let k = 1; k <= count; k++) weights[k - 1] = 1 / power(k, exponent)
  return weights
}

/** base^exponent for base >= 1 and exponent >= 0, the exponent's fraction taken to 40 bits: each bit is one more square root. */
function power(base: number, exponent: number): number {
  let result = 1
  let square = base
  for (let whole = Math.floor(exponent); whole > 0; whole = Math.floor(whole / 2)) {
    if (whole % 2 === 1) result *= square
    square *= square
  }
  let fraction = exponent - Math.floor(exponent)
  let root = base
  for (let bit = 0; bit < 40 && fraction > 0; bit++) {
    root = Math.sqrt(root)
    fraction *= 2
    if (fraction >= 1) {
      result *= root
      fraction -= 1
    }
  }
  return result
}
