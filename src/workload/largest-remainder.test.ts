import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { largestRemainder } from './largest-remainder.ts'

describe('largestRemainder', () => {
  it('gives what is left to the largest remainders, ties to the first', () => {
    expect([...largestRemainder(10, [1, 1, 1])]).toEqual([4, 3, 3])
    expect([...largestRemainder(10, [0.1, 0.5, 0.4])]).toEqual([1, 5, 4])
    expect([...largestRemainder(7, [5, 3, 2])]).toEqual([4, 2, 1])
  })

  it('gives nothing to weight 0, and nothing at all without weights', () => {
    expect([...largestRemainder(3, [0, 1, 0])]).toEqual([0, 3, 0])
    expect([...largestRemainder(3, [0, 0])]).toEqual([0, 0])
    expect([...largestRemainder(3, [])]).toEqual([])
  })

  it('adds up to the total and stays within one of each share', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (total, weights) => {
          const sum = weights.reduce((a, b) => a + b, 0)
          fc.pre(sum > 1e-6)
          const parts = largestRemainder(total, weights)
          expect(parts.reduce((a, b) => a + b, 0)).toBe(total)
          parts.forEach((part, i) => {
            expect(Math.abs(part - (total * weights[i]) / sum)).toBeLessThan(1.01)
          })
        },
      ),
    )
  })
})
