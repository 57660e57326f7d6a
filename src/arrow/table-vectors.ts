/**
 * A ColumnTable as Arrow fields and vectors, and back. Fixed-width columns are passed on as they are, without a copy; text, truth
 * values, 64-bit whole numbers and nulls are laid out here. Unit and description of a column go into its field.
 */
import type { ArrowBatch, ArrowField, ArrowType, ArrowVector } from './arrow-vector.ts'
import { isNull, isTrue } from './arrow-vector.ts'
import type { Column, ColumnTable } from './column-table.ts'
import { Utf8Builder, utf8Reader } from './utf8-column.ts'

export function tableToVectors(table: ColumnTable): { fields: readonly ArrowField[]; batch: ArrowBatch } {
  for (const c of table.columns)
    if (c.values.length !== table.rowCount)
      throw new Error(`column ${table.name}.${c.name} has ${c.values.length} values for ${table.rowCount} rows`)
  const laidOut = table.columns.map(layOut)
  return {
    fields: table.columns.map((c, i) => ({
      name: c.name,
      type: laidOut[i].type,
      nullable: c.type === 'float64',
      unit: c.unit,
      description: c.description,
    })),
    batch: { rowCount: table.rowCount, vectors: laidOut.map(l => l.vector) },
  }
}

/** One column of a table from its field and vector; undefined when the field is of a type that tables do not have. */
export function columnOfVector(field: ArrowField, vector: ArrowVector): Column | undefined {
  const head = { name: field.name, unit: field.unit ?? '', description: field.description ?? '' }
  const { length } = vector
  switch (field.type.kind) {
    case 'utf8': {
      const text = utf8Reader(vector)
      return { ...head, type: 'utf8', values: Array.from({ length }, (_, row) => text(row)) }
    }
    case 'dictionary': {
      const words = vector.words!
      const indices = vector.values as Int8Array | Int32Array
      return { ...head, type: 'dictionary', values: Array.from({ length }, (_, row) => words[indices[row]]) }
    }
    case 'bool':
      return { ...head, type: 'bool', values: Array.from({ length }, (_, row) => isTrue(vector, row)) }
    case 'uint8':
      return { ...head, type: 'uint8', values: vector.values!.subarray(0, length) as Uint8Array }
    case 'uint16':
      return { ...head, type: 'uint16', values: vector.values!.subarray(0, length) as Uint16Array }
    case 'uint32':
      return { ...head, type: 'uint32', values: vector.values!.subarray(0, length) as Uint32Array }
    case 'int64':
      return { ...head, type: 'int64', values: int64ToFloat64(vector.values!.subarray(0, length) as BigInt64Array) }
    case 'float64': {
      const values = Float64Array.from(vector.values!.subarray(0, length) as Float64Array)
      if (vector.nullCount > 0) for (let row = 0; row < length; row++) if (isNull(vector, row)) values[row] = Number.NaN
      return { ...head, type: 'float64', values }
    }
    default:
      return undefined
  }
}

/** A column of 64-bit whole numbers without nulls. */
export const int64Vector = (values: ArrayLike<number>): ArrowVector => ({
  length: values.length,
  nullCount: 0,
  values: float64ToInt64(values),
  children: [],
})

/** Whole numbers below 2^53 as 64-bit words, without a BigInt a value. */
export function float64ToInt64(values: ArrayLike<number>): BigInt64Array<ArrayBuffer> {
  const words = new Int32Array(values.length * 2)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (!Number.isSafeInteger(value)) throw new Error(`${value} is no whole number below 2^53`)
    words[2 * i] = value
    words[2 * i + 1] = Math.floor(value / 0x1_0000_0000)
  }
  return new BigInt64Array(words.buffer)
}

export function int64ToFloat64(values: BigInt64Array): Float64Array<ArrayBuffer> {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  const numbers = new Float64Array(values.length)
  for (let i = 0; i < numbers.length; i++) numbers[i] = words[2 * i + 1] * 0x1_0000_0000 + (words[2 * i] >>> 0)
  return numbers
}

function layOut(column: Column): { type: ArrowType; vector: ArrowVector } {
  const { length } = column.values
  const plain = { length, nullCount: 0, children: [] }
  switch (column.type) {
    case 'utf8':
      return { type: { kind: 'utf8' }, vector: textVector(column.values) }
    case 'dictionary': {
      const places = new Map<string, number>()
      const values = new Int32Array(length)
      for (let row = 0; row < length; row++) {
        const word = column.values[row]
        // Most columns of few words have runs of the same one.
        let place = row > 0 && word === column.values[row - 1] ? values[row - 1] : places.get(word)
        if (place === undefined) {
          place = places.size
          places.set(word, place)
        }
        values[row] = place
      }
      return { type: { kind: 'dictionary', words: [...places.keys()], indexBits: 32 }, vector: { ...plain, values } }
    }
    case 'bool': {
      const values = new Uint8Array((length + 7) >> 3)
      for (let row = 0; row < length; row++) if (column.values[row]) values[row >> 3] |= 1 << (row & 7)
      return { type: { kind: 'bool' }, vector: { ...plain, values } }
    }
    case 'int64':
      return { type: { kind: 'int64' }, vector: int64Vector(column.values) }
    case 'float64':
      return { type: { kind: 'float64' }, vector: { ...plain, values: column.values, ...nullsOfNaN(column.values) } }
    default:
      return { type: { kind: column.type }, vector: { ...plain, values: column.values } }
  }
}

function textVector(values: readonly string[]): ArrowVector {
  const builder = new Utf8Builder()
  for (const value of values) builder.push(value)
  return builder.vector()
}

function nullsOfNaN(values: Float64Array): Pick<ArrowVector, 'nullCount' | 'validity'> {
  let nullCount = 0
  const validity = new Uint8Array((values.length + 7) >> 3)
  for (let row = 0; row < values.length; row++) {
    if (Number.isNaN(values[row])) nullCount++
    else validity[row >> 3] |= 1 << (row & 7)
  }
  return nullCount === 0 ? { nullCount } : { nullCount, validity }
}
