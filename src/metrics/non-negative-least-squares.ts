/**
 * Least squares with weights that may not fall below 0: min |A x - b|, x >= 0. Cyclic coordinate descent on the normal equations, which
 * converges for any A; columns of zeros get 0. For dozens of unknowns, not thousands.
 */

/** Rows of equal length; `b` one value a row. */
export function nonNegativeLeastSquares(rows: readonly (readonly number[])[], b: readonly number[]): number[] {
  const size = rows[0]?.length ?? 0
  const gram = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0)),
  )
  const right = Array.from({ length: size }, (_, i) => rows.reduce((sum, row, r) => sum + row[i] * b[r], 0))
  const x = new Array<number>(size).fill(0)
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let moved = 0
    for (let i = 0; i < size; i++) {
      if (gram[i][i] === 0) continue
      let gradient = right[i]
      for (let j = 0; j < size; j++) gradient -= gram[i][j] * x[j]
      const next = Math.max(0, x[i] + gradient / gram[i][i])
      moved = Math.max(moved, Math.abs(next - x[i]) * Math.sqrt(gram[i][i]))
      x[i] = next
    }
    if (moved < TOLERANCE) break
  }
  return x
}

const MOST_SWEEPS = 200_000
/** Of what one unknown's step changes in the residual. */
const TOLERANCE = 1e-9
