/**
 * Events as the bytes of `events.arrows`, and back: a head that is the same for every log (schema and dictionaries), then one record
 * batch message an append. Readable as it stands by anything that reads Arrow IPC streams.
 */
import { streamDecoder, streamEncoder } from '../arrow/ipc/ipc-stream.ts'
import { TextMapPool } from '../arrow/text-columns.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { batchEncoder, EVENT_FIELDS, type EventPool, type EventRows, readRows } from './event-batch.ts'

/** Rises when a column of EVENT_FIELDS changes, comes or goes (testdata/arrow-schemas.json). */
export const EVENT_SCHEMA_VERSION = 1

const METADATA = {
  'svcsim.table': 'events',
  'svcsim.description': 'every change of every object, in order',
  'svcsim.schema_version': String(EVENT_SCHEMA_VERSION),
}

export interface EventEncoder {
  readonly head: Uint8Array
  /** The message of one append. */
  encode(events: readonly ClusterEvent[]): Uint8Array
}

export function eventEncoder(): EventEncoder {
  const { head, encode } = streamEncoder(EVENT_FIELDS, METADATA)
  const toBatch = batchEncoder()
  return { head, encode: events => encode(toBatch(events)) }
}

/** Reads an append and hands its events on; returns what is wrong with it in a few words, or undefined. */
export type EventDecoder = (message: Uint8Array, use: (rows: EventRows) => void) => string | undefined

/** Reads appends of a stream that starts with `head`, in any order. */
export function eventDecoder(head: Uint8Array): EventDecoder {
  const pool: EventPool = { labels: new TextMapPool(), ports: new Map() }
  let decode: ReturnType<typeof streamDecoder> | undefined
  return (message, use) => {
    const fault = decodingFault(() => {
      decode ??= streamDecoder(head)
      use(readRows(decode(message), pool))
    })
    // The reader starts anew after bytes that are none of its own.
    if (fault !== undefined) decode = undefined
    return fault
  }
}

/** What stopped `read`, in a few words. The checksum fitted, so these bytes were written like this, by something else. */
export function decodingFault(read: () => void): string | undefined {
  try {
    read()
    return undefined
  } catch (cause) {
    return `cannot be decoded: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}
