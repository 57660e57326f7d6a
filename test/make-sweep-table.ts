/** A sweep's table of these columns alone, for tests of what is said of one. */
import type { ColumnTable } from '../src/arrow/column-table.ts'

export function makeSweepTable(columns: Readonly<Record<string, readonly number[]>>): ColumnTable {
  const made = Object.entries(columns).map(
    ([name, values]) =>
      ({ name, type: 'float64', unit: '1', description: '', values: Float64Array.from(values) }) as const,
  )
  return { name: 'sweep', version: 1, description: '', rowCount: made[0].values.length, columns: made }
}
