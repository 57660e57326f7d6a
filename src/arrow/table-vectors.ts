/**
 * A ColumnTable as Arrow fields and vectors, and back. Fixed-width columns are passed on as they are, without a copy; text, truth
 * values, 64-bit whole numbers and nulls are laid out here. Unit and description of a column go into its field.
 */
import type { ArrowBatch, ArrowField, ArrowType, ArrowValues, ArrowVector, LaidOutTexts } from './arrow-vector.ts'
import { isNull, isTrue } from './arrow-vector.ts'
import { type Column, type ColumnTable, lengthOfColumn } from './column-table.ts'
import { type PooledTexts, runEnd } from './pooled-texts.ts'
import { Utf8Builder, utf8Reader } from './utf8-column.ts'

/** A table cut into batches of `rowsPerBatch` rows, laid out one at a time: a batch is valid until the next. */
export function tableBatches(
  table: ColumnTable,
  rowsPerBatch: number,
): { fields: readonly ArrowField[]; batches: Iterable<ArrowBatch> } {
  const { name, columns, rowCount } = table
  for (const c of columns)
    if (lengthOfColumn(c) !== rowCount)
      throw new Error(`column ${name}.${c.name} has ${lengthOfColumn(c)} values for ${rowCount} rows`)
  const layouts = columns.map(layoutOf)
  const batches = function* (): Generator<ArrowBatch> {
    for (let from = 0; from < rowCount; from += rowsPerBatch) {
      const to = Math.min(rowCount, from + rowsPerBatch)
      yield { rowCount: to - from, vectors: layouts.map(l => l.vector(from, to)) }
    }
  }
  return {
    fields: columns.map(({ name, unit, description, type }, i) => ({
      name,
      type: layouts[i].type,
      nullable: type === 'float64',
      unit,
      description,
    })),
    batches: batches(),
  }
}

/** One column of a table from its field and the vectors of its batches; undefined when tables have no such type. */
export function columnOfVectors(
  { name, type, unit, description }: ArrowField,
  vectors: readonly ArrowVector[],
): Column | undefined {
  const head = { name, unit: unit ?? '', description: description ?? '' }
  const length = vectors.reduce((sum, v) => sum + v.length, 0)
  switch (type.kind) {
    case 'utf8':
      return { ...head, type: 'utf8', values: joinedList(vectors, length, utf8Reader) }
    case 'dictionary':
      return { ...head, type: 'dictionary', values: joinedList(vectors, length, wordReader) }
    case 'bool':
      return { ...head, type: 'bool', values: joinedList(vectors, length, v => row => isTrue(v, row)) }
    case 'uint8':
      return { ...head, type: 'uint8', values: joined(new Uint8Array(length), vectors, plainValues<Uint8Array>) }
    case 'uint16':
      return { ...head, type: 'uint16', values: joined(new Uint16Array(length), vectors, plainValues<Uint16Array>) }
    case 'uint32':
      return { ...head, type: 'uint32', values: joined(new Uint32Array(length), vectors, plainValues<Uint32Array>) }
    case 'int64':
      return {
        ...head,
        type: 'int64',
        values: joined(new Float64Array(length), vectors, v => int64ToFloat64(plainValues<BigInt64Array>(v))),
      }
    case 'float64':
      return { ...head, type: 'float64', values: joined(new Float64Array(length), vectors, numbersWithNaN) }
    default:
      return undefined
  }
}

function joinedList<T>(
  vectors: readonly ArrowVector[],
  length: number,
  reader: (vector: ArrowVector) => (row: number) => T,
): readonly T[] {
  const values = new Array<T>(length)
  let at = 0
  for (const vector of vectors) {
    const read = reader(vector)
    for (let row = 0; row < vector.length; row++) values[at++] = read(row)
  }
  return values
}

function joined<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(
  all: T,
  vectors: readonly ArrowVector[],
  valuesOf: (vector: ArrowVector) => T,
): T {
  let at = 0
  for (const vector of vectors) {
    all.set(valuesOf(vector), at)
    at += vector.length
  }
  return all
}

