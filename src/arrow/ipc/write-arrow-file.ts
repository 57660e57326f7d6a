/**
 * Tables as Arrow IPC files: written in batches, each handed on before the next is laid out, so that memory does not grow with the rows.
 *
 * Nothing is compressed: apache-arrow 21.2 writes a wrong length in front of compressed buffers, which Arrow C++ and Rust refuse.
 * Dictionaries stand before the first batch, as the file format has no other place for them.
 */
import * as A from 'apache-arrow'
import type { ArrowBatch, ArrowField } from '../arrow-vector.ts'
import { emptyBatch } from '../arrow-vector.ts'
import type { ColumnTable } from '../column-table.ts'
import { tableBatches } from '../table-vectors.ts'
import { ByteDoor, ByteGatherer } from './byte-sinks.ts'
import { IpcSchema } from './ipc-schema.ts'

/** Keys of the schema's metadata. */
export const VERSION_KEY = 'svcsim.schema_version'
export const TABLE_KEY = 'svcsim.table'
export const DESCRIPTION_KEY = 'svcsim.description'

/** Rows of a batch: enough for speed, some MB for a table of twenty columns. */
export const ROWS_PER_BATCH = 65_536

type Metadata = Readonly<Record<string, string>>

/** The bytes of a table as an Arrow IPC file. `metadata` joins the table's name, description and version in the schema. */
export function arrowFileOf(table: ColumnTable, metadata: Metadata): Uint8Array {
  const bytes = new ByteGatherer()
  streamArrowFile(table, metadata, piece => bytes.write(piece.slice()))
  return bytes.take()
}

/** The same, a piece at a time; a piece is valid until `take` returns. */
export function streamArrowFile(table: ColumnTable, metadata: Metadata, take: (bytes: Uint8Array) => void): void {
  const { fields, batches } = tableBatches(table, ROWS_PER_BATCH)
  const head = {
    [TABLE_KEY]: table.name,
    [DESCRIPTION_KEY]: table.description,
    [VERSION_KEY]: String(table.version),
  }
  const writer = openArrowFile(fields, { ...metadata, ...head }, take)
  for (const batch of batches) writer.write(batch)
  writer.close()
}

export interface ArrowFileWriter {
  /** The batch's memory may be used again afterwards. */
  write(batch: ArrowBatch): void
  close(): void
}

/** A file of batches that are made while it is written. */
export function openArrowFile(
  fields: readonly ArrowField[],
  metadata: Metadata,
  take: (bytes: Uint8Array) => void,
): ArrowFileWriter {
  const schema = new IpcSchema(fields, metadata)
  const writer = new WholeFileWriter()
  let isEmpty = true
  writer.reset(new ByteDoor(take), schema.arrow)
  const write = (batch: ArrowBatch): void => {
    writer.write(schema.recordBatch(batch))
    isEmpty = false
  }
  return {
    write,
    close: () => {
      // A file without a batch has no dictionaries either, and readers stumble over columns of words without words.
      if (isEmpty) write(emptyBatch(fields))
      writer.close()
    },
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
