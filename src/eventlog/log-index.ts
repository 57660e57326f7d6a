/**
 * `events.idx`: one record of 64 bytes an append, so that the n-th is found without a search. Record 0 is the head of the stream
 * (schema and dictionaries). All little-endian:
 *
 *     0  4 bytes  "svix"              32  u64  time of the first event, us     56  u32  checksum of the record before
 *     4  u32      layout version, 1   40  u64  time of the last event, us      60  u32  checksum of bytes 0 to 59
 *     8  u64      position            48  u32  events
 *    16  u64      length              52  u32  checksum of the append's bytes
 *    24  u64      sequence of the first event
 *
 * Checksums are CRC-32: against decay and torn writes, not against malice. It finds every flipped bit and every burst up to 32 bits,
 * misses other damage once in 4 billion, and the platform computes it at gigabytes a second.
 */
import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'

export const RECORD_BYTES = 64

const MAGIC = 0x78697673
const VERSION = 1
const CHECKED_BYTES = 60

export interface IndexRecord {
  readonly position: number
  readonly length: number
  readonly firstSequence: number
  readonly firstTimeUs: number
  readonly lastTimeUs: number
  readonly eventCount: number
  readonly checksum: number
  /** Of this record; what the next one repeats. */
  readonly recordChecksum: number
}

export const checksumOf = (bytes: Uint8Array): number => crc32(bytes)

/** The bytes of a record that follows `before` (undefined for the head's). */
export function encodeRecord(
  record: Omit<IndexRecord, 'recordChecksum'>,
  before: IndexRecord | undefined,
): { readonly bytes: Uint8Array; readonly record: IndexRecord } {
  const bytes = Buffer.alloc(RECORD_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(VERSION, 4)
  writeWhole(bytes, record.position, 8)
  writeWhole(bytes, record.length, 16)
  writeWhole(bytes, record.firstSequence, 24)
  writeWhole(bytes, record.firstTimeUs, 32)
  writeWhole(bytes, record.lastTimeUs, 40)
  bytes.writeUInt32LE(record.eventCount, 48)
  bytes.writeUInt32LE(record.checksum, 52)
  bytes.writeUInt32LE(before?.recordChecksum ?? 0, 56)
  const recordChecksum = crc32(bytes.subarray(0, CHECKED_BYTES))
  bytes.writeUInt32LE(recordChecksum, CHECKED_BYTES)
  return { bytes, record: { ...record, recordChecksum } }
}

/**
 * A record, or what is wrong with it in a few words. `bytes` are RECORD_BYTES; `before` is the record before it, `first` for the head's,
 * `unknown` when the one before cannot be read: then that it follows is not asked.
 */
export function decodeRecord(bytes: Uint8Array, before: IndexRecord | 'first' | 'unknown'): IndexRecord | string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, RECORD_BYTES)
  const recordChecksum = view.readUInt32LE(CHECKED_BYTES)
  if (crc32(view.subarray(0, CHECKED_BYTES)) !== recordChecksum) return 'does not fit its checksum'
  if (view.readUInt32LE(0) !== MAGIC || view.readUInt32LE(4) !== VERSION) return 'is no index record of this layout'
  const record: IndexRecord = {
    position: readWhole(view, 8),
    length: readWhole(view, 16),
    firstSequence: readWhole(view, 24),
    firstTimeUs: readWhole(view, 32),
    lastTimeUs: readWhole(view, 40),
    eventCount: view.readUInt32LE(48),
    checksum: view.readUInt32LE(52),
    recordChecksum,
  }
  if (before === 'unknown') return record
  const chained = view.readUInt32LE(56) === (before === 'first' ? 0 : before.recordChecksum)
  const follows =
    before === 'first'
      ? record.position === 0 && record.firstSequence === 0 && record.eventCount === 0
      : record.position === before.position + before.length &&
        record.firstSequence === before.firstSequence + before.eventCount &&
        record.firstTimeUs >= before.lastTimeUs
  return chained && follows ? record : 'does not follow the record before it'
}

function writeWhole(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % 0x1_0000_0000, at)
  bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4)
}

const readWhole = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000
