/**
 * Arrow IPC files read back: a table as a whole, or batch by batch from pieces of a file of any size. A file is a stream between its
 * magic and a footer, and is read as that stream, front to back. What is not whole is a Problem.
 */
import * as A from 'apache-arrow'
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../../problem/problem.ts'
import { badInput } from '../../problem/problem.ts'
import type { ArrowBatch, ArrowField, ArrowVector } from '../arrow-vector.ts'
import type { Column, ColumnTable } from '../column-table.ts'
import { columnOfVectors } from '../table-vectors.ts'
import { checkData } from './check-data.ts'
import { checkedMessages } from './checked-messages.ts'
import { FileStream, hasMagic } from './file-stream.ts'
import { fieldOfArrow, vectorOfArrow } from './from-arrow.ts'
import { DESCRIPTION_KEY, TABLE_KEY, VERSION_KEY } from './write-arrow-file.ts'

export interface ReadTable {
  readonly table: ColumnTable
  readonly metadata: ReadonlyMap<string, string>
}

/** A table and its schema metadata from the bytes of an Arrow IPC file (or stream); `file` is named in a Problem. */
export function readArrowFile(bytes: Uint8Array, file: string): E.Either<Problem, ReadTable> {
  try {
    const isFile = hasMagic(bytes.subarray(0, 6))
    if (isFile && !hasMagic(bytes.subarray(-6))) throw new Error('it ends before its end')
    const { schema, batches, numRows } = A.tableFromIPC(checkedMessages([isFile ? bytes.subarray(8) : bytes]))
    if (batches.length === 0) throw new Error('it holds no record batch')
    const fields = schema.fields.map(flatField)
    const columns = fields.map((field, i): Column => {
      const column = columnOfVectors(
        field,
        batches.map(b => checkedVector(b, i)),
      )
      if (column === undefined) throw new Error(`column ${field.name} holds no values`)
      return column
    })
    return E.right({ table: { ...headOf(schema.metadata), rowCount: numRows, columns }, metadata: schema.metadata })
  } catch (cause) {
    return E.left(unreadable(file, cause))
  }
}

export interface ArrowBatches {
  readonly fields: readonly ArrowField[]
  readonly head: TableHead
  /** Each valid until the next is asked for. Throws on bytes that are none. */
  readonly batches: Iterable<ArrowBatch>
}

/** The same batch by batch; `pieces` are the bytes of the file, in order, and are asked for when they are needed. Throws on bytes that are none. */
export function readArrowBatches(pieces: Iterable<Uint8Array>): ArrowBatches {
  const file = new FileStream(pieces)
  const reader = A.RecordBatchReader.from(checkedMessages(file.stream())) as A.RecordBatchStreamReader
  reader.open()
  const batches = function* (): Generator<ArrowBatch> {
    for (const batch of reader)
      yield { rowCount: batch.numRows, vectors: batch.data.children.map((_, i) => checkedVector(batch, i)) }
    file.end()
  }
  return { fields: reader.schema.fields.map(flatField), head: headOf(reader.schema.metadata), batches: batches() }
}

export const unreadable = (file: string, cause: unknown): Problem =>
  badInput(
    { file },
    `it is no whole Arrow file (${whyNot(cause)})`,
    'give a file that svcsim wrote, or run the scenario again',
  )

/** What apache-arrow stumbles over in a schema that no writer makes (a map without entries, say) is no sentence. */
function whyNot(cause: unknown): string {
  if (cause instanceof TypeError || cause instanceof RangeError) return 'its schema makes no sense'
  return cause instanceof Error ? cause.message : String(cause)
}

function checkedVector({ data }: A.RecordBatch, column: number): ArrowVector {
  const { [column]: child } = data.children
  if (child.length !== data.length) throw new Error(`a batch of ${data.length} rows has a column of ${child.length}`)
  checkData(child)
  return vectorOfArrow(child)
}

function flatField(field: A.Field): ArrowField {
  const neutral = fieldOfArrow(field)
  if (neutral === undefined) throw new Error(`column ${field.name} has the type ${A.Type[field.typeId]}`)
  return neutral
}

type TableHead = Pick<ColumnTable, 'name' | 'description' | 'version'>

const headOf = (metadata: ReadonlyMap<string, string>): TableHead => ({
  name: metadata.get(TABLE_KEY) ?? '',
  description: metadata.get(DESCRIPTION_KEY) ?? '',
  version: Number(metadata.get(VERSION_KEY)),
})
