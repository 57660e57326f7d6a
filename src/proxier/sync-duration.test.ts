import { describe, expect, it } from 'vitest'
import type { SyncSize } from './iptables-sync.ts'
import { syncDurationUs } from './sync-duration.ts'

const size = (written: number, total: number): SyncSize => ({
  bytes: 100 * written,
  filter: { chains: 5, rules: 10 },
  nat: { chains: written / 2, rules: written },
  deletedChains: 0,
  listsNat: true,
  total: { filter: 10, nat: total },
})

describe('syncDurationUs', () => {
  it('is above 0 and whole, even of nothing', () => {
    const us = syncDurationUs({ mode: 'iptables', isFull: false, size: size(0, 0) })
    expect(us).toBeGreaterThan(0)
    expect(us).toBe(Math.floor(us))
  })

  it('grows with all rules, also where little is written', () => {
    const partial = (total: number) => syncDurationUs({ mode: 'iptables', isFull: false, size: size(10, total) })
    expect(partial(170_014)).toBeGreaterThan(5 * partial(17_014))
    const full = syncDurationUs({ mode: 'iptables', isFull: true, size: size(170_014, 170_014) })
    expect(full).toBeGreaterThan(partial(170_014))
  })
})
