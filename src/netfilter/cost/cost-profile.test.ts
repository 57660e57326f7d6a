import { describe, expect, it } from 'vitest'
import { COST_BACKENDS, COST_TERMS, type CostProfile, itemsNs, spreadItems } from './cost-profile.ts'

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
