/**
 * A delay as scenarios write it: a duration, or a distribution by the figures people know of it (median and p99, mean, measured quantiles).
 * The checked value is a Delay (sim/delay.ts).
 */
import { z } from 'zod'
import { constantDelay, type Delay, lognormalDelay } from '../sim/delay.ts'
import { duration, positiveDuration } from './duration.ts'

const probability = z.number().min(0).max(1)

const UNIFORM = z
  .strictObject({ uniform: z.tuple([duration, duration]).describe('from, to') })
  .refine(({ uniform: [from, to] }) => from <= to, { error: 'ends before it begins' })
  .transform(({ uniform: [minUs, maxUs] }): Delay => ({ kind: 'uniform', minUs, maxUs }))

const NORMAL = z
  .strictObject({
    normal: z.strictObject({ mean: duration, sd: duration }).describe('what would be below 0 is 0'),
  })
  .transform(({ normal }): Delay => ({ kind: 'normal', meanUs: normal.mean, sdUs: normal.sd }))

const LOGNORMAL = z
  .strictObject({
    lognormal: z
      .strictObject({ median: positiveDuration, p99: positiveDuration })
      .refine(({ median, p99 }) => median <= p99, { error: 'has its 99th percentile below the median' }),
  })
  .transform(({ lognormal: { median, p99 } }) => lognormalDelay(median, p99))

const EXPONENTIAL = z
  .strictObject({ exponential: z.strictObject({ mean: duration }) })
  .transform(({ exponential }): Delay => ({ kind: 'exponential', meanUs: exponential.mean }))

const EMPIRICAL = z
  .strictObject({
    empirical: z
      .array(z.tuple([probability, duration]))
      .min(1)
      .max(1_000)
      .refine(points => points.every(([p, us], i) => i === 0 || (p >= points[i - 1][0] && us >= points[i - 1][1])), {
        error: 'is not in order: probabilities and durations must rise',
      })
      .describe('measured quantiles as [probability, duration], rising; straight lines between them'),
  })
  .transform(
    ({ empirical }): Delay => ({
      kind: 'empirical',
      points: empirical.map(([fraction, us]) => ({ fraction, us })),
    }),
  )

export const delay = z.union([duration.transform(constantDelay), UNIFORM, NORMAL, LOGNORMAL, EXPONENTIAL, EMPIRICAL])
