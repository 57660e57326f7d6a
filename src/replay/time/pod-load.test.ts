import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addPodLoad, loadWindows } from './pod-load.ts'
import type { TimedPlan } from './timed-plan.ts'

const plan = (podNames: readonly string[], windowCount: number, windowUs: number): TimedPlan =>
  ({ podNames, windowCount, windowUs }) as TimedPlan

describe('load of pods', () => {
  it('has each packet in its window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 400 }),
        fc.double({ min: 0, max: 60, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        (startUs, packets, gapUs, from) => {
          const load = new Float64Array(20)
          addPodLoad(plan(['a', 'b'], 10, 100), load, 1, { from, to: from + packets, startUs, gapUs })
          const expected = new Float64Array(20)
          for (let p = from; p < from + packets; p++) {
            const window = Math.floor((startUs + p * gapUs) / 100)
            if (window < 10) expected[10 + window]++
          }
          expect([...load]).toEqual([...expected])
        },
      ),
    )
  })

  it('is kept for as many pods as a picture can show, and for those with a number', () => {
    expect(loadWindows(plan(['a'], 1000, 1))).toBe(1000)
    expect(loadWindows(plan(new Array(2000).fill(''), 1000, 1))).toBe(0)
    const load = new Float64Array(1)
    addPodLoad(plan(['a'], 1, 100), load, 0xffff_ffff, { from: 0, to: 5, startUs: 0, gapUs: 1 })
    expect(load[0]).toBe(0)
  })
})
