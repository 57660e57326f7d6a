/** Fields and batches of ours as apache-arrow's. Buffers are handed over as they are (makeData copies nothing). */
import * as A from 'apache-arrow'
import type { ArrowBatch, ArrowField, ArrowType, ArrowVector, LaidOutTexts } from '../arrow-vector.ts'
import { Utf8Builder } from '../utf8-column.ts'

/** An Arrow schema with the dictionaries that its batches share. */
export class IpcSchema {
  readonly arrow: A.Schema
  /** By word list: equal lists by identity are one dictionary. */
  private readonly dictionaries = new Map<readonly string[] | LaidOutTexts, { type: A.Dictionary; vector: A.Vector }>()
  private readonly fields: readonly ArrowField[]

  constructor(fields: readonly ArrowField[], metadata: Readonly<Record<string, string>>) {
    this.fields = fields
    this.arrow = new A.Schema(
      fields.map(f => this.field(f)),
      new Map(Object.entries(metadata)),
    )
  }

  recordBatch(batch: ArrowBatch): A.RecordBatch {
    const children = this.fields.map((f, i) => this.toArrow(f.type, this.arrow.fields[i].type, batch.vectors[i]))
    const type = new A.Struct(this.arrow.fields)
    return new A.RecordBatch(this.arrow, A.makeData({ type, length: batch.rowCount, nullCount: 0, children }))
  }

  private field(field: ArrowField): A.Field {
    const metadata = new Map<string, string>()
    if (field.unit) metadata.set('unit', field.unit)
    if (field.description) metadata.set('description', field.description)
    return new A.Field(field.name, this.type(field.type), field.nullable, metadata)
  }

  private type(type: ArrowType): A.DataType {
    switch (type.kind) {
      case 'utf8':
        return new A.Utf8()
      case 'bool':
        return new A.Bool()
      case 'uint8':
        return new A.Uint8()
      case 'uint16':
        return new A.Uint16()
      case 'uint32':
        return new A.Uint32()
      case 'int64':
        return new A.Int64()
      case 'float64':
        return new A.Float64()
      case 'dictionary':
        return this.dictionary(type).type
      case 'list':
        return new A.List(this.field(type.item))
      case 'map':
        return new A.Map_(MAP_ENTRIES)
      case 'struct':
        return new A.Struct(type.fields.map(f => this.field(f)))
    }
  }

  private dictionary(type: ArrowType & { kind: 'dictionary' }): { type: A.Dictionary; vector: A.Vector } {
    const known = this.dictionaries.get(type.words)
    if (known !== undefined) return known
    const index = type.indexBits === 8 ? new A.Int8() : new A.Int32()
    const made = {
      type: new A.Dictionary(new A.Utf8(), index, this.dictionaries.size),
      vector: wordVector('offsets' in type.words ? type.words : laidOut(type.words)),
    }
    this.dictionaries.set(type.words, made)
    return made
  }

  private toArrow(type: ArrowType, arrow: A.DataType, vector: ArrowVector): A.Data {
    const { length, nullCount, validity, values, offsets } = vector
    const common = { type: arrow, length, nullCount, nullBitmap: validity }
    // makeData's overloads want the precise class of `type`; the switch above this file's types is what keeps them in step.
    const make = (rest: object): A.Data =>
      A.makeData({ ...common, ...rest } as Parameters<typeof A.makeData>[0]) as A.Data
    switch (type.kind) {
      case 'utf8':
        return make({ valueOffsets: offsets, data: values })
      case 'dictionary':
        return make({ data: values, dictionary: this.dictionary(type).vector })
      case 'list':
        return make({
          valueOffsets: offsets,
          child: this.toArrow(type.item.type, arrow.children[0].type, vector.children[0]),
        })
      case 'map': {
        const text: ArrowType = { kind: 'utf8' }
        const pair = arrow.children[0].type as A.Struct
        const children = vector.children.map((c, i) => this.toArrow(text, pair.children[i].type, c))
        const child = A.makeData({ type: pair, length: vector.children[0].length, nullCount: 0, children })
        return make({ valueOffsets: offsets, child })
      }
      case 'struct':
        return make({
          children: type.fields.map((f, i) => this.toArrow(f.type, arrow.children[i].type, vector.children[i])),
        })
      default:
        return make({ data: values })
    }
  }
}

function laidOut(words: readonly string[]): LaidOutTexts {
  const builder = new Utf8Builder()
  for (const word of words) builder.push(word)
  return builder.vector()
}

const wordVector = ({ length, offsets, values }: LaidOutTexts): A.Vector<A.Utf8> =>
  new A.Vector([A.makeData({ type: new A.Utf8(), length, nullCount: 0, valueOffsets: offsets, data: values })])

const MAP_ENTRIES = new A.Field(
  'entries',
  new A.Struct<{ key: A.Utf8; value: A.Utf8 }>([
    new A.Field('key', new A.Utf8(), false),
    new A.Field('value', new A.Utf8(), false),
  ]),
  false,
)
