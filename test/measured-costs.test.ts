/** The shipped cost profiles say of worlds of Services what was measured of them, within the error that docs/cost-model.md states. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { calibrationCases } from '../src/app/calibrate/calibration-cases.ts'
import { serviceCase } from '../src/app/calibrate/service-case.ts'
import { ONE_SERVICE, type WorldShape } from '../src/app/calibrate/service-world.ts'
import { readCostProfiles } from '../src/app/read-cost-profiles.ts'
import {
  COST_BACKENDS,
  type CostBackend,
  type CostItem,
  type CostProfile,
  itemsNs,
} from '../src/netfilter/cost/cost-profile.ts'
import { describeProblem } from '../src/problem/problem.ts'
import { MEASURED_CHECK, MEASURED_RULES, MEASURED_WAY, MEASURED_WORLDS } from './measured-costs.ts'

/** Larger worlds take a trace too long for a test. */
const MOST_BACKENDS = 300

const shipped = await readCostProfiles(undefined)()
if (E.isLeft(shipped)) throw new Error(describeProblem(shipped.left))
const profileOf = (backend: CostBackend): CostProfile => shipped.right[backend]

const predicted = (backend: CostBackend, shape: Partial<WorldShape>): number => {
  // The measured rules had comments however many endpoints there were.
  const world = { ...ONE_SERVICE, largeClusterEndpoints: Number.POSITIVE_INFINITY, ...shape }
  return itemsNs(profileOf(backend), serviceCase('', backend, world, 100).items)
}

describe.each(COST_BACKENDS)('the shipped profile of %s', backend => {
  const errorOf = (ns: number, measured: number): number => Math.abs(ns / measured - 1)

  it('has the measured worlds of Services', () => {
    const errors = MEASURED_WORLDS.flatMap(({ shape, ns }) => {
      const measured = ns[backend]
      const backends = (shape.services ?? 1) * (shape.endpoints ?? 1)
      return measured === undefined || backends > MOST_BACKENDS ? [] : [errorOf(predicted(backend, shape), measured)]
    }).sort((a, b) => a - b)
    expect(errors.length).toBeGreaterThan(12)
    expect(errors[errors.length >> 1]).toBeLessThan(0.03)
    expect(errors[errors.length - 1]).toBeLessThan(0.18)
  })

  it('has the measured parts of the way', () => {
    const cases = calibrationCases(backend)
    const ns = (name: string): number => itemsNs(profileOf(backend), cases.find(c => c.name === name)!.items)
    expect(errorOf(ns('no rules'), MEASURED_WAY.forward)).toBeLessThan(0.01)
    expect(errorOf(ns('tracked'), MEASURED_WAY.tracked)).toBeLessThan(0.01)
    expect(errorOf(ns('later packets'), MEASURED_WAY.established[backend])).toBeLessThan(0.01)
  })

  it('adds up to a world that it was not made of', () => {
    const sum =
      predicted(backend, { services: 1500, from: 'outside' }) +
      predicted(backend, { endpoints: 50 }) -
      predicted(backend, {})
    expect(errorOf(sum, MEASURED_CHECK[backend])).toBeLessThan(0.07)
  })
})

describe.each(['iptables-legacy', 'iptables-nft'] as const)('a rule in the shipped profile of %s', backend => {
  const rule = (...terms: readonly CostItem['term'][]): number =>
    itemsNs(
      profileOf(backend),
      terms.map(term => ({ term, count: 1, size: 1000 })),
    )

  it('costs what was measured of its kind', () => {
    const rows: readonly (readonly [number, Readonly<Record<typeof backend, number>>])[] = [
      [rule('rule', 'header'), MEASURED_RULES.otherProtocol],
      [rule('rule', 'header', 'header', 'comment', 'ports'), MEASURED_RULES.otherPort],
      [rule('rule', 'header', 'comment', 'ports'), MEASURED_RULES.noAddress],
      [rule('rule', 'comment', 'statistic'), MEASURED_RULES.chance],
      [rule('rule', 'comment', 'recentCheck'), MEASURED_RULES.recentMiss],
      [rule('recentList'), MEASURED_RULES.recentList],
    ]
    for (const [ns, measured] of rows) expect(Math.abs(ns / measured[backend] - 1)).toBeLessThan(0.12)
  })
})
