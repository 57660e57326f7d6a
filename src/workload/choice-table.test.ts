import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choiceTable, choose, entryChance } from './choice-table.ts'

const LAST_WORD = 0xffff_ffff

/** The slow twin: walks the cumulative weights. */
function chooseSlowly(items: readonly number[], weights: readonly number[], word: number): number {
  const total = weights.reduce((a, b) => a + b, 0)
  let sum = 0
  for (let i = 0; i < items.length; i++) {
    sum += weights[i]
    if (word < Math.round((sum / total) * 2 ** 32)) return items[i]
  }
  throw new Error('no item')
}

describe('choiceTable', () => {
  it('is empty without items or without weight', () => {
    expect(choiceTable([], []).size).toBe(0)
    expect(choiceTable([1, 2], [0, 0]).size).toBe(0)
  })

  it('always takes the only item', () => {
    const table = choiceTable([7], [0.001])
    expect([0, 1, LAST_WORD].map(word => choose(table, word))).toEqual([7, 7, 7])
  })

  it('never takes an item of weight 0, first, middle or last', () => {
    const table = choiceTable([1, 2, 3, 4, 5], [0, 1, 0, 1, 0])
    expect([0, 2 ** 31 - 1, 2 ** 31, LAST_WORD].map(word => choose(table, word))).toEqual([2, 2, 4, 4])
  })

  it('gives each item its weight to 2^-32', () => {
    const weights = [1, 2, 3, 4]
    const table = choiceTable([0, 1, 2, 3], weights)
    weights.forEach((weight, i) => {
      expect(Math.abs(entryChance(table, i) - weight / 10)).toBeLessThanOrEqual(2 ** -32)
    })
  })

  it('refuses weights that are none', () => {
    for (const weight of [-1, NaN, Infinity]) expect(() => choiceTable([1], [weight])).toThrow(/weight/)
    expect(() => choiceTable([1, 2], [1])).toThrow(/2 items, 1 weights/)
  })

  it('agrees with the cumulative walk on any weights and words', () => {
    const weight = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.double({ min: 0, max: 1e9, noNaN: true }))
    fc.assert(
      fc.property(
        fc.array(weight, { minLength: 1, maxLength: 300 }).filter(ws => ws.some(w => w > 1e-9)),
        fc.array(fc.integer({ min: 0, max: LAST_WORD }), { minLength: 1, maxLength: 30 }),
        (weights, words) => {
          const items = weights.map((_, i) => 10 * i)
          const table = choiceTable(items, weights)
          for (const word of [0, LAST_WORD, ...words])
            expect(choose(table, word)).toBe(chooseSlowly(items, weights, word))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('finds its way in a table whose tail falls into one guide cell', () => {
    const weights = Array.from({ length: 5_000 }, (_, i) => 1 / (i + 1) ** 3)
    const items = weights.map((_, i) => i)
    const table = choiceTable(items, weights)
    for (const word of [0, 3e9, 4.2e9, 4_294_967_000, LAST_WORD])
      expect(choose(table, word)).toBe(chooseSlowly(items, weights, word))
  })
})
