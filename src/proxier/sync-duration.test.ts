import { describe, expect, it } from 'vitest'
import type { SyncProfile } from '../scenario/sync-profile.ts'
import type { SyncSize } from './iptables-sync.ts'
import type { NftablesSyncSize } from './nftables-sync.ts'
import { syncDurationUs } from './sync-duration.ts'

const about = { provenance: { kernel: '', cpu: '', tools: '', date: '2026-11-22', method: '' }, form: '' }

const iptables: SyncProfile = {
  tool: 'iptables-nft',
  ...about,
  prices: { restore: 1000, setup: 500, rule: 10, rulePair: 0.5, keptRule: 2, comment: 3, listedRule: 7 },
}

const nft: SyncProfile = {
  tool: 'nft-1.0.6',
  ...about,
  prices: {
    transaction: 1000,
    listedRule: 5,
    listedPair: 0.5,
    command: 10,
    setStep: [
      [10, 1],
      [20, 3],
    ],
  },
}

const iptablesSize = (written: number, parts: Partial<SyncSize> = {}): SyncSize => ({
  bytes: 0,
  filter: { chains: 0, rules: 4 },
  nat: { chains: 0, rules: written - 4 },
  deletedChains: 0,
  listsNat: false,
  listed: 0,
  total: { filter: 4, nat: 96, comments: 0 },
  ...parts,
})

const nftSize = (parts: Partial<NftablesSyncSize>): NftablesSyncSize => ({
  bytes: 0,
  listed: 0,
  deletedChains: 0,
  chains: 0,
  rules: 0,
  elements: 0,
  anonymousSets: 0,
  total: { chains: 0, rules: 0, elements: 0 },
  ...parts,
})

describe('syncDurationUs', () => {
  it('adds up what iptables-restore pays', () => {
    const us = (isFull: boolean, size: SyncSize) => syncDurationUs({ mode: 'iptables', isFull, size }, iptables)
    expect(us(false, iptablesSize(10))).toBe(1000 + 10 * 10 + 0.5 * 100 + 2 * 90)
    expect(us(true, iptablesSize(100))).toBe(1000 + 500 + 10 * 100 + 0.5 * 10_000)
    expect(us(false, iptablesSize(10, { listsNat: true, listed: 96 }))).toBe(us(false, iptablesSize(10)) + 7 * 96)
    const total = { filter: 4, nat: 96, comments: 50 }
    expect(us(false, iptablesSize(10, { total }))).toBe(us(false, iptablesSize(10)) + 3 * 50)
  })

  it('adds up what nft pays', () => {
    const us = (parts: Partial<NftablesSyncSize>) =>
      syncDurationUs({ mode: 'nftables', isFull: false, size: nftSize(parts) }, nft)
    expect(us({})).toBe(1000)
    expect(us({ listed: 40 })).toBe(1000 + 5 * 40 + 0.5 * 1600)
    expect(us({ deletedChains: 1, chains: 2, rules: 8, elements: 4, anonymousSets: 3 })).toBe(1000 + 150 + 3 * 15 * 2)
    expect(us({ rules: 200, anonymousSets: 1 })).toBe(1000 + 2000 + 200 * 3)
  })

  it('is whole and at least a microsecond', () => {
    const free: SyncProfile = {
      ...nft,
      prices: { transaction: 0.4, listedRule: 0, listedPair: 0, command: 0, setStep: 0 },
    }
    expect(syncDurationUs({ mode: 'nftables', isFull: false, size: nftSize({}) }, free)).toBe(1)
  })

  it('refuses the profile of a tool of the other mode', () => {
    expect(() => syncDurationUs({ mode: 'nftables', isFull: false, size: nftSize({}) }, iptables)).toThrow(
      'transaction',
    )
  })
})
