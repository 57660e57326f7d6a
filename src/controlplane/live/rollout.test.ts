import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RolloutPod, rolloutLimits, rolloutStep, shareOf } from './rollout.ts'

const pod = (number: number, more: Partial<RolloutPod> = {}): RolloutPod => ({
  number,
  isNew: true,
  isBound: true,
  isAvailable: true,
  readyUs: number,
  ...more,
})
const pods = (count: number, more: Partial<RolloutPod> = {}, first = 0): RolloutPod[] =>
  Array.from({ length: count }, (_, i) => pod(first + i, more))

describe('limits', () => {
  it.each([
    [10, '25%', '25%', 3, 2],
    [4, '25%', '25%', 1, 1],
    [1, '25%', '25%', 1, 0],
    [0, '25%', '25%', 0, 1],
    [3, 0, 0, 0, 1],
    [3, 5, 2, 5, 2],
    [10, '100%', '0%', 10, 0],
  ])('of %d replicas, surge %s, unavailable %s', (replicas, surge, unavailable, maxSurge, maxUnavailable) => {
    expect(rolloutLimits(replicas, surge, unavailable)).toEqual({ replicas, maxSurge, maxUnavailable })
  })

  it('round surge up and unavailability down', () => {
    expect([shareOf('1%', 10, 'up'), shareOf('19%', 10, 'down'), shareOf(7, 1, 'up')]).toEqual([1, 1, 7])
  })
})

describe('a step', () => {
  const limits = { replicas: 4, maxSurge: 1, maxUnavailable: 1 }

  it('scales up and down, the youngest and least ready first', () => {
    expect(rolloutStep(pods(2), limits)).toEqual({ createCount: 2, remove: [] })
    expect(rolloutStep(pods(4), limits)).toEqual({ createCount: 0, remove: [] })
    const mixed = [
      pod(0),
      pod(1, { isAvailable: false, readyUs: Infinity }),
      pod(2, { isBound: false, isAvailable: false, readyUs: Infinity }),
      ...pods(3, {}, 3),
    ]
    expect(rolloutStep(mixed, limits).remove).toEqual([2, 1])
    expect(rolloutStep(pods(6), limits).remove).toEqual([5, 4])
  })

  it('begins a rollout with the surge, and with as many old pods as may be missing', () => {
    expect(rolloutStep(pods(4, { isNew: false }), limits)).toEqual({ createCount: 1, remove: [3] })
    const noSurge = { replicas: 4, maxSurge: 0, maxUnavailable: 1 }
    expect(rolloutStep(pods(4, { isNew: false }), noSurge)).toEqual({ createCount: 0, remove: [3] })
    const noLoss = { replicas: 4, maxSurge: 1, maxUnavailable: 0 }
    expect(rolloutStep(pods(4, { isNew: false }), noLoss)).toEqual({ createCount: 1, remove: [] })
  })

  it('gives up broken old pods first', () => {
    const old = [
      pod(0, { isNew: false }),
      pod(1, { isNew: false, isAvailable: false, readyUs: Infinity }),
      pod(2, { isNew: false }),
      pod(3, { isNew: false }),
    ]
    expect(rolloutStep(old, limits).remove).toEqual([1])
  })

  const anyPods = fc.array(
    fc
      .record({ isNew: fc.boolean(), isAvailable: fc.boolean() })
      .map(p => ({ ...p, isBound: true, readyUs: p.isAvailable ? 1 : Infinity })),
    { maxLength: 30 },
  )

  it('never takes an available pod below the least, never makes one above the most', () => {
    fc.assert(
      fc.property(anyPods, fc.nat(12), fc.nat(4), fc.nat(4), (any, replicas, surge, unavailable) => {
        const all = any.map((p, number) => ({ ...p, number }))
        const of = rolloutLimits(replicas, surge, unavailable)
        const { createCount, remove } = rolloutStep(all, of)
        expect(new Set(remove).size).toBe(remove.length)
        if (createCount > 0) expect(all.length + createCount).toBeLessThanOrEqual(replicas + of.maxSurge)
        const availableBefore = all.filter(p => p.isAvailable).length
        const available = all.filter(p => p.isAvailable && !remove.includes(p.number)).length
        if (available < availableBefore && all.some(p => !p.isNew) && all.filter(p => p.isNew).length <= replicas)
          expect(available).toBeGreaterThanOrEqual(replicas - of.maxUnavailable)
      }),
    )
  })

  it('comes to its end when every new pod becomes ready and every old one goes', () => {
    fc.assert(
      fc.property(anyPods, fc.nat(12), fc.nat(4), fc.nat(4), (any, replicas, surge, unavailable) => {
        let all: RolloutPod[] = any.map((p, number) => ({ ...p, number }))
        let next = all.length
        const of = rolloutLimits(replicas, surge, unavailable)
        for (let round = 0; round < 200; round++) {
          const { createCount, remove } = rolloutStep(all, of)
          if (createCount === 0 && remove.length === 0 && all.every(p => p.isAvailable || !p.isNew)) break
          all = all
            .filter(p => !remove.includes(p.number))
            .map(p => (p.isNew ? { ...p, isAvailable: true, readyUs: round } : p))
          for (let i = 0; i < createCount; i++) all.push(pod(next++, { isAvailable: false, readyUs: Infinity }))
        }
        expect(all.map(p => p.isNew)).toEqual(Array(replicas).fill(true))
      }),
    )
  })
})
