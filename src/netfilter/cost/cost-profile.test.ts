import { describe, expect, it } from 'vitest'
import { COST_BACKENDS, COST_TERMS, type CostProfile, itemsNs, priceAt, spreadItems } from './cost-profile.ts'

describe('a price', () => {
  const curve = [
    [1000, 2],
    [3000, 4],
    [10_000, 4.5],
  ] as const

  it('of one number is the same at every size', () => {
    for (const size of [0, 1, 1e9]) expect(priceAt(7, size)).toBe(7)
  })

  it('of a curve is straight between its points and flat outside', () => {
    for (const [size, ns] of [
      [0, 2],
      [1000, 2],
      [1500, 2.5],
      [2000, 3],
      [3000, 4],
      [10_000, 4.5],
      [1e9, 4.5],
    ])
      expect(priceAt(curve, size)).toBeCloseTo(ns, 12)
  })

  it('of a curve with one point is that point', () => {
    for (const size of [0, 5, 10]) expect(priceAt([[5, 3]], size)).toBe(3)
  })
})

describe('terms', () => {
  const profile: CostProfile = {
    backend: 'nftables',
    provenance: { kernel: '', cpu: '', tools: '', date: '', method: '' },
    prices: {
      forward: 1000,
      spread: [
        [0, 0],
        [10, 500],
      ],
    },
  }

  it('add up', () => {
    expect(itemsNs(profile, [])).toBe(0)
    expect(itemsNs(profile, [{ term: 'forward', count: 2, size: 1 }, ...spreadItems(32)])).toBe(2250)
  })

  it('of traffic to one backend or none know no spread', () => {
    expect([0, 1].map(spreadItems)).toEqual([[], []])
  })

  it('without a price are a mistake', () => {
    expect(() => itemsNs(profile, [{ term: 'rule', count: 1, size: 1 }])).toThrow('nftables has no price for rule')
  })

  it('are told in words for every backend', () => {
    for (const backend of COST_BACKENDS)
      for (const words of Object.values(COST_TERMS[backend])) expect(words.length).toBeGreaterThan(10)
  })
})
