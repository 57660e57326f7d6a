/**
 * A table as columns with units: what every result becomes before it is written, hashed, summarised or drawn.
 * It is the shape of docs/arrow.md and of the field metadata in the files. Nothing here depends on the Arrow library.
 */
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
  | (ColumnHead & { readonly type: 'utf8'; readonly values: readonly string[] })
  /** Text of few distinct values, written as an Arrow dictionary. */
  | (ColumnHead & { readonly type: 'dictionary'; readonly values: readonly string[] })
  | (ColumnHead & { readonly type: 'bool'; readonly values: readonly boolean[] })
  | (ColumnHead & { readonly type: 'uint8'; readonly values: Uint8Array })
  | (ColumnHead & { readonly type: 'uint16'; readonly values: Uint16Array })
  | (ColumnHead & { readonly type: 'uint32'; readonly values: Uint32Array })
  /** Whole numbers beyond 32 bits, exact up to 2^53: written as Arrow Int64. */
  | (ColumnHead & { readonly type: 'int64'; readonly values: Float64Array })
  /** NaN is written as null: not defined for this row. */
  | (ColumnHead & { readonly type: 'float64'; readonly values: Float64Array })

interface ColumnHead {
  readonly name: string
  /** `connections`, `packets`, `rules`, `us`, `1` (a ratio), or empty for text. */
  readonly unit: string
  readonly description: string
}
