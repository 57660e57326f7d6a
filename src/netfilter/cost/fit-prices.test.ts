import { describe, expect, it } from 'vitest'
import type { CostItem, CostProvenance } from './cost-profile.ts'
import { itemsNs } from './cost-profile.ts'
import { fitPrices } from './fit-prices.ts'

const PROVENANCE: CostProvenance = { kernel: 'k', cpu: 'c', tools: 't', date: 'd', method: 'm' }
const item = (term: CostItem['term'], count = 1, size = 1): CostItem => ({ term, count, size })
const curve = (size: number): number => (size <= 1000 ? 3 : size >= 5000 ? 5 : 3 + (size - 1000) / 2000)

describe('fitPrices', () => {
  const worlds: readonly (readonly CostItem[])[] = [
    [item('forward')],
    [item('forward'), item('conntrackNew')],
    ...[200, 1000, 3000, 5000, 20_000].map(n => [item('forward'), item('conntrackNew'), item('rule', n, n)]),
    [item('forward'), item('conntrackNew'), item('rule', 100, 100), item('comment', 100, 100)],
  ]
  const truth = (items: readonly CostItem[]): number =>
    items.reduce((ns, { term, count, size }) => {
      const price = term === 'forward' ? 2000 : term === 'conntrackNew' ? 1000 : term === 'comment' ? 20 : curve(size)
      return ns + count * price
    }, 0)
  const profile = fitPrices(
    'iptables-legacy',
    PROVENANCE,
    worlds.map(items => ({ items, ns: truth(items) })),
    { rule: [1000, 5000], spread: [0, 10] },
  )

  it('finds the prices that measurements were made of', () => {
    const { forward, conntrackNew, comment, rule } = profile.prices
    expect(forward).toBeCloseTo(2000, 1)
    expect(conntrackNew).toBeCloseTo(1000, 1)
    expect(comment).toBeCloseTo(20, 1)
    expect(rule).toEqual([
      [1000, expect.closeTo(3, 1)],
      [5000, expect.closeTo(5, 1)],
    ])
    for (const items of worlds) expect(itemsNs(profile, items) / truth(items)).toBeCloseTo(1, 3)
  })

  it('says how far it is from them', () => {
    expect(profile.fit).toEqual({ cases: 8, medianError: 0, worstError: expect.closeTo(0, 2) })
  })

  it('has a price for every term, 0 for what no measurement pays', () => {
    expect(profile.prices.jump).toBe(0)
    expect(profile.prices.spread).toEqual([
      [0, 0],
      [10, 0],
    ])
  })

  it('does not believe a negative price', () => {
    const cases = [
      { items: [item('forward')], ns: 2000 },
      { items: [item('forward'), item('mark', 10)], ns: 1900 },
    ]
    expect(fitPrices('iptables-nft', PROVENANCE, cases, {}).prices.mark).toBe(0)
  })
})
