import { describe, expect, it } from 'vitest'
import type { CostProfile } from '../../netfilter/cost/cost-profile.ts'
import { PacketCosts } from './packet-costs.ts'

const PROFILE: CostProfile = {
  backend: 'nftables',
  provenance: { kernel: '', cpu: '', tools: '', date: '', method: '' },
  prices: {
    spread: [
      [0, 0],
      [10, 500],
    ],
  },
}

describe('PacketCosts', () => {
  it('knows nothing of no packets', () => {
    expect(new PacketCosts(PROFILE).result(8)).toEqual({
      profile: 'nftables',
      perConnection: undefined,
      perEstablishedPacketNs: undefined,
    })
  })

  it('gives one packet as mean and percentiles', () => {
    const costs = new PacketCosts(PROFILE)
    costs.noteFirst(4_000, false)
    expect(costs.result(1024).perConnection).toEqual({ meanNs: 4, p50Ns: 4, p99Ns: 4 })
  })

  it('charges translated packets for the caches that traffic spreads over', () => {
    const costs = new PacketCosts(PROFILE)
    for (let n = 0; n < 3; n++) costs.noteFirst(1_000, true)
    costs.noteFirst(2_000, false)
    // 4 backends: 2 of 10 on the curve.
    expect(costs.result(4).perConnection).toEqual({ meanNs: (3 * 101 + 2) / 4, p50Ns: 101, p99Ns: 101 })
    expect(costs.result(1).perConnection).toEqual({ meanNs: 5 / 4, p50Ns: 1, p99Ns: 2 })
  })

  it('ranks as the nearest rank does', () => {
    const costs = new PacketCosts(PROFILE)
    for (let n = 200; n >= 1; n--) costs.noteFirst(1_000 * n, false)
    expect(costs.result(1).perConnection).toEqual({ meanNs: 100.5, p50Ns: 100, p99Ns: 198 })
  })

  it('has the mean of later packets', () => {
    const costs = new PacketCosts(PROFILE)
    for (const ps of [1_000, 2_000, 6_000]) costs.noteLater(ps)
    expect(costs.result(1).perEstablishedPacketNs).toBe(3)
  })
})
