/** Every key its own place; keys that cannot have one have none, and take nobody else's. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displace, placeOf } from './displaced-places.ts'

const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 200)

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

/** Mixed as hashDestination mixes. */
const mixed = (n: number): number => {
  const h = Math.imul(n ^ (n >>> 15), 0x85ebca6b)
  return h ^ (h >>> 13)
}

describe('places of keys', () => {
  it('are where placeOf says, and each has one key', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 300 }), words => {
        const hashes = Int32Array.from(words)
        const displaced = displace(hashes)
        const placed = [...displaced.places.keys()].filter(key => displaced.places[key] >= 0)
        for (const key of placed) {
          expect(displaced.places[key]).toBe(placeOf(displaced, hashes[key]))
          expect(displaced.places[key]).toBeLessThan(2 ** (32 - displaced.placeShift))
        }
        expect(new Set(placed.map(key => displaced.places[key])).size).toBe(placed.length)
      }),
      { numRuns: RUNS },
    )
  })

  it.each([
    [0, 4],
    [1, 4],
    [3, 4],
    [4, 8],
    [100, 128],
    [250, 256],
    [10_000, 16_384],
    [16_000, 16_384],
    [16_384, 32_768],
    [30_000, 32_768],
  ])('are found for all of %i keys, among %i', (count, places) => {
    const displaced = displace(Int32Array.from({ length: count }, (_, i) => mixed(0x0a60_0000 + 3 * i)))
    expect(2 ** (32 - displaced.placeShift)).toBe(places)
    expect(displaced.places.indexOf(-1)).toBe(-1)
    expect(new Set(displaced.places).size).toBe(count)
  })

  it('are not found for keys of one hash, and their neighbours keep theirs', () => {
    const hashes = Int32Array.from({ length: 100 }, (_, i) => mixed(i === 99 ? 7 : i))
    const { places, bucketShift } = displace(hashes)
    const bucket = hashes[7] >>> bucketShift
    expect([...places.keys()].filter(key => places[key] < 0)).toEqual(
      [...hashes.keys()].filter(key => hashes[key] >>> bucketShift === bucket),
    )
  })

  it('are looked for within bounds when all keys are of one bucket', () => {
    const { places } = displace(Int32Array.from({ length: 3_000 }, (_, i) => i))
    expect(places.every(place => place < 0) || new Set(places).size === 3_000).toBe(true)
  })
})
