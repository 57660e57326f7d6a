import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logHead } from './log-head.ts'
import { decodeRecord, encodeRecord, type IndexRecord, RECORD_BYTES } from './log-index.ts'

const whole = fc.maxSafeInteger().map(Math.abs)
const word = fc.nat({ max: 0xffff_ffff })

describe('index records', () => {
  it('are read as they were written, when they follow', () => {
    fc.assert(
      fc.property(word, word, word, whole, (length, eventCount, checksum, lastTimeUs) => {
        const before = logHead().record
        const { bytes, record } = encodeRecord(
          { position: before.length, length, firstSequence: 0, firstTimeUs: 0, lastTimeUs, eventCount, checksum },
          before,
        )
        expect(bytes.length).toBe(RECORD_BYTES)
        expect(decodeRecord(bytes, before)).toEqual(record)
        expect(decodeRecord(bytes, 'unknown')).toEqual(record)
      }),
    )
  })

  it('are refused when they follow another record', () => {
    const before = logHead().record
    const next = {
      position: before.length,
      length: 8,
      firstSequence: 0,
      firstTimeUs: 5,
      lastTimeUs: 9,
      eventCount: 1,
      checksum: 7,
    }
    const { bytes, record } = encodeRecord(next, before)
    const others: IndexRecord[] = [
      { ...before, recordChecksum: before.recordChecksum ^ 1 },
      { ...before, length: before.length + 8 },
      { ...before, eventCount: 1 },
      { ...before, lastTimeUs: 6 },
      record,
    ]
    for (const other of others) expect(decodeRecord(bytes, other)).toBe('does not follow the record before it')
    expect(decodeRecord(bytes, 'first')).toBe('does not follow the record before it')
  })

  it('are refused when their layout is another', () => {
    expect(decodeRecord(new Uint8Array(RECORD_BYTES), 'unknown')).toBe('does not fit its checksum')
  })
})

describe('the head of a log', () => {
  it('must not change: older logs would not open', () => {
    const { bytes, record } = logHead()
    expect([bytes.length, record.checksum, record.recordChecksum]).toMatchInlineSnapshot(`
      [
        7056,
        1783217804,
        355024263,
      ]
    `)
  })
})
