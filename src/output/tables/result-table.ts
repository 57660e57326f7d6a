/**
 * What a table of results looks like, declared once: its columns with type, unit and meaning, and its version. Files carry it as
 * metadata, docs/arrow.md shows it, and a test holds the version against testdata/arrow-schemas.json: whoever changes a name, type or
 * unit, the order of columns, or what one means, raises the version, so that a reader of older files says so instead of reading them wrong.
 */
import { type Column, type ColumnTable, lengthOfColumn } from '../../arrow/column-table.ts'
import { PooledTexts } from '../../arrow/pooled-texts.ts'
import { rounded } from '../rounded.ts'

export interface TableSchema {
  /** File name without extension. */
  readonly name: string
  readonly version: number
  readonly description: string
  readonly columns: Readonly<Record<string, ColumnSchema>>
}

export interface ColumnSchema<T extends Column['type'] = Column['type']> {
  readonly type: T
  readonly unit: string
  readonly description: string
  /** Whether a run may have no such column. */
  readonly optional?: true
}

/** What one run knows better than the schema: as what was swept. */
export interface Particulars {
  readonly description?: string
  readonly units?: Readonly<Record<string, string>>
}

type Columns = Readonly<Record<string, ColumnSchema>>
type ValuesOf<C extends Columns> = {
  readonly [K in keyof C]:
    | Extract<Column, { type: C[K]['type'] }>['values']
    | (C[K]['type'] extends 'utf8' | 'dictionary' ? PooledTexts : never)
}

export interface ResultTable<Source> {
  readonly schema: TableSchema
  of(source: Source): ColumnTable
}

/** `values` may have more keys than columns. Ratios are rounded here, so that equal runs have equal columns on every machine. */
export function resultTable<Source, C extends Columns>(
  schema: TableSchema & { readonly columns: C },
  values: (source: Source) => ValuesOf<C>,
  particulars: (source: Source) => Particulars = () => ({}),
): ResultTable<Source> {
  return {
    schema,
    of: source => {
      const valuesByName = values(source)
      const own = particulars(source)
      const columns = Object.entries(schema.columns).flatMap(([name, { type, unit, description, optional }]) => {
        const given = valuesByName[name]
        if (given === undefined && optional) return []
        const head = { name, type, unit: own.units?.[name] ?? unit, description }
        return [
          (given instanceof PooledTexts ? pooledColumn(head, given) : { ...head, values: written(given) }) as Column,
        ]
      })
      const { name, version, description = schema.description } = { ...schema, ...own }
      return { name, version, description, rowCount: rowCountOf(name, columns), columns }
    },
  }
}

const written = (values: Column['values']): Column['values'] =>
  values instanceof Float64Array ? values.map(rounded) : values

/** Its `values` are made when they are asked for, and then kept. `pooled` is not enumerable: a copy with other values has it no more. */
function pooledColumn(head: Omit<Column, 'values'>, pooled: PooledTexts): object {
  let made: readonly string[] | undefined
  const column = {
    ...head,
    get values() {
      made ??= pooled.toArray()
      return made
    },
  }
  return Object.defineProperty(column, 'pooled', { value: pooled })
}

function rowCountOf(table: string, columns: readonly Column[]): number {
  const rowCount = lengthOfColumn(columns[0])
  const odd = columns.find(c => lengthOfColumn(c) !== rowCount)
  if (odd !== undefined)
    throw new Error(`${table}.${odd.name} has ${lengthOfColumn(odd)} rows where others have ${rowCount}`)
  return rowCount
}

/** Any text. */
export const text = (description: string): ColumnSchema<'utf8'> => ({ type: 'utf8', unit: '', description })

/** Text of few distinct values. */
export const words = (description: string): ColumnSchema<'dictionary'> => ({
  type: 'dictionary',
  unit: '',
  description,
})

export const byte = (unit: string, description: string): ColumnSchema<'uint8'> => ({ type: 'uint8', unit, description })

export const port = (description: string): ColumnSchema<'uint16'> => ({ type: 'uint16', unit: 'port', description })

/** A whole number below 2^32. */
export const count = (unit: string, description: string): ColumnSchema<'uint32'> => ({
  type: 'uint32',
  unit,
  description,
})

/** A whole number below 2^53. */
export const whole = (unit: string, description: string): ColumnSchema<'int64'> => ({
  type: 'int64',
  unit,
  description,
})

/** Any number; null where it is not defined. */
export const ratio = (unit: string, description: string): ColumnSchema<'float64'> => ({
  type: 'float64',
  unit,
  description,
})

export const optional = <T extends Column['type']>(column: ColumnSchema<T>): ColumnSchema<T> => ({
  ...column,
  optional: true,
})
