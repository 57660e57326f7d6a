import * as A from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { checkedMessages } from './checked-messages.ts'
import { arrowFileOf } from './write-arrow-file.ts'

/** A stream of one schema, one list of words and one batch of three rows. */
const stream = arrowFileOf(
  {
    name: 'table',
    version: 1,
    description: 'a table',
    rowCount: 3,
    columns: [
      { name: 'word', unit: '', description: 'a word', type: 'dictionary', values: ['tcp', 'udp', 'tcp'] },
      { name: 'text', unit: '', description: 'a text', type: 'utf8', values: ['a', 'bc', ''] },
      { name: 'share', unit: '1', description: 'a share', type: 'float64', values: Float64Array.of(1, 2, Number.NaN) },
    ],
  },
  {},
).subarray(8)

const rowsOf = (bytes: Uint8Array, pieceBytes = bytes.length): number => {
  const pieces = function* (): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  return A.tableFromIPC(checkedMessages(pieces())).numRows
}

/** The stream with the 32-bit word at `at` changed. */
const withWord = (at: number, value: number): Uint8Array => {
  const changed = stream.slice()
  new DataView(changed.buffer).setUint32(at, value, true)
  return changed
}

describe('a stream of checked messages', () => {
  it.each([1, 7, 8, 64, 10_000])('is read in pieces of %i bytes', pieceBytes => {
    expect(rowsOf(stream, pieceBytes)).toBe(3)
  })

  it('needs no end mark, as a stream that still grows has none', () => {
    const end = stream.length - new DataView(stream.buffer, stream.byteOffset).getInt32(stream.length - 10, true) - 10
    expect(rowsOf(stream.subarray(0, end - 8))).toBe(3)
  })

  it.each([
    ['nothing', new Uint8Array(0), 'it does not begin with its schema'],
    ['an end mark alone', Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0), 'it does not begin with its schema'],
    ['no frame', withWord(0, 0), 'a message has no frame'],
    ['metadata of 2 GiB', withWord(4, 0x7fff_fff0), 'a message claims 2147483632 bytes'],
    ['a root outside', withWord(8, 0xffff_fff0), 'its metadata points outside itself'],
    ['half a message', stream.subarray(0, 100), 'it ends within a message'],
    ['a schema twice', Buffer.concat([messageAt(0), stream]), 'it has a second schema'],
    ['no schema', stream.subarray(messageAt(0).length), 'it does not begin with its schema'],
    [
      'no words',
      Buffer.concat([messageAt(0), stream.subarray(messageAt(0).length + wholeLengthAt(messageAt(0).length))]),
      'a batch comes before its words',
    ],
  ])('is refused with %s', (_, bytes, what) => {
    expect(() => rowsOf(bytes)).toThrow(what)
  })

  it('reads no list of four billion fields', () => {
    // Every word in turn is the length of something, or an offset to it: none of them may be a loop.
    const { length } = messageAt(0)
    const words = Array.from({ length: length / 4 - 2 }, (_, i) => 8 + 4 * i)
    const outcomes = words.map(at => {
      try {
        return rowsOf(withWord(at, 0xffff_ffff))
      } catch (cause) {
        return (cause as Error).message
      }
    })
    expect(outcomes).toContain('its metadata points outside itself')
    expect(outcomes.filter(o => o !== 3 && /undefined|Invalid|Cannot/.test(String(o)))).toEqual([])
  })
})

/** The message that begins there and has no body. */
function messageAt(at: number): Uint8Array {
  const length = new DataView(stream.buffer, stream.byteOffset).getInt32(at + 4, true)
  return stream.subarray(at, at + 8 + length)
}

/** Of the metadata and body that begin there. */
function wholeLengthAt(at: number): number {
  const { length } = messageAt(at)
  return length + Number(A.Message.decode(stream.subarray(at + 8, at + length)).bodyLength)
}
