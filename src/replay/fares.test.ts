import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeCluster } from '../../test/make-replay-plan.ts'
import { record } from '../metrics/histogram.ts'
import { LANES } from '../netfilter/cost/program-prices.ts'
import { countFare, FARE, fareCounter, foldFares, newFares } from './fares.ts'
import { newTallies } from './tallies.ts'

const { plan } = makeCluster({})

describe('fares', () => {
  it('leave in the histograms what recording each connection would', () => {
    const cells = fc.tuple(...Array.from({ length: FARE.most }, () => fc.integer({ min: 0, max: 3 }).map(n => n * 499)))
    // The longest leaves no room for counts.
    const most = fc.constantFrom(1, 7, 3 * 2 ** 20)
    const passed = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    const travels = fc.array(fc.tuple(fc.nat({ max: 4 }), passed, fc.integer({ min: 1, max: 3 })))
    fc.assert(
      fc.property(fc.array(fc.tuple(cells, most), { minLength: 5, maxLength: 5 }), travels, (kinds, sent) => {
        const rows = kinds.map(([own, size]) => Float64Array.of(...own, size))
        const [counted, expected] = [newTallies(plan), newTallies(plan)]
        expect(counted.modelledNs).toHaveLength(LANES)
        const fares = newFares()
        for (const [kind, share, times] of sent) {
          const row = rows[kind]
          const rank = Math.floor(share * row[FARE.most])
          const counter = fareCounter(fares, row)
          for (let i = 0; i < times; i++) {
            countFare(fares, counted, counter, rank)
            const rules = row[FARE.rules] + rank
            record(expected.firstHop, rules, 1)
            record(expected.total, rules + row[FARE.secondRules], 1)
            expected.modelledNs.forEach(({ firstHop, total }, lane) => {
              const firstPs = row[FARE.firstPs + lane] + rank * row[FARE.passedPs + lane]
              record(firstHop, Math.round(firstPs / 1000), 1)
              record(total, Math.round((firstPs + row[FARE.secondPs + lane]) / 1000), 1)
            })
          }
        }
        foldFares(fares, counted)
        expect(counted).toEqual(expected)
      }),
      { numRuns: 30 },
    )
  })

  it('are one where all that they say is alike, and two otherwise', () => {
    const fares = newFares()
    const row = Float64Array.from({ length: FARE.cells }, (_, i) => i + 1)
    const counters = [row, row.slice(), ...row.keys()].map(like => {
      const own = typeof like === 'number' ? row.map((cell, i) => (i === like ? cell + 0.5 : cell)) : like
      return fareCounter(fares, own)
    })
    expect(counters[1]).toBe(counters[0])
    // Halves hash as the whole numbers below them: every row has the first one's hash.
    expect(new Set(counters).size).toBe(1 + FARE.cells)
  })
})
