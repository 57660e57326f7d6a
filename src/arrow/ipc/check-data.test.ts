import * as A from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { checkData } from './check-data.ts'

const bytes = new TextEncoder().encode('aabbcc')
const texts = (offsets: readonly number[], length = 3) =>
  A.makeData({ type: new A.Utf8(), length, nullCount: 0, valueOffsets: Int32Array.from(offsets), data: bytes })
const numbers = (length: number, nulls?: Uint8Array) =>
  A.makeData({
    type: new A.Float64(),
    length,
    data: new Float64Array(3),
    ...(nulls === undefined ? {} : { nullCount: 1, nullBitmap: nulls }),
  })
const wordsOf = (indices: readonly number[], dictionary = new A.Vector([texts([0, 2, 4, 6])])) =>
  A.makeData({
    type: new A.Dictionary(new A.Utf8(), new A.Int32()),
    length: indices.length,
    nullCount: 0,
    data: Int32Array.from(indices),
    dictionary,
  })
const flags = (length: number) => A.makeData({ type: new A.Bool(), length, nullCount: 0, data: new Uint8Array(1) })

describe('a column of a hostile file', () => {
  it.each<[string, A.Data]>([
    ['texts', texts([0, 2, 4, 6])],
    ['no texts', texts([], 0)],
    ['numbers', numbers(3)],
    ['fewer numbers than there is room for', numbers(2)],
    ['numbers and nulls', numbers(3, Uint8Array.of(0b101))],
    ['words', wordsOf([0, 2, 1])],
    ['flags', flags(8)],
  ])('of %s is taken', (_, data) => expect(() => checkData(data)).not.toThrow())

  it.each<[string, A.Data, RegExp]>([
    ['more texts than offsets', texts([0, 2, 4, 6], 1e9), /claims 1000000000 texts and holds 3/],
    ['texts beyond its bytes', texts([0, 2, 4, 600]), /end at byte 600 of 6/],
    ['a text before the first', texts([-2, 2, 4, 6]), /text 0 ends before it begins/],
    ['a text that ends before it begins', texts([0, 4, 2, 6]), /text 1 ends before it begins/],
    ['more numbers than bytes', numbers(4), /claims 4 rows and holds 3 values/],
    ['flags beyond its bytes', flags(9), /claims 9 rows and holds 1 values/],
    ['a word that is not in its list', wordsOf([0, 3]), /row 1 names word 3 of 3/],
    ['a word before the first', wordsOf([-1]), /row 0 names word -1/],
    ['a list of words that is broken itself', wordsOf([0], new A.Vector([texts([0, 2, 4, 600])])), /end at byte 600/],
  ])('with %s is refused', (_, data, message) => expect(() => checkData(data)).toThrow(message))
})
