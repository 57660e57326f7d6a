import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { Scenario } from '../scenario/scenario.ts'
import { usualWorkers } from './usual-workers.ts'

const scenario = (packets: number, packetsPerConnection: Scenario['traffic']['packetsPerConnection'], more = {}) =>
  ({ traffic: { packets, packetsPerConnection }, ...more }) as unknown as Scenario

describe('usualWorkers', () => {
  it('starts none for what is done before they are there', () => {
    expect(usualWorkers([])).toBe(0)
    expect(usualWorkers([scenario(400_000, 4)])).toBe(0)
    expect(usualWorkers([scenario(2_000_000, { geometricMean: 10 })])).toBe(0)
  })

  it('starts one a processor for more, over all steps, and where time passes', () => {
    expect(usualWorkers([scenario(2_000_000, 4)])).toBe(availableParallelism())
    expect(usualWorkers(Array.from({ length: 4 }, () => scenario(400_000, 4)))).toBe(availableParallelism())
    expect(usualWorkers([scenario(10, 1, { time: {} })])).toBe(availableParallelism())
  })
})
