import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nonNegativeLeastSquares } from './non-negative-least-squares.ts'

describe('non-negative least squares', () => {
  it('of nothing is nothing', () => {
    expect(nonNegativeLeastSquares([], [])).toEqual([])
  })

  it('finds weights that fit exactly', () => {
    const rows = [
      [1, 0, 0],
      [1, 10, 0],
      [1, 0, 3],
      [1, 10, 3],
    ]
    const found = nonNegativeLeastSquares(rows, [5, 25, 11, 31])
    for (const [i, weight] of [5, 2, 2].entries()) expect(found[i]).toBeCloseTo(weight, 6)
  })

  it('lets none fall below 0, and a column of zeros is 0', () => {
    expect(
      nonNegativeLeastSquares(
        [
          [1, 0],
          [1, 0],
        ],
        [-3, -5],
      ),
    ).toEqual([0, 0])
  })

  it('is not beaten by weights near by', () => {
    const cell = fc.double({ min: 0, max: 10, noNaN: true })
    const problem = fc.record({
      rows: fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 }),
      right: fc.array(cell, { minLength: 8, maxLength: 8 }),
      step: fc.tuple(...Array.from({ length: 3 }, () => fc.double({ min: -0.5, max: 0.5, noNaN: true }))),
    })
    fc.assert(
      fc.property(problem, ({ rows, right, step }) => {
        const b = right.slice(0, rows.length)
        const residual = (x: readonly number[]): number =>
          rows.reduce((sum, row, r) => sum + (row.reduce((s, a, i) => s + a * x[i], 0) - b[r]) ** 2, 0)
        const found = nonNegativeLeastSquares(rows, b)
        expect(found.every(x => x >= 0)).toBe(true)
        const near = found.map((x, i) => Math.max(0, x + step[i]))
        expect(residual(found)).toBeLessThanOrEqual(residual(near) + 1e-6)
      }),
    )
  })
})
