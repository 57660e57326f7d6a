import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrowFileOf } from '../../arrow/ipc/write-arrow-file.ts'
import { PooledTexts, runEnd, TextPool } from '../../arrow/pooled-texts.ts'
import { digestTables } from '../digest.ts'
import { resultTable, text, words } from './result-table.ts'

const table = resultTable(
  { name: 't', version: 1, description: 'texts', columns: { text: text('any'), word: words('few') } },
  (texts: PooledTexts | readonly string[]) => ({ text: texts, word: texts }),
)

/** Few and many, in order and not, with what UTF-8 has no form for. */
const textList = fc.array(fc.oneof(fc.constantFrom('', 'a', 'b', 'ü', '\ud800'), fc.string({ unit: 'grapheme' })), {
  maxLength: 40,
})

describe('columns of pooled texts', () => {
  it('are the same files, digests and values as plain ones, for any rows out of any pool', () => {
    fc.assert(
      fc.property(textList, fc.array(fc.nat(), { maxLength: 60 }), fc.boolean(), (known, picks, inOrder) => {
        const pool = new TextPool()
        for (const one of known) pool.numberOf(one)
        if (known.length === 0) return
        const rows = (inOrder ? picks.toSorted((a, b) => a - b) : picks).map(pick => known[pick % known.length])
        const pooled = new PooledTexts(
          pool,
          Uint32Array.from(rows, one => pool.numberOf(one)),
        )
        const [a, b] = [table.of(pooled), table.of(rows)]
        expect(arrowFileOf(a, {})).toEqual(arrowFileOf(b, {}))
        expect(digestTables([a])).toBe(digestTables([b]))
        expect(a.columns.map(c => c.values)).toEqual([rows, rows])
      }),
    )
  })

  it('are hashed and written by the stretch, however long', () => {
    const rows = Array.from({ length: 70_000 }, (_, i) => `rule ${i}`)
    const [a, b] = [
      table.of(PooledTexts.of([...rows, ...rows.toReversed()])),
      table.of([...rows, ...rows.toReversed()]),
    ]
    expect(digestTables([a])).toBe(digestTables([b]))
    expect(Buffer.compare(arrowFileOf(a, {}), arrowFileOf(b, {}))).toBe(0)
  })

  it('know where numbers stop following each other', () => {
    const numbers = Uint32Array.of(3, 4, 5, 5, 0, 9, 10)
    expect([0, 2, 3, 4, 5].map(from => runEnd(numbers, from, numbers.length))).toEqual([3, 3, 4, 5, 7])
    expect(runEnd(numbers, 0, 2)).toBe(2)
  })

  it('encode texts that come later too', () => {
    const pool = new TextPool()
    pool.numberOf('first')
    expect(pool.utf8().length).toBe(1)
    pool.numberOf('second')
    expect(pool.utf8().length).toBe(2)
    expect(Buffer.from(pool.utf8().values).toString()).toBe('firstsecond')
  })
})
