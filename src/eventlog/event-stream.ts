/**
 * Events as the bytes of `events.arrows`, and back: a head that is the same for every log (schema and dictionaries), then one record
 * batch message an append. Readable as it stands by anything that reads Arrow IPC streams.
 */
import { streamDecoder, streamEncoder } from '../arrow/ipc/ipc-stream.ts'
import { TextMapPool } from '../arrow/text-columns.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { batchEncoder, EVENT_FIELDS, type EventPool, visitBatch } from './event-batch.ts'

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

/** Reads an append and visits its events; returns what is wrong with it in a few words, or undefined. */
export type EventDecoder = (message: Uint8Array, visit: (event: ClusterEvent) => void) => string | undefined

/** Reads appends of a stream that starts with `head`, in any order. */
export function eventDecoder(head: Uint8Array): EventDecoder {
  const pool: EventPool = { labels: new TextMapPool(), ports: new Map() }
  let decode: ReturnType<typeof streamDecoder> | undefined
  return (message, visit) => {
    try {
      decode ??= streamDecoder(head)
      visitBatch(decode(message), pool, visit)
      return undefined
    } catch (cause) {
      // The checksum fitted, so these bytes were written like this, by something else; the reader starts anew after them.
      decode = undefined
      return `cannot be decoded: ${cause instanceof Error ? cause.message : String(cause)}`
    }
  }
}
