import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { choose, entryChance } from './choice-table.ts'
import type { PacketsLaw, PacketsPerConnection } from './packets-per-connection.ts'
import { packetsLaw } from './packets-per-connection.ts'

function lawOf(wanted: PacketsPerConnection): PacketsLaw {
  const law = packetsLaw(wanted, 'traffic.packetsPerConnection')
  if (E.isLeft(law)) throw new Error(describeProblem(law.left))
  return law.right
}

describe('packetsLaw', () => {
  it('takes a fixed number as it is', () => {
    const law = lawOf({ kind: 'fixed', packets: 12 })
    expect([law.mean, choose(law.choice, 0), choose(law.choice, 0xffff_ffff)]).toEqual([12, 12, 12])
  })

  it.each([1, 1.5, 10, 1_000])('makes a geometric law of mean %d', mean => {
    const law = lawOf({ kind: 'geometric', mean })
    expect(Math.abs(law.mean / mean - 1)).toBeLessThan(1e-6)
    expect(choose(law.choice, 0)).toBe(1)
    expect(Math.abs(entryChance(law.choice, 0) - 1 / mean)).toBeLessThan(2 ** -31)
  })

  it('weighs the rows of a table', () => {
    const rows = [
      { packets: 2, weight: 3 },
      { packets: 100, weight: 1 },
      { packets: 9, weight: 0 },
    ]
    expect(lawOf({ kind: 'table', rows }).mean).toBe(26.5)
  })

  it.each<PacketsPerConnection>([
    { kind: 'fixed', packets: 0 },
    { kind: 'fixed', packets: 1.5 },
    { kind: 'fixed', packets: NaN },
    { kind: 'fixed', packets: 2 ** 32 },
    { kind: 'geometric', mean: 0.5 },
    { kind: 'geometric', mean: NaN },
    { kind: 'geometric', mean: 1e9 },
    { kind: 'table', rows: [] },
    { kind: 'table', rows: [{ packets: 3, weight: 0 }] },
    { kind: 'table', rows: [{ packets: 0, weight: 1 }] },
    { kind: 'table', rows: [{ packets: 1, weight: -1 }] },
  ])('refuses %o by its field', wanted => {
    const law = packetsLaw(wanted, 'traffic.packetsPerConnection')
    expect(E.isLeft(law) && describeProblem(law.left)).toMatch(/^traffic\.packetsPerConnection: .*; (use|give) /)
  })
})
