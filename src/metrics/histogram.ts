/**
 * A mergeable histogram of whole numbers from 0 to 2^32 - 1, in the log-linear layout of HdrHistogram: every value below 2,048 has a
 * bucket of its own; above, each power of two is cut into 1,024 equal buckets, so a bucket is narrower than 0.1 % of its values.
 * Count, sum, smallest and largest are exact (up to 2^53). Merging adds integers, so it does not depend on order.
 * A histogram is plain data (188 kB) that crosses threads by structured clone. `record` is hot: it allocates nothing.
 */

export interface Histogram {
  /** Weight recorded, one cell a bucket. */
  readonly counts: Float64Array
  /** Weight recorded in all. */
  count: number
  /** Sum of value x weight. */
  sum: number
  /** Smallest value recorded; Infinity while empty. */
  min: number
  /** Largest value recorded; -Infinity while empty. */
  max: number
}

/** Values `from` to `to`, both inclusive, were recorded with weight `count`. */
export interface Bucket {
  readonly from: number
  readonly to: number
  readonly count: number
}

const EXACT_BITS = 11
const EXACT = 1 << EXACT_BITS
const PER_OCTAVE = EXACT >> 1
const BUCKETS = EXACT + (32 - EXACT_BITS) * PER_OCTAVE

export const newHistogram = (): Histogram => ({
  counts: new Float64Array(BUCKETS),
  count: 0,
  sum: 0,
  min: Infinity,
  max: -Infinity,
})

/** Records `value` (a whole number from 0 to 2^32 - 1) `weight` times (a whole number from 0). */
export function record(h: Histogram, value: number, weight: number): void {
  if (value >>> 0 !== value) throw new RangeError(`histogram value ${value} is not a whole number from 0 to 2^32 - 1`)
  if (weight === 0) return
  h.counts[bucketOf(value)] += weight
  h.count += weight
  h.sum += value * weight
  if (value < h.min) h.min = value
  if (value > h.max) h.max = value
}

/** Adds what `source` holds to `target`. */
export function mergeInto(target: Histogram, source: Histogram): void {
  const { counts } = target
  for (let i = 0; i < BUCKETS; i++) counts[i] += source.counts[i]
  target.count += source.count
  target.sum += source.sum
  if (source.min < target.min) target.min = source.min
  if (source.max > target.max) target.max = source.max
}

/**
 * The smallest recorded value that at least `p` percent of the weight does not exceed (nearest rank); exact below 2,048, above it
 * the upper end of its bucket. `p` runs from 0 (the minimum) to 100 (the maximum). NaN while empty.
 */
export function percentile(h: Histogram, p: number): number {
  if (!(p >= 0 && p <= 100)) throw new RangeError(`percentile ${p} is not between 0 and 100`)
  if (h.count === 0) return NaN
  if (p === 0) return h.min
  // 99.9 has no exact double: without the slack its product could land just above a whole rank and ask for the next one.
  const rank = Math.ceil(((p * h.count) / 100) * (1 - 1e-14))
  let below = 0
  for (let i = 0; i < BUCKETS; i++) {
    below += h.counts[i]
    if (below >= rank) return Math.min(lastOf(i), h.max)
  }
  throw new Error('histogram count exceeds the sum of its buckets')
}

/** Exact; NaN while empty. */
export const mean = (h: Histogram): number => (h.count === 0 ? NaN : h.sum / h.count)

/** The buckets that hold anything, in rising order. */
export function buckets(h: Histogram): Bucket[] {
  const found: Bucket[] = []
  for (let i = 0; i < BUCKETS; i++)
    if (h.counts[i] > 0) found.push({ from: firstOf(i), to: lastOf(i), count: h.counts[i] })
  return found
}

function bucketOf(value: number): number {
  if (value < EXACT) return value
  const exponent = 31 - Math.clz32(value)
  return EXACT + (exponent - EXACT_BITS - 1) * PER_OCTAVE + (value >>> (exponent - EXACT_BITS + 1))
}

function firstOf(bucket: number): number {
  if (bucket < EXACT) return bucket
  const octave = Math.floor((bucket - EXACT) / PER_OCTAVE)
  return (PER_OCTAVE + ((bucket - EXACT) % PER_OCTAVE)) * 2 ** (octave + 1)
}

const lastOf = (bucket: number): number => firstOf(bucket + 1) - 1
