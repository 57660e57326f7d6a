/** Fields and vectors of ours from apache-arrow's, without a copy. */
import * as A from 'apache-arrow'
import type { ArrowField, ArrowType, ArrowVector } from '../arrow-vector.ts'

/** The field of a flat column; undefined for types that tables do not have. */
export function fieldOfArrow(field: A.Field): ArrowField | undefined {
  const kind = kindOfArrow(field.type)
  if (kind === undefined) return undefined
  return {
    name: field.name,
    type: kind === 'dictionary' ? { kind, words: [], indexBits: 32 } : { kind },
    nullable: field.nullable,
    unit: field.metadata.get('unit'),
    description: field.metadata.get('description'),
  }
}

function kindOfArrow(type: A.DataType): Exclude<ArrowType['kind'], 'list' | 'map' | 'struct'> | undefined {
  if (A.DataType.isUtf8(type)) return 'utf8'
  if (A.DataType.isBool(type)) return 'bool'
  if (A.DataType.isDictionary(type)) return A.DataType.isUtf8(type.dictionary) ? 'dictionary' : undefined
  if (A.DataType.isFloat(type)) return type.precision === A.Precision.DOUBLE ? 'float64' : undefined
  if (!A.DataType.isInt(type)) return undefined
  if (type.isSigned) return type.bitWidth === 64 ? 'int64' : undefined
  return type.bitWidth === 8 ? 'uint8' : type.bitWidth === 16 ? 'uint16' : type.bitWidth === 32 ? 'uint32' : undefined
}

export function vectorOfArrow(data: A.Data): ArrowVector {
  const { length, nullCount, nullBitmap, values, valueOffsets } = data
  const isMap = A.DataType.isMap(data.type)
  return {
    length,
    nullCount,
    ...(nullCount > 0 ? { validity: nullBitmap } : {}),
    values: values as ArrowVector['values'],
    offsets: valueOffsets as Int32Array,
    children: (isMap ? data.children[0].children : data.children).map(vectorOfArrow),
    ...(data.dictionary === undefined ? {} : { words: wordsOf(data.dictionary) }),
  }
}

/** Batches share their dictionaries: a list of words is made once. */
const words = new WeakMap<A.Vector, readonly string[]>()

function wordsOf(dictionary: A.Vector): readonly string[] {
  const known = words.get(dictionary)
  if (known !== undefined) return known
  const made = [...dictionary] as string[]
  words.set(dictionary, made)
  return made
}
