/**
 * Events as the bytes of `events.arrows`, and back: a head that is the same for every log (schema and dictionaries), then one record
 * batch message an append. Readable as it stands by anything that reads Arrow IPC streams.
 */
import { streamDecoder, streamEncoder } from '../arrow/arrow-ipc.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { batchEncoder, decodeBatch, EVENT_FIELDS } from './event-batch.ts'

const METADATA = { 'svcsim.table': 'events', 'svcsim.description': 'every change of every object, in order' }

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

/** Reads appends of a stream that starts with `head`, in any order; what is wrong with one is said in a few words. */
export function eventDecoder(head: Uint8Array): (message: Uint8Array) => readonly ClusterEvent[] | string {
  let decode = streamDecoder(head)
  return message => {
    try {
      return decodeBatch(decode(message))
    } catch (cause) {
      // The checksum fitted, so these bytes were written like this, by something else; the reader starts anew after them.
      decode = streamDecoder(head)
      return `cannot be decoded: ${cause instanceof Error ? cause.message : String(cause)}`
    }
  }
}
