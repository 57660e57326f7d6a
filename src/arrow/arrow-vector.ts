/**
 * Arrow columns by their buffers: what the builders fill, the log reads and the IPC door moves. Nothing here depends on the Arrow
 * library. Layouts are those of the Arrow columnar format 1.5: validity bitmaps are least significant bit first (1 is valid),
 * list and text offsets are int32 with one more entry than rows.
 */

export interface ArrowField {
  readonly name: string
  readonly type: ArrowType
  readonly nullable: boolean
  /** Written as field metadata; empty ones are left out. */
  readonly unit?: string
  readonly description?: string
}

export type ArrowType =
  | { readonly kind: 'utf8' | 'bool' | 'uint8' | 'uint16' | 'uint32' | 'int64' | 'float64' }
  /** Text out of a fixed list of words, which a stream writes once, before its first batch. */
  | { readonly kind: 'dictionary'; readonly words: readonly string[] | LaidOutTexts; readonly indexBits: 8 | 32 }
  | { readonly kind: 'list'; readonly item: ArrowField }
  /** Text to text. */
  | { readonly kind: 'map' }
  | { readonly kind: 'struct'; readonly fields: readonly ArrowField[] }

/** A utf8 vector without nulls. */
export interface LaidOutTexts {
  readonly length: number
  readonly offsets: Int32Array
  readonly values: Uint8Array
}

export interface ArrowVector {
  readonly length: number
  readonly nullCount: number
  /** Absent when nothing is null. */
  readonly validity?: Uint8Array
  /** Fixed-width values, dictionary indices, the bits of `bool`, or the bytes of `utf8`. */
  readonly values?: ArrowValues
  /** Of `utf8`, `list` and `map`. */
  readonly offsets?: Int32Array
  /** One for a list, two (keys, values) for a map, one a field for a struct; empty otherwise. */
  readonly children: readonly ArrowVector[]
  /** The words that dictionary indices mean, as they were read. */
  readonly words?: readonly string[]
}

export type ArrowValues =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float64Array

/** Rows of several columns. */
export interface ArrowBatch {
  readonly rowCount: number
  readonly vectors: readonly ArrowVector[]
}

export const isNull = (vector: ArrowVector, row: number): boolean =>
  vector.validity !== undefined && ((vector.validity[row >> 3] >> (row & 7)) & 1) === 0

/** No rows of these columns. */
export function emptyBatch(fields: readonly ArrowField[]): ArrowBatch {
  return { rowCount: 0, vectors: fields.map(f => emptyVector(f.type)) }
}

function emptyVector(type: ArrowType): ArrowVector {
  const none = { length: 0, nullCount: 0, children: [] }
  switch (type.kind) {
    case 'utf8':
      return { ...none, offsets: new Int32Array(1), values: new Uint8Array(0) }
    case 'bool':
    case 'uint8':
      return { ...none, values: new Uint8Array(0) }
    case 'uint16':
      return { ...none, values: new Uint16Array(0) }
    case 'uint32':
      return { ...none, values: new Uint32Array(0) }
    case 'int64':
      return { ...none, values: new BigInt64Array(0) }
    case 'float64':
      return { ...none, values: new Float64Array(0) }
    case 'dictionary':
      return { ...none, values: type.indexBits === 8 ? new Int8Array(0) : new Int32Array(0) }
    case 'list':
      return { ...none, offsets: new Int32Array(1), children: [emptyVector(type.item.type)] }
    case 'map':
      return {
        ...none,
        offsets: new Int32Array(1),
        children: [emptyVector({ kind: 'utf8' }), emptyVector({ kind: 'utf8' })],
      }
    case 'struct':
      return { ...none, children: type.fields.map(f => emptyVector(f.type)) }
  }
}

/** Whether bit `row` of a bool vector is set. */
export const isTrue = (vector: ArrowVector, row: number): boolean =>
  (((vector.values as Uint8Array)[row >> 3] >> (row & 7)) & 1) === 1
