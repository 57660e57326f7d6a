/** Every benchmark at its small size: it runs, its naive twin agrees, and its checksum depends on nothing but its input. */
import { describe, expect, it } from 'vitest'
import { CASES } from './cases.ts'
import { runCase } from './run-case.ts'

describe('benchmarks', () => {
  it('have names of their own', () => {
    expect(new Set(CASES.map(c => c.name)).size).toBe(CASES.length)
  })

  for (const benchCase of CASES)
    it(benchCase.name, async () => {
      const first = await runCase(benchCase, 'small', 0.01)
      const again = await runCase(benchCase, 'small', 0.01)
      expect(again.checksum).toBe(first.checksum)
      expect(first.items).toBeGreaterThan(0)
      expect(first.medianPerSecond).toBeGreaterThan(0)
    })
})
