/**
 * A load curve of any number of places drawn with at most a few hundred marks: places are ranked, cut into bins of equal size, and each
 * bin keeps the quantiles of what it holds. With few places every bin holds one, and nothing is lost.
 */

export interface LoadBin {
  /** First and last rank of the bin, from 1. */
  readonly from: number
  readonly to: number
  readonly least: number
  readonly p10: number
  readonly median: number
  readonly p90: number
  readonly most: number
  /** Mean of what is expected, and of the ends of its 99 % band. */
  readonly expected: number
  readonly bandLow: number
  readonly bandHigh: number
}

export interface Place {
  readonly load: number
  readonly expected: number
  readonly bandLow: number
  readonly bandHigh: number
}

/**
 * Ranked by what is expected, the most first. Among equals, by load where all expect the same or each has a bin of its own; otherwise
 * as they come, so that a bin is a fair sample of them. Equal is what agrees in three digits: the rules' probabilities are rounded.
 */
export function loadBins(places: readonly Place[], binsAtMost: number): readonly LoadBin[] {
  const levels = levelsOf(places)
  const sorted = places.length <= binsAtMost || levels.every(level => level === levels[0])
  const ranked = rankedPlaces(places, sorted).map(i => places[i])
  const bins = Math.min(binsAtMost, ranked.length)
  return Array.from({ length: bins }, (_, i) => {
    const from = Math.floor((i * ranked.length) / bins)
    const to = Math.floor(((i + 1) * ranked.length) / bins)
    return binOf(ranked.slice(from, to), from + 1)
  })
}

function binOf(places: readonly Place[], from: number): LoadBin {
  const loads = Float64Array.from(places, p => p.load).sort()
  const quantile = (q: number): number => loads[Math.round(q * (loads.length - 1))]
  const average = (of: (p: Place) => number): number => places.reduce((sum, p) => sum + of(p), 0) / places.length
  return {
    from,
    to: from + places.length - 1,
    least: loads[0],
    p10: quantile(0.1),
    median: quantile(0.5),
    p90: quantile(0.9),
    most: loads[loads.length - 1],
    expected: average(p => p.expected),
    bandLow: average(p => p.bandLow),
    bandHigh: average(p => p.bandHigh),
  }
}

/** Places by rank; among equals by load where `byLoad`. */
export function rankedPlaces(places: readonly Place[], byLoad = true): readonly number[] {
  const levels = levelsOf(places)
  return [...places.keys()].toSorted(
    (a, b) => levels[b] - levels[a] || (byLoad ? places[b].load - places[a].load : 0) || a - b,
  )
}

const levelsOf = (places: readonly Place[]): readonly number[] => places.map(p => Number(p.expected.toPrecision(3)))
