/**
 * The door to apache-arrow: tables to IPC files and back, batches to and from a growing IPC stream. This file alone imports it.
 *
 * Buffers are handed over as they are (makeData copies nothing). Nothing is compressed: apache-arrow 21.2 writes a wrong length in
 * front of compressed buffers, which Arrow C++ and Rust refuse. Its Node stream has no back-pressure, so bytes are gathered from a
 * synchronous sink instead. A stream has no end mark: it may always grow, and readers take the end of the file for it.
 */
import * as A from 'apache-arrow'
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../problem/problem.ts'
import { badInput } from '../problem/problem.ts'
import type { ArrowBatch, ArrowField, ArrowType, ArrowVector } from './arrow-vector.ts'
import { emptyBatch } from './arrow-vector.ts'
import type { Column, ColumnTable } from './column-table.ts'
import { columnOfVector, tableToVectors } from './table-vectors.ts'

/** Of the files' layout; rises when a column changes its meaning or goes away. */
export const ARROW_SCHEMA_VERSION = '1'

const VERSION_KEY = 'svcsim.schema_version'
const TABLE_KEY = 'svcsim.table'
const DESCRIPTION_KEY = 'svcsim.description'

/** The bytes of an Arrow IPC file of one batch. `metadata` joins the table's name, description and the schema version in the schema. */
export function writeArrowFile(table: ColumnTable, metadata: Readonly<Record<string, string>>): Uint8Array {
  const { fields, batch } = tableToVectors(table)
  const schema = new SchemaOf(fields, { ...metadata, [TABLE_KEY]: table.name, [DESCRIPTION_KEY]: table.description })
  const sink = new ByteGatherer()
  const writer = new WholeFileWriter()
  writer.reset(sink, schema.arrow)
  writer.write(schema.recordBatch(batch))
  writer.close()
  return sink.take()
}

/** A table and its schema metadata from the bytes of an Arrow IPC file (or stream); `file` is named in a Problem. */
export function readArrowFile(
  bytes: Uint8Array,
  file: string,
): E.Either<Problem, { readonly table: ColumnTable; readonly metadata: ReadonlyMap<string, string> }> {
  const damaged = (what: string) =>
    E.left(badInput({ file }, what, 'give an Arrow file that svcsim wrote, or make it anew'))
  try {
    const { schema, batches, numRows } = A.tableFromIPC(bytes)
    const version = schema.metadata.get(VERSION_KEY)
    if (version !== ARROW_SCHEMA_VERSION)
      return damaged(`its ${VERSION_KEY} is ${version ?? 'absent'}, not ${ARROW_SCHEMA_VERSION}`)
    if (batches.length > 1) return damaged(`it holds ${batches.length} record batches, not one`)
    const columns: Column[] = []
    for (const [i, field] of schema.fields.entries()) {
      const neutral = fieldOfArrow(field)
      const column =
        neutral === undefined || batches.length === 0
          ? undefined
          : columnOfVector(neutral, vectorOfArrow(batches[0].data.children[i]))
      if (column === undefined) return damaged(`column ${field.name} has the type ${field.type}`)
      columns.push(column)
    }
    const { metadata } = schema
    const name = metadata.get(TABLE_KEY) ?? ''
    const table = { name, description: metadata.get(DESCRIPTION_KEY) ?? '', rowCount: numRows, columns }
    return E.right({ table, metadata })
  } catch (cause) {
    return damaged(`it is no readable Arrow file (${cause instanceof Error ? cause.message : String(cause)})`)
  }
}

/** Encodes batches of one schema for a stream whose `head` (schema and dictionaries) stands before the first of them. */
export interface StreamEncoder {
  readonly head: Uint8Array
  /** One record batch message. */
  encode(batch: ArrowBatch): Uint8Array
}

export function streamEncoder(
  fields: readonly ArrowField[],
  metadata: Readonly<Record<string, string>>,
): StreamEncoder {
  const schema = new SchemaOf(fields, metadata)
  const sink = new ByteGatherer()
  const writer = new HeadFirstWriter()
  writer.reset(sink, schema.arrow)
  writer.writeDictionaries(schema.recordBatch(emptyBatch(fields)))
  return {
    head: sink.take(),
    encode: batch => {
      writer.write(schema.recordBatch(batch))
      return sink.take()
    },
  }
}

