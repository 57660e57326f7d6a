import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as parquet from 'parquet-wasm'
import { describe, expect, it } from 'vitest'
import type { ColumnTable } from '../column-table.ts'
import { readArrowFile } from './read-arrow-file.ts'
import { arrowFileOf } from './write-arrow-file.ts'

const head = (name: string, unit = '') => ({ name, unit, description: `the ${name}` })

const tableOf = (rows: readonly Row[]): ColumnTable => ({
  name: 'rows',
  version: 3,
  description: 'every type of column',
  rowCount: rows.length,
  columns: [
    { ...head('text'), type: 'utf8', values: rows.map(r => r.text) },
    { ...head('word'), type: 'dictionary', values: rows.map(r => r.word) },
    { ...head('flag'), type: 'bool', values: rows.map(r => r.flag) },
    { ...head('small', '1'), type: 'uint8', values: Uint8Array.from(rows, r => r.n) },
    { ...head('port', '1'), type: 'uint16', values: Uint16Array.from(rows, r => r.n) },
    { ...head('rules', 'rules'), type: 'uint32', values: Uint32Array.from(rows, r => r.n) },
    { ...head('packets', 'packets'), type: 'int64', values: Float64Array.from(rows, r => r.whole) },
    { ...head('share', '1'), type: 'float64', values: Float64Array.from(rows, r => r.share) },
  ],
})

interface Row {
  readonly text: string
  readonly word: string
  readonly flag: boolean
  readonly n: number
  readonly whole: number
  readonly share: number
}

const rowArbitrary: fc.Arbitrary<Row> = fc.record({
  text: fc.string({ unit: 'grapheme', maxLength: 30 }),
  word: fc.constantFrom('tcp', 'udp', 'sctp', ''),
  flag: fc.boolean(),
  n: fc.nat({ max: 255 }),
  whole: fc.maxSafeInteger(),
  share: fc.double(),
})

const readBack = (bytes: Uint8Array) => {
  const read = readArrowFile(bytes, 'rows.arrow')
  if (E.isLeft(read)) throw new Error(JSON.stringify(read.left))
  return read.right
}

describe('Arrow files', () => {
  it('read back what was written, for any rows', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { maxLength: 70 }), rows => {
        const table = tableOf(rows)
        expect(readBack(arrowFileOf(table, {})).table).toEqual(table)
      }),
    )
  })

  it.each([0, 1, 7, 8, 9, 100_000])('hold %i rows', count => {
    const rows = Array.from({ length: count }, (_, i) => ({
      text: `pod-${i}`,
      word: i % 3 === 0 ? 'tcp' : 'udp',
      flag: i % 2 === 0,
      n: i % 256,
      whole: i * 1e9,
      share: i % 5 === 0 ? Number.NaN : i / 7,
    }))
    const table = tableOf(rows)
    expect(readBack(arrowFileOf(table, {})).table).toEqual(table)
  })

  it('carry the schema version, the table and the given metadata', () => {
    const { metadata } = readBack(arrowFileOf(tableOf([]), { 'svcsim.seed': '42' }))
    expect(Object.fromEntries(metadata)).toEqual({
      'svcsim.schema_version': '3',
      'svcsim.table': 'rows',
      'svcsim.description': 'every type of column',
      'svcsim.seed': '42',
    })
  })

  it('refuse 64-bit values that are no whole numbers', () => {
    const column = { ...head('packets'), type: 'int64' as const, values: Float64Array.of(0.5) }
    expect(() => arrowFileOf({ name: 't', version: 1, description: '', rowCount: 1, columns: [column] }, {})).toThrow(
      '0.5',
    )
  })

  it('refuse a column of another length', () => {
    const column = { ...head('text'), type: 'utf8' as const, values: ['a'] }
    expect(() => arrowFileOf({ name: 't', version: 1, description: '', rowCount: 2, columns: [column] }, {})).toThrow(
      't.text',
    )
  })

  it('read the same in arrow-rs', () => {
    const table = tableOf([
      { text: 'héllo', word: 'tcp', flag: true, n: 3, whole: 2 ** 53 - 1, share: Number.NaN },
      { text: '', word: 'udp', flag: false, n: 255, whole: -1, share: -0.25 },
    ])
    // An IPC file is its magic, padded to 8 bytes, then a stream with an end mark, then the footer.
    const stream = arrowFileOf(table, {}).subarray(8)
    const rewritten = parquet.Table.fromIPCStream(stream).intoIPCStream()
    expect(readBack(rewritten).table).toEqual(table)
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['garbage', Uint8Array.from({ length: 300 }, (_, i) => (i * 7919) % 251)],
    ['half a file', arrowFileOf(tableOf([]), {}).subarray(0, 200)],
  ])('that are %s are a Problem naming the file', (_, bytes) => {
    expect(readArrowFile(bytes, 'x.arrow')).toMatchObject({ _tag: 'Left', left: { place: { file: 'x.arrow' } } })
  })
})
