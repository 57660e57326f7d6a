import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Extents } from './extents.ts'

describe('Extents', () => {
  it.each([false, true])('never gives a place twice, and no more than it holds (exactly: %s)', exactly => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(9))), asked => {
        const extents = new Extents(exactly)
        const held: { start: number; room: number }[] = []
        for (const [size, drop] of asked) {
          const room = extents.roomFor(size)
          expect(room).toBeGreaterThanOrEqual(size)
          expect(room).toBeLessThanOrEqual(exactly ? size : size + Math.floor(size / 8))
          const start = extents.take(size)
          for (const other of held)
            expect(start + room <= other.start || other.start + other.room <= start || room * other.room === 0).toBe(
              true,
            )
          expect(start + room).toBeLessThanOrEqual(extents.end)
          held.push({ start, room })
          if (drop < 5) for (const { start: s, room: r } of held.splice(drop, 1)) extents.give(s, r)
        }
      }),
    )
  })

  it.each([1, 7, 16, 17, 18, 300, 10_000])('takes what was given back, of %i places', size => {
    const extents = new Extents()
    const first = extents.take(size)
    const { end } = extents
    for (let i = 0; i < 3; i++) {
      extents.give(first, extents.roomFor(size))
      expect(extents.take(size)).toBe(first)
    }
    expect(extents.end).toBe(end)
  })
})
