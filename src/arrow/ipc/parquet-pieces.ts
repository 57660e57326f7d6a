/**
 * An Arrow file as a Parquet file, piece by piece, by arrow-rs (parquet-wasm). A million rows are a row group and in memory at once,
 * whatever the size of the file. Types, units and descriptions stay: the Arrow schema is in the Parquet file.
 * The library is 15 MB installed and a dependency all the same: a Parquet writer is nothing to write beside a simulator, and an optional
 * one would make a command work on some machines only. It is loaded by that command alone.
 */
import * as A from 'apache-arrow'
import * as parquet from 'parquet-wasm'
import { checkedMessages } from './checked-messages.ts'
import { FileStream } from './file-stream.ts'

/** Of 65,536 rows. The dictionaries go over to WebAssembly once a group. */
const BATCHES_PER_GROUP = 16
const ROWS_PER_GROUP = 1 << 20

/** `pieces` are the bytes of the Arrow file, in order. Throws on bytes that are none. */
export async function* parquetPieces(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const file = new FileStream(pieces)
  const reader = A.RecordBatchReader.from(checkedMessages(file.stream())) as A.RecordBatchStreamReader
  reader.open()
  let failure: unknown
  const source = new ReadableStream<parquet.RecordBatch>(
    {
      pull: controller => {
        try {
          const batches = nextBatches(reader)
          for (const batch of toWasm(batches)) controller.enqueue(batch)
          if (batches.length > 0) return
          file.end()
          controller.close()
        } catch (cause) {
          // What comes out at the other end says less.
          failure = cause
          controller.error(cause)
        }
      },
    },
    { highWaterMark: 0 },
  )
  try {
    const properties = new parquet.WriterPropertiesBuilder()
      .setCompression(parquet.Compression.ZSTD)
      .setMaxRowGroupSize(ROWS_PER_GROUP)
      .build()
    yield* await parquet.transformParquetStream(source, properties)
  } catch (cause) {
    throw failure ?? cause
  }
  if (failure !== undefined) throw failure
}

function nextBatches(reader: A.RecordBatchStreamReader): A.RecordBatch[] {
  const batches: A.RecordBatch[] = []
  while (batches.length < BATCHES_PER_GROUP) {
    const { value, done } = reader.next()
    if (done) break
    batches.push(value)
  }
  return batches
}

function toWasm(batches: readonly A.RecordBatch[]): parquet.RecordBatch[] {
  if (batches.length === 0) return []
  const table = parquet.Table.fromIPCStream(A.tableToIPC(new A.Table([...batches]), 'stream'))
  const there = table.recordBatches()
  table.free()
  return there
}
