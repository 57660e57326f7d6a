import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { constantDelay, type Delay, delayAtUs, drawDelayUs, lognormalDelay } from './delay.ts'
import { streamSeed } from './random.ts'

const seed = streamSeed('delays', 'test')
const EMPIRICAL: Delay = {
  kind: 'empirical',
  points: [
    { fraction: 0.1, us: 1_000 },
    { fraction: 0.5, us: 2_000 },
    { fraction: 0.5, us: 3_000 },
    { fraction: 0.9, us: 5_000 },
  ],
}

/** Each with its closed-form mean and standard deviation. */
const LOGNORMAL_SIGMA = 0.5
const CASES: readonly (readonly [string, Delay, number, number])[] = [
  ['constant', constantDelay(7_000), 7_000, 0],
  ['uniform', { kind: 'uniform', minUs: 2_000, maxUs: 8_000 }, 5_000, 6_000 / Math.sqrt(12)],
  ['normal', { kind: 'normal', meanUs: 10_000, sdUs: 1_000 }, 10_000, 1_000],
  [
    'lognormal',
    { kind: 'lognormal', medianUs: 10_000, sigma: LOGNORMAL_SIGMA },
    10_000 * Math.exp(LOGNORMAL_SIGMA ** 2 / 2),
    10_000 * Math.sqrt((Math.exp(LOGNORMAL_SIGMA ** 2) - 1) * Math.exp(LOGNORMAL_SIGMA ** 2)),
  ],
  ['exponential', { kind: 'exponential', meanUs: 10_000 }, 10_000, 10_000],
  // 0.1 at 1000, 0.4 from 1000 to 2000, 0.4 from 3000 to 5000, 0.1 at 5000.
  ['empirical', EMPIRICAL, 0.1 * 1_000 + 0.4 * 1_500 + 0.4 * 4_000 + 0.1 * 5_000, 1_500],
]

describe('a drawn delay', () => {
  it.each(CASES)('has the mean of its distribution: %s', (_, delay, mean, sd) => {
    const n = 100_000
    let sum = 0
    for (let i = 0; i < n; i++) sum += drawDelayUs(delay, seed, i, 0, 3)
    // Five standard errors, and half a microsecond of rounding.
    expect(Math.abs(sum / n - mean)).toBeLessThanOrEqual((5 * sd) / Math.sqrt(n) + 0.5)
  })

  it('must not change', () => {
    expect(
      CASES.map(([name, delay]) => [name, [0, 1, 2].map(i => drawDelayUs(delay, seed, i, 0, 0))]),
    ).toMatchInlineSnapshot(`
      [
        [
          "constant",
          [
            7000,
            7000,
            7000,
          ],
        ],
        [
          "uniform",
          [
            4736,
            4040,
            6069,
          ],
        ],
        [
          "normal",
          [
            9890,
            9588,
            10463,
          ],
        ],
        [
          "lognormal",
          [
            9463,
            8137,
            12603,
          ],
        ],
        [
          "exponential",
          [
            6089,
            4156,
            11339,
          ],
        ],
        [
          "empirical",
          [
            1890,
            1600,
            3891,
          ],
        ],
      ]
    `)
  })

  it('is never negative and always whole', () => {
    const wide: Delay = { kind: 'normal', meanUs: 10, sdUs: 1_000 }
    fc.assert(
      fc.property(fc.nat(), flow => {
        const us = drawDelayUs(wide, seed, flow, 0, 0)
        expect(Number.isSafeInteger(us) && us >= 0).toBe(true)
      }),
    )
  })
})

describe('quantiles', () => {
  it.each(CASES)('never fall: %s', (_, delay) => {
    const fractions = Array.from({ length: 999 }, (__, i) => (i + 1) / 1000)
    const values = fractions.map(f => delayAtUs(delay, f))
    expect(values).toEqual(values.toSorted((a, b) => a - b))
  })

  it('are those that were asked for', () => {
    const latency = lognormalDelay(10_000, 100_000)
    expect([delayAtUs(latency, 0.5), delayAtUs(latency, 0.99)]).toEqual([10_000, 100_000])
    expect(delayAtUs({ kind: 'exponential', meanUs: 1_000_000 }, 0.5)).toBe(Math.round(1e6 * Math.LN2))
    expect([0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99].map(f => delayAtUs(EMPIRICAL, f))).toEqual([
      1_000, 1_000, 1_500, 2_000, 4_000, 5_000, 5_000,
    ])
    expect(delayAtUs(lognormalDelay(5_000, 5_000), 0.999)).toBe(5_000)
    expect(delayAtUs({ kind: 'empirical', points: [{ fraction: 0.5, us: 9 }] }, 0.01)).toBe(9)
  })
})
