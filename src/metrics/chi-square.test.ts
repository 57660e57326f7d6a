import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chiSquareTail } from './chi-square.ts'

describe('chiSquareTail', () => {
  it.each([
    // Critical values of Abramowitz and Stegun, table 26.8, and values computed with 40 digits (mpmath's gammainc).
    [0.5, 1, 0.4795001221869535],
    [3.841458820694124, 1, 0.05],
    [10.827566170662733, 1, 0.001],
    [18.307038053275146, 10, 0.05],
    [5.0, 7, 0.6599632296942827],
    [124.3421134, 100, 0.05000000002527232],
    [99.3341292, 100, 0.5000000010191834],
    [1500, 1000, 1.0454640385979657e-22],
    [4999, 4999, 0.4973401128891531],
    [5300, 4999, 0.001545430513331123],
    [81999, 81999, 0.4993432507435874],
    [83000, 81999, 0.0068800511783676096],
    [300, 3, 9.94875834632771e-65],
    [1400, 2, 9.859676543759771e-305],
    [1e-8, 1, 0.9999202115440526],
  ])('of %d with %d degrees of freedom is %d', (statistic, df, expected) => {
    expect(Math.abs(chiSquareTail(statistic, df) / expected - 1)).toBeLessThan(1e-10)
  })

  it('is 1 at nothing, 0 at infinity, and undefined without degrees of freedom', () => {
    expect([chiSquareTail(0, 4), chiSquareTail(Infinity, 4), chiSquareTail(1, 0), chiSquareTail(NaN, 4)]).toEqual([
      1,
      0,
      NaN,
      NaN,
    ])
  })

  it('has a closed form for even degrees of freedom: e^-x/2 times the first terms of its series', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0.01, max: 400, noNaN: true }),
        (half, statistic) => {
          let term = 1
          let sum = 0
          for (let k = 0; k < half; k++) {
            sum += term
            term *= statistic / 2 / (k + 1)
          }
          expect(Math.abs(chiSquareTail(statistic, 2 * half) / (Math.exp(-statistic / 2) * sum) - 1)).toBeLessThan(
            1e-11,
          )
        },
      ),
    )
  })

  it('falls as the statistic rises', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.double({ min: 0, max: 3, noNaN: true }), (df, ratio) => {
        expect(chiSquareTail(df * ratio * 1.01 + 0.01, df)).toBeLessThanOrEqual(chiSquareTail(df * ratio, df))
      }),
    )
  })

  it('keeps its bits', () => {
    expect([chiSquareTail(1, 1), chiSquareTail(12, 9), chiSquareTail(1_050, 999)]).toMatchInlineSnapshot(`
      [
        0.3173105078629148,
        0.21330930508341628,
        0.1277773459816184,
      ]
    `)
  })
})
