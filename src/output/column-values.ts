/** Reading columns of result tables by name. A table or column that is not there is a broken invariant: check-tables.ts has been passed. */
import type { ColumnTable } from '../arrow/column-table.ts'

export function tableNamed(tables: readonly ColumnTable[], name: string): ColumnTable {
  const table = tables.find(t => t.name === name)
  if (table === undefined) throw new Error(`no table ${name}`)
  return table
}

export function numbersOf(table: ColumnTable, name: string): ArrayLike<number> {
  const column = table.columns.find(c => c.name === name)
  if (column === undefined || column.type === 'utf8' || column.type === 'dictionary' || column.type === 'bool')
    throw new Error(`${table.name} has no column of numbers called ${name}`)
  return column.values
}

export function textsOf(table: ColumnTable, name: string): readonly string[] {
  const column = table.columns.find(c => c.name === name)
  if (column?.type !== 'utf8' && column?.type !== 'dictionary')
    throw new Error(`${table.name} has no column of texts called ${name}`)
  return column.values
}

export function totalOf(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]
  return total
}
