/**
 * What every log of this layout starts with: the head of the stream and the index record that speaks of it. Both are constants, so
 * a damaged one is known to be damaged and can be written anew.
 */
import { eventEncoder } from './event-stream.ts'
import { checksumOf, encodeRecord, type IndexRecord } from './log-index.ts'

export interface LogHead {
  readonly bytes: Uint8Array
  readonly record: IndexRecord
  readonly recordBytes: Uint8Array
}

let made: LogHead | undefined

export function logHead(): LogHead {
  made ??= makeHead()
  return made
}

function makeHead(): LogHead {
  const { head: bytes } = eventEncoder()
  const { bytes: recordBytes, record } = encodeRecord(
    {
      position: 0,
      length: bytes.length,
      firstSequence: 0,
      firstTimeUs: 0,
      lastTimeUs: 0,
      eventCount: 0,
      checksum: checksumOf(bytes),
    },
    undefined,
  )
  return { bytes, record, recordBytes }
}
