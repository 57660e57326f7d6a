/**
 * How long something takes: a distribution, and values of it as pure functions of a quantile, so a delay drawn by number (sim/random.ts)
 * is the same whoever draws it, whenever. One draw a value: a longer tail moves every value up and none past another.
 * Values are whole microseconds, never below 0.
 */
import { exp, ln } from './elementary.ts'
import { normalQuantile } from './normal-quantile.ts'
import { draw32, type StreamSeed } from './random.ts'
import type { TimeUs } from './time.ts'

export type Delay =
  | { readonly kind: 'constant'; readonly us: TimeUs }
  | { readonly kind: 'uniform'; readonly minUs: TimeUs; readonly maxUs: TimeUs }
  /** What would be below 0 is 0. */
  | { readonly kind: 'normal'; readonly meanUs: TimeUs; readonly sdUs: TimeUs }
  /** `sigma`: standard deviation of the logarithm. */
  | { readonly kind: 'lognormal'; readonly medianUs: TimeUs; readonly sigma: number }
  | { readonly kind: 'exponential'; readonly meanUs: TimeUs }
  /** Quantiles, both numbers never falling; straight lines between them, flat outside. At least one. */
  | { readonly kind: 'empirical'; readonly points: readonly Quantile[] }

/** `us` is not exceeded with probability `fraction`. */
export interface Quantile {
  readonly fraction: number
  readonly us: TimeUs
}

export const constantDelay = (us: TimeUs): Delay => ({ kind: 'constant', us })

/** The lognormal distribution of this median and 99th percentile, the two figures that dashboards show. */
export const lognormalDelay = (medianUs: TimeUs, p99Us: TimeUs): Delay => ({
  kind: 'lognormal',
  medianUs,
  sigma: ln(p99Us / medianUs) / normalQuantile(0.99),
})

/** Draw number `draw` of flow (flowLow, flowHigh) as a value of `delay`. */
export const drawDelayUs = (delay: Delay, seed: StreamSeed, flowLow: number, flowHigh: number, draw: number): TimeUs =>
  delay.kind === 'constant'
    ? delay.us
    : delayAtUs(delay, (draw32(seed.low, seed.high, flowLow, flowHigh, draw) + 0.5) / 0x1_0000_0000)

/** The value that `delay` does not exceed with probability `fraction`, which is between 0 and 1, both excluded. */
export function delayAtUs(delay: Delay, fraction: number): TimeUs {
  return Math.max(0, Math.round(exactDelay(delay, fraction)))
}

function exactDelay(delay: Delay, fraction: number): number {
  switch (delay.kind) {
    case 'constant':
      return delay.us
    case 'uniform':
      return delay.minUs + (delay.maxUs - delay.minUs) * fraction
    case 'normal':
      return delay.meanUs + delay.sdUs * normalQuantile(fraction)
    case 'lognormal':
      return delay.medianUs * exp(delay.sigma * normalQuantile(fraction))
    case 'exponential':
      return -delay.meanUs * ln(1 - fraction)
    case 'empirical':
      return interpolated(delay.points, fraction)
  }
}

function interpolated(points: readonly Quantile[], fraction: number): number {
  const above = points.findIndex(p => p.fraction >= fraction)
  if (above < 0) return points[points.length - 1].us
  const high = points[above]
  const low = points[above - 1] ?? high
  const width = high.fraction - low.fraction
  return width === 0 ? high.us : low.us + ((high.us - low.us) * (fraction - low.fraction)) / width
}
