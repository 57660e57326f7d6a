/**
 * A table as columns with units: what every result becomes before it is written, hashed, summarised or drawn.
 * It is the shape of docs/arrow.md and of the field metadata in the files. Nothing here depends on the Arrow library.
 */
import type { PooledTexts } from './pooled-texts.ts'

export interface ColumnTable {
  /** File name without extension, as `endpoints`. */
  readonly name: string
  /** Of its columns, in the file's metadata: another version is another meaning. */
  readonly version: number
  readonly description: string
  readonly rowCount: number
  readonly columns: readonly Column[]
}

export type Column =
  /** Plain text. */
  | (ColumnHead & Texts & { readonly type: 'utf8' })
  /** Text of few distinct values, written as an Arrow dictionary. */
  | (ColumnHead & Texts & { readonly type: 'dictionary' })
  | (ColumnHead & { readonly type: 'bool'; readonly values: readonly boolean[] })
  | (ColumnHead & { readonly type: 'uint8'; readonly values: Uint8Array })
  | (ColumnHead & { readonly type: 'uint16'; readonly values: Uint16Array })
  | (ColumnHead & { readonly type: 'uint32'; readonly values: Uint32Array })
  /** Whole numbers beyond 32 bits, exact up to 2^53: written as Arrow Int64. */
  | (ColumnHead & { readonly type: 'int64'; readonly values: Float64Array })
  /** NaN is written as null: not defined for this row. */
  | (ColumnHead & { readonly type: 'float64'; readonly values: Float64Array })

interface Texts {
  readonly values: readonly string[]
  /** Where there are very many rows: the same texts, each held once. `values` is then made when it is asked for. */
  readonly pooled?: PooledTexts
}

export const lengthOfColumn = (column: Column): number =>
  'pooled' in column && column.pooled !== undefined ? column.pooled.length : column.values.length

interface ColumnHead {
  readonly name: string
  /** `connections`, `packets`, `rules`, `us`, `1` (a ratio), or empty for text. */
  readonly unit: string
  readonly description: string
}
