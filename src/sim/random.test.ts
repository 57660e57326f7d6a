import { describe, expect, it } from 'vitest'
import { draw32, randomStream, scale32, streamSeed } from './random.ts'

describe('streams', () => {
  it('must not change', () => {
    const stream = randomStream('svcsim', 'cluster-ip')
    expect([stream.below(1000), stream.below(1000), stream.below(1000), stream.below(2 ** 32)]).toMatchInlineSnapshot(`
      [
        782,
        427,
        482,
        2254079986,
      ]
    `)
    expect(streamSeed('svcsim', 'traffic')).toMatchInlineSnapshot(`
      {
        "high": 2860109570,
        "low": 3958858642,
      }
    `)
  })

  it('differ by name and by seed', () => {
    expect(randomStream('a', 'b').next()).not.toBe(randomStream('a', 'c').next())
    expect(randomStream('a', 'b').next()).not.toBe(randomStream('ab', '').next())
  })
})

describe('draws', () => {
  it('must not change', () => {
    expect([
      draw32(1, 2, 3, 4, 0),
      draw32(1, 2, 3, 4, 1),
      draw32(0, 0, 0, 0, 0),
      draw32(0xffffffff, 7, 0xffffffff, 9, 5),
    ]).toMatchInlineSnapshot(`
      [
        220624112,
        1408897171,
        3980567503,
        478204709,
      ]
    `)
  })

  it.each([
    ['over flows', (i: number) => draw32(11, 12, i, 0, 0)],
    ['over high words', (i: number) => draw32(11, 12, 5, i, 0)],
    ['over draws', (i: number) => draw32(11, 12, 5, 0, i)],
    ['over seeds', (i: number) => draw32(i, 12, 5, 0, 3)],
  ])('are uniform in every byte %s', (_, draw) => {
    const n = 1 << 16
    for (const shift of [0, 8, 16, 24]) {
      const counts = new Float64Array(256)
      for (let i = 0; i < n; i++) counts[(draw(i) >>> shift) & 255] += 1
      const chiSquare = counts.reduce((sum, c) => sum + (c - n / 256) ** 2 / (n / 256), 0)
      // 255 degrees of freedom: 341 is the 99.98th percentile, 184 the 0.02nd.
      expect(chiSquare).toBeLessThan(341)
      expect(chiSquare).toBeGreaterThan(184)
    }
  })

  it('do not correlate from one flow or draw to the next', () => {
    const n = 1 << 16
    for (const pair of [
      (i: number) => [draw32(3, 4, i, 0, 0), draw32(3, 4, i + 1, 0, 0)],
      (i: number) => [draw32(3, 4, i, 0, 0), draw32(3, 4, i, 0, 1)],
    ]) {
      const cells = new Float64Array(256)
      for (let i = 0; i < n; i++) {
        const [a, b] = pair(i)
        cells[((a >>> 28) << 4) | (b >>> 28)] += 1
      }
      const chiSquare = cells.reduce((sum, c) => sum + (c - n / 256) ** 2 / (n / 256), 0)
      expect(chiSquare).toBeLessThan(341)
    }
  })

  it('scale to [0, bound)', () => {
    expect([scale32(0, 5), scale32(0xffffffff, 5), scale32(0x80000000, 2), scale32(0x7fffffff, 2)]).toEqual([
      0, 4, 1, 0,
    ])
  })
})