const plainValues = <T extends ArrowValues>(vector: ArrowVector): T => vector.values!.subarray(0, vector.length) as T

function wordReader(vector: ArrowVector): (row: number) => string {
  const words = vector.words!
  const indices = vector.values as Int8Array | Int32Array
  return row => words[indices[row]]
}

/** Nulls as NaN. */
function numbersWithNaN(vector: ArrowVector): Float64Array {
  const values = plainValues<Float64Array>(vector)
  if (vector.nullCount === 0) return values
  return values.map((value, row) => (isNull(vector, row) ? Number.NaN : value))
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

interface Layout {
  readonly type: ArrowType
  /** Of these rows. */
  vector(from: number, to: number): ArrowVector
}

function layoutOf(column: Column): Layout {
  const plain = (values: ArrowValues): ArrowVector => ({ length: values.length, nullCount: 0, values, children: [] })
  switch (column.type) {
    case 'utf8': {
      const builder = new Utf8Builder()
      return {
        type: { kind: 'utf8' },
        vector: (from, to) => {
          builder.reset()
          if (column.pooled === undefined) for (let row = from; row < to; row++) builder.push(column.values[row])
          else pushPooled(builder, column.pooled, from, to)
          return builder.vector()
        },
      }
    }
    case 'dictionary': {
      const { indices, words } = column.pooled === undefined ? wordsOf(column.values) : pooledWords(column.pooled)
      return {
        type: { kind: 'dictionary', words, indexBits: 32 },
        vector: (from, to) => plain(indices.subarray(from, to)),
      }
    }
    case 'bool':
      return {
        type: { kind: 'bool' },
        vector: (from, to) => ({ ...plain(bitsOf(column.values, from, to)), length: to - from }),
      }
    case 'int64':
      return { type: { kind: 'int64' }, vector: (from, to) => int64Vector(column.values.subarray(from, to)) }
    case 'float64':
      return {
        type: { kind: 'float64' },
        vector: (from, to) => {
          const values = column.values.subarray(from, to)
          return { ...plain(values), ...nullsOfNaN(values) }
        },
      }
    default:
      return { type: { kind: column.type }, vector: (from, to) => plain(column.values.subarray(from, to)) }
  }
}

interface Words {
  readonly words: readonly string[] | LaidOutTexts
  readonly indices: Int32Array
}

/** The distinct texts in order of appearance, and the place of each row's among them. */
function wordsOf(values: readonly string[]): Words {
  const places = new Map<string, number>()
  const indices = new Int32Array(values.length)
  for (let row = 0; row < values.length; row++) {
    const word = values[row]
    // Most columns of few words have runs of the same one.
    let place = row > 0 && word === values[row - 1] ? indices[row - 1] : places.get(word)
    if (place === undefined) {
      place = places.size
      places.set(word, place)
    }
    indices[row] = place
  }
  return { words: [...places.keys()], indices }
}

/** The same for texts that have numbers already. */
function pooledWords({ pool, numbers }: PooledTexts): Words {
  const places = new Int32Array(pool.texts.length).fill(-1)
  const used = new Uint32Array(pool.texts.length)
  const indices = new Int32Array(numbers.length)
  let count = 0
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row]
    if (places[number] < 0) {
      places[number] = count
      used[count++] = number
    }
    indices[row] = places[number]
  }
  const builder = new Utf8Builder()
  pushPooled(builder, { pool, numbers: used }, 0, count)
  return { words: builder.vector(), indices }
}

function pushPooled(
  builder: Utf8Builder,
  { pool, numbers }: Pick<PooledTexts, 'pool' | 'numbers'>,
  from: number,
  to: number,
): void {
  const utf8 = pool.utf8()
  for (let row = from; row < to; ) {
    const end = runEnd(numbers, row, to)
    builder.pushRows(utf8, numbers[row], numbers[row] + end - row)
    row = end
  }
}

function bitsOf(values: readonly boolean[], from: number, to: number): Uint8Array {
  const bits = new Uint8Array((to - from + 7) >> 3)
  for (let row = 0; row < to - from; row++) if (values[from + row]) bits[row >> 3] |= 1 << (row & 7)
  return bits
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
