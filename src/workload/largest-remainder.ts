/**
 * Splits a whole number in proportion to weights (Hamilton's method): everyone gets the floor of his share, what is left goes to
 * the largest remainders, ties to the first. The parts add up to `total` exactly; all are 0 when no weight is above 0.
 */
export function largestRemainder(total: number, weights: ArrayLike<number>): Float64Array {
  const parts = new Float64Array(weights.length)
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += weights[i]
  if (!(sum > 0)) return parts
  const remainders = new Float64Array(weights.length)
  let left = total
  for (let i = 0; i < weights.length; i++) {
    const share = total * (weights[i] / sum)
    parts[i] = Math.min(left, Math.floor(share))
    remainders[i] = share - parts[i]
    left -= parts[i]
  }
  const order = Array.from({ length: weights.length }, (_, i) => i).filter(i => weights[i] > 0)
  order.sort((a, b) => remainders[b] - remainders[a] || a - b)
  for (let i = 0; left > 0; i++, left--) parts[order[i % order.length]] += 1
  return parts
}