/** Decodes batches, one message at a time and in any order, of a stream that starts with `head`. Throws on bytes that are none. */
export function streamDecoder(head: Uint8Array): (message: Uint8Array) => ArrowBatch {
  let next = head
  // The reader looks for more bytes before it takes the last ones it has: once it is told that there are none yet, then that it is over.
  const messages = function* (): Generator<Uint8Array> {
    while (next.length > 0) {
      const bytes = next
      next = new Uint8Array(0)
      yield bytes
      if (next.length === 0) yield next
    }
  }
  const reader = A.RecordBatchReader.from(messages()) as A.RecordBatchStreamReader
  reader.open({ autoDestroy: false })
  return message => {
    next = message
    const { value, done } = reader.next()
    if (done === true) throw new Error('the bytes hold no record batch')
    const batch = value as A.RecordBatch
    return { rowCount: batch.numRows, vectors: batch.data.children.map(vectorOfArrow) }
  }
}

/** Bytes as the writer gives them, kept until they are taken as one array. */
class ByteGatherer extends A.AsyncByteQueue {
  private chunks: Uint8Array[] = []
  private byteCount = 0

  override write(chunk: Parameters<A.AsyncByteQueue['write']>[0]): void {
    const bytes = chunk as Uint8Array
    if (bytes.byteLength === 0) return
    this.chunks.push(bytes)
    this.byteCount += bytes.byteLength
  }

  take(): Uint8Array {
    const all = new Uint8Array(this.byteCount)
    let at = 0
    for (const chunk of this.chunks) {
      all.set(chunk, at)
      at += chunk.byteLength
    }
    this.chunks = []
    this.byteCount = 0
    return all
  }
}

/**
 * The format wants a whole stream between the magic and the footer; apache-arrow leaves the stream's schema message out, and readers
 * that take the file for a stream then fail.
 */
class WholeFileWriter extends A.RecordBatchFileWriter {
  protected override _writeSchema(schema: A.Schema): this {
    super._writeSchema(schema)
    return this._writeMessage(A.Message.from(schema))
  }
}

/** Writes the dictionaries before the first batch, so that every batch is one message. */
class HeadFirstWriter extends A.RecordBatchStreamWriter {
  writeDictionaries(batch: A.RecordBatch): void {
    this._writeDictionaries(batch)
  }
}

/** An Arrow schema with the dictionaries that its batches share. */
class SchemaOf {
  readonly arrow: A.Schema
  /** By word list: equal lists by identity are one dictionary. */
  private readonly dictionaries = new Map<readonly string[], { type: A.Dictionary; vector: A.Vector }>()
  private readonly fields: readonly ArrowField[]

  constructor(fields: readonly ArrowField[], metadata: Readonly<Record<string, string>>) {
    this.fields = fields
    this.arrow = new A.Schema(
      fields.map(f => this.field(f)),
      new Map([...Object.entries(metadata), [VERSION_KEY, ARROW_SCHEMA_VERSION]]),
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
      vector: A.vectorFromArray([...type.words], new A.Utf8()),
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

const MAP_ENTRIES = new A.Field(
  'entries',
  new A.Struct<{ key: A.Utf8; value: A.Utf8 }>([
    new A.Field('key', new A.Utf8(), false),
    new A.Field('value', new A.Utf8(), false),
  ]),
  false,
)

/** The field of a flat column; undefined for types that tables do not have. */
function fieldOfArrow(field: A.Field): ArrowField | undefined {
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

function vectorOfArrow(data: A.Data): ArrowVector {
  const { length, nullCount, nullBitmap, values, valueOffsets } = data
  const isMap = A.DataType.isMap(data.type)
  return {
    length,
    nullCount,
    ...(nullCount > 0 ? { validity: nullBitmap } : {}),
    values: values as ArrowVector['values'],
    offsets: valueOffsets as Int32Array,
    children: (isMap ? data.children[0].children : data.children).map(vectorOfArrow),
    ...(data.dictionary === undefined ? {} : { words: [...data.dictionary] as string[] }),
  }
}
