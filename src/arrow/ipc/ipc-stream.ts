/**
 * Batches to and from an IPC stream that only grows: one message a batch. The stream has no end mark, and readers take the end of the
 * file for it.
 */
import * as A from 'apache-arrow'
import type { ArrowBatch, ArrowField } from '../arrow-vector.ts'
import { emptyBatch } from '../arrow-vector.ts'
import { ByteGatherer } from './byte-sinks.ts'
import { checkedMessages } from './checked-messages.ts'
import { vectorOfArrow } from './from-arrow.ts'
import { IpcSchema } from './ipc-schema.ts'

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
  const schema = new IpcSchema(fields, metadata)
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
  const reader = A.RecordBatchReader.from(checkedMessages(messages())) as A.RecordBatchStreamReader
  reader.open({ autoDestroy: false })
  return message => {
    next = message
    const { value, done } = reader.next()
    if (done === true) throw new Error('the bytes hold no record batch')
    const batch = value as A.RecordBatch
    return { rowCount: batch.numRows, vectors: batch.data.children.map(vectorOfArrow) }
  }
}

/** Writes the dictionaries before the first batch, so that every batch is one message. */
class HeadFirstWriter extends A.RecordBatchStreamWriter {
  writeDictionaries(batch: A.RecordBatch): void {
    this._writeDictionaries(batch)
  }
}
