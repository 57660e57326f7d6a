import { describe, expect, it } from 'vitest'
import { curveShares, priceAt } from './price.ts'

describe('a price', () => {
  const curve = [
    [1000, 2],
    [3000, 4],
    [10_000, 4.5],
  ] as const

  it('of one number is the same at every size', () => {
    for (const size of [0, 1, 1e9]) expect(priceAt(7, size)).toBe(7)
  })

  it('of a curve is straight between its points and flat outside', () => {
    for (const [size, ns] of [
      [0, 2],
      [1000, 2],
      [1500, 2.5],
      [2000, 3],
      [3000, 4],
      [10_000, 4.5],
      [1e9, 4.5],
    ])
      expect(priceAt(curve, size)).toBeCloseTo(ns, 12)
  })

  it('of a curve with one point is that point', () => {
    for (const size of [0, 5, 10]) expect(priceAt([[5, 3]], size)).toBe(3)
  })

  it('is the shares of its points, each at its price', () => {
    const sizes = curve.map(([size]) => size)
    for (const size of [0, 1000, 1200, 3000, 9999, 1e9])
      expect(curveShares(sizes, size).reduce((sum, [place, share]) => sum + share * curve[place][1], 0)).toBeCloseTo(
        priceAt(curve, size),
        12,
      )
  })
})
