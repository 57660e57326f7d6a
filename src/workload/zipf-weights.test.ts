import { describe, expect, it } from 'vitest'
import { zipfWeights } from './zipf-weights.ts'

describe('zipfWeights', () => {
  it('is uniform at exponent 0', () => {
    expect([...zipfWeights(4, 0)]).toEqual([1, 1, 1, 1])
  })

  it('is 1/k at exponent 1 and 1/k^2 at 2', () => {
    expect([...zipfWeights(4, 1)]).toEqual([1, 1 / 2, 1 / 3, 1 / 4])
    expect([...zipfWeights(3, 2)]).toEqual([1, 1 / 4, 1 / 9])
  })

  it('is within 1e-10 of k^-s for broken exponents', () => {
    for (const exponent of [0.1, 0.5, 0.99, 1.1, 2.75, 5])
      for (const [i, weight] of zipfWeights(200, exponent).entries())
        expect(Math.abs(weight * (i + 1) ** exponent - 1)).toBeLessThan(1e-10)
  })

  it('must not change', () => {
    expect([...zipfWeights(5, 1.1)]).toMatchInlineSnapshot(`
      [
        1,
        0.4665164957685803,
        0.29865281994709986,
        0.21763764082419573,
        0.17026798450430644,
      ]
    `)
  })

  it('is empty for no items', () => {
    expect(zipfWeights(0, 1)).toHaveLength(0)
  })
})
