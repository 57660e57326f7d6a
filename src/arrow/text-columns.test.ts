import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextMapBuilder, TextMapPool, textMapReader } from './text-columns.ts'

const labels = fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' }), { maxKeys: 4 })
/** Which of a few maps each row has: the same object in a row, as pods of one workload have it. */
const rows = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 60 })), { maxLength: 8 })

describe('TextMapBuilder', () => {
  it('keeps every row, those that repeat the one before too, batch after batch', () => {
    fc.assert(
      fc.property(
        fc.tuple(labels, labels, labels, fc.constant({})),
        fc.array(rows, { maxLength: 3 }),
        (maps, batches) => {
          const builder = new TextMapBuilder()
          for (const batch of batches) {
            builder.reset()
            const pushed = batch.flatMap(([which, times]) => new Array<number>(times).fill(which)).map(i => maps[i])
            for (const map of pushed) builder.push(map)
            const read = textMapReader(builder.vector(), new TextMapPool())
            expect(pushed.map((_, row) => ({ ...read(row) }))).toEqual(pushed.map(map => ({ ...map })))
          }
        },
      ),
    )
  })
})
