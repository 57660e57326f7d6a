import { describe, expect, it } from 'vitest'
import { rankOf, writeRanks, writeSlots } from './keyed-permutation.ts'

const ranksOf = (key: number, size: number): number[] => {
  const ranks = new Int32Array(size)
  writeRanks(key, size, ranks)
  return [...ranks]
}

/** Pearson's statistic of `counts` against equal chances. */
function chiSquare(counts: readonly number[]): number {
  const mean = counts.reduce((a, b) => a + b, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
}

describe('a keyed permutation', () => {
  it.each([1, 2, 3, 4, 8, 9, 10, 100, 256, 1_000, 8_250])('takes each of %d places once, under any key', size => {
    for (const key of [1, 2, 0x8000_0000, 0xffff_ffff, 123_456_789]) {
      const ranks = ranksOf(key, size)
      expect([...ranks].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i))
      expect(ranks.map((_, slot) => rankOf(key, size, slot))).toEqual(ranks)
      const slots = new Int32Array(size)
      writeSlots(key, size, slots)
      expect([...slots].map(slot => ranks[slot])).toEqual(Array.from({ length: size }, (_, i) => i))
    }
  })

  it('is exact at the largest size it is made for', () => {
    const size = 2 ** 26
    for (const slot of [0, 1, size - 1]) {
      const rank = rankOf(77, size, slot)
      expect(Number.isInteger(rank) && rank >= 0 && rank < size).toBe(true)
    }
  })

  it('puts a slot at every place equally often over the keys', () => {
    const counts = new Array<number>(50).fill(0)
    for (let key = 1; key <= 50_000; key++) counts[rankOf(key, 50, 17)]++
    // 0.999 quantile of chi-square with 49 degrees of freedom.
    expect(chiSquare(counts)).toBeLessThan(85.4)
  })

  it('puts two slots at every pair of places equally often', () => {
    const counts = new Array<number>(13 * 13).fill(0)
    for (let key = 1; key <= 100_000; key++) counts[13 * rankOf(key, 13, 4) + rankOf(key, 13, 5)]++
    const pairs = counts.filter((_, i) => i % 14 !== 0)
    expect(pairs).toHaveLength(156)
    // 0.999 quantile of chi-square with 155 degrees of freedom.
    expect(chiSquare(pairs)).toBeLessThan(214)
  })

  it('must not change', () => {
    expect(ranksOf(1, 10)).toMatchInlineSnapshot(`
      [
        7,
        4,
        1,
        9,
        6,
        3,
        0,
        8,
        5,
        2,
      ]
    `)
    expect(ranksOf(0xdead_beef, 10)).toMatchInlineSnapshot(`
      [
        2,
        9,
        5,
        1,
        8,
        4,
        0,
        7,
        3,
        6,
      ]
    `)
    expect([0, 1, 4_000, 8_249].map(slot => rankOf(42, 8_250, slot))).toMatchInlineSnapshot(`
      [
        4742,
        5403,
        4582,
        3751,
      ]
    `)
  })
})
