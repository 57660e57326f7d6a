import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeRunResult, makeSweep } from '../../test/make-run-result.ts'
import type { Column, ColumnTable } from '../arrow/column-table.ts'
import { resultTables } from './arrow-tables.ts'
import { digestTables } from './digest.ts'

const makeTable = (column: Column, name = 't'): ColumnTable => ({
  name,
  version: 1,
  description: '',
  rowCount: column.values.length,
  columns: [column],
})

const texts = (values: readonly string[], type: 'utf8' | 'dictionary' = 'utf8'): ColumnTable =>
  makeTable({ name: 'c', unit: '', description: '', type, values })

const floats = (...values: readonly number[]): ColumnTable =>
  makeTable({ name: 'c', unit: '1', description: '', type: 'float64', values: Float64Array.from(values) })

/** The same table with one cell of one column changed. */
function withChange(table: ColumnTable, column: number, row: number): ColumnTable {
  const columns = table.columns.map((c, i): Column => {
    if (i !== column) return c
    switch (c.type) {
      case 'utf8':
      case 'dictionary':
        return { ...c, values: c.values.with(row, `${c.values[row]}'`) }
      case 'bool':
        return { ...c, values: c.values.with(row, !c.values[row]) }
      default:
        return { ...c, values: c.values.with(row, c.values[row] === 0 ? 1 : 0) } as Column
    }
  })
  return { ...table, columns }
}

describe('digest', () => {
  const tables = resultTables(makeRunResult(), makeSweep([1, 2]))
  const digest = digestTables(tables)

  it('is the same for equal tables, in any order', () => {
    expect(digestTables(resultTables(makeRunResult(), makeSweep([1, 2])))).toBe(digest)
    expect(digestTables(tables.toReversed())).toBe(digest)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it('changes with any one cell', () => {
    const cells = tables.flatMap((t, i) =>
      t.columns.flatMap((_, c) => [...Array(t.rowCount).keys()].map(row => [i, c, row] as const)),
    )
    fc.assert(
      fc.property(fc.constantFrom(...cells), ([i, c, row]) => {
        expect(digestTables(tables.with(i, withChange(tables[i], c, row)))).not.toBe(digest)
      }),
      { numRuns: 300 },
    )
  })

  it('changes with a name, a type, a missing table', () => {
    const variants = [
      texts(['a']),
      texts(['a'], 'dictionary'),
      makeTable({ name: 'd', unit: '', description: '', type: 'utf8', values: ['a'] }),
      makeTable({ name: 'c', unit: '', description: '', type: 'utf8', values: ['a'] }, 'u'),
    ]
    expect(new Set(variants.map(v => digestTables([v]))).size).toBe(4)
    expect(digestTables(tables.slice(1))).not.toBe(digest)
  })

  it('tells apart texts that only differ in where they are cut', () => {
    const lists = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\n', 'é') }), { maxLength: 5 })
    fc.assert(
      fc.property(lists, lists, fc.constantFrom('utf8' as const, 'dictionary' as const), (a, b, type) => {
        const equal = JSON.stringify(a) === JSON.stringify(b)
        expect(digestTables([texts(a, type)]) === digestTables([texts(b, type)])).toBe(equal)
      }),
    )
  })

  it('takes texts of any length', () => {
    const long = 'é'.repeat(400_000)
    const digests = [[long], [`${long}a`], ['a', long], [long, 'a'], [long, long]].map(values =>
      digestTables([texts(values)]),
    )
    expect(new Set(digests).size).toBe(5)
  })

  it('does not see the bits of a NaN or the sign of zero', () => {
    const odd = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n, 1n << 63n]).buffer)
    expect(digestTables([floats(...odd)])).toBe(digestTables([floats(NaN, 0)]))
    expect(digestTables([floats(NaN)])).not.toBe(digestTables([floats(0)]))
  })

  it('must not change', () => {
    expect(
      digestTables([texts(['web', 'api', 'web'], 'dictionary'), { ...floats(0.5, NaN, 3), name: 'u' }]),
    ).toMatchInlineSnapshot(`"fc93349f41b6013f2a9a7884ec90bb60207ac0fbc11977425eeb20eb7a77ed0e"`)
  })
})
