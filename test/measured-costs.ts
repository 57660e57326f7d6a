/**
 * What one kernel took for a packet, measured on 2026-11-22 on an otherwise idle machine: Linux 6.18.44, AMD EPYC in a KVM guest of two
 * processors, iptables 1.8.9, nft 1.0.6; thread processor time a packet, every packet of a new connection, median of 7 to 9 samples in
 * turn. The shipped profiles were made of these tables.
 */
import type { WorldShape } from '../src/app/calibrate/service-world.ts'
import type { CostBackend } from '../src/netfilter/cost/cost-profile.ts'

export interface MeasuredWorld {
  readonly shape: Partial<WorldShape>
  /** Nanoseconds a new connection; absent: not measured. */
  readonly ns: Readonly<Partial<Record<CostBackend, number>>>
}

const three = (legacy: number, nft: number, nftables?: number): MeasuredWorld['ns'] => ({
  'iptables-legacy': legacy,
  'iptables-nft': nft,
  ...(nftables === undefined ? {} : { nftables }),
})

const lastOf = (services: number, legacy: number, nft: number, nftables: number): MeasuredWorld => ({
  shape: { services, to: 'last' },
  ns: three(legacy, nft, nftables),
})

const firstOf = (services: number, legacy: number, nft: number, nftables: number): MeasuredWorld => ({
  shape: { services, to: 'first' },
  ns: three(legacy, nft, nftables),
})

const endpoints = (count: number, legacy: number, nft: number, nftables: number): MeasuredWorld => ({
  shape: { endpoints: count },
  ns: three(legacy, nft, nftables),
})

const affinity = (count: number, legacy: number, nft: number, nftables: number): MeasuredWorld => ({
  shape: { endpoints: count, affinity: true },
  ns: three(legacy, nft, nftables),
})

const manyAffine = (services: number, legacy: number, nft: number, nftables: number): MeasuredWorld => ({
  shape: { services, endpoints: 10, affinity: true, to: 'every' },
  ns: three(legacy, nft, nftables),
})

export const MEASURED_WORLDS: readonly MeasuredWorld[] = [
  { shape: {}, ns: three(4690, 5370, 4840) },
  { shape: { from: 'outside' }, ns: three(5190, 5850, 5510) },
  firstOf(1, 4693, 5378, 4840),
  firstOf(100, 4751, 5484, 4884),
  firstOf(1000, 4695, 5369, 4887),
  firstOf(10_000, 4575, 5293, 4792),
  lastOf(1, 4692, 5359, 4832),
  lastOf(10, 4688, 5466, 4820),
  lastOf(100, 4972, 6967, 4890),
  lastOf(300, 5649, 10_210, 4882),
  lastOf(1000, 7373, 21_632, 4909),
  lastOf(3000, 13_155, 52_809, 4959),
  lastOf(5000, 19_562, 84_907, 4835),
  lastOf(10_000, 36_087, 158_751, 4789),
  lastOf(20_000, 69_963, 319_385, 4849),
  { shape: { services: 30_000 }, ns: three(98_801, 463_155, 4679) },
  // Measured as rates: 42,000 and 11,000 connections/s.
  { shape: { services: 10_000, endpoints: 5, to: 'every' }, ns: three(23_800, 90_900) },
  endpoints(10, 5060, 6020, 4850),
  endpoints(100, 8340, 11_200, 4870),
  endpoints(300, 15_900, 23_700, 4910),
  endpoints(1000, 40_600, 63_900, 5090),
  endpoints(3000, 119_700, 191_000, 6490),
  endpoints(5000, 189_800, 328_800, 6580),
  affinity(10, 7700, 9100, 6300),
  affinity(100, 92_600, 103_000, 13_500),
  affinity(300, 625_000, 664_000, 27_000),
  affinity(1000, 6_630_000, 6_970_000, 68_200),
  manyAffine(11, 18_200, 17_100, 7300),
  manyAffine(31, 29_300, 31_900, 6600),
  manyAffine(101, 81_600, 89_500, 8200),
  manyAffine(201, 184_000, 194_000, 8800),
]

/** Nanoseconds of a packet on parts of the way. */
export const MEASURED_WAY = {
  forward: 2220,
  tracked: 3310,
  established: { 'iptables-legacy': 3206, 'iptables-nft': 3431, nftables: 3070 },
} as const

/** Nanoseconds of one rule that does not match, by kind. */
export const MEASURED_RULES = {
  otherProtocol: { 'iptables-legacy': 3.05, 'iptables-nft': 12.4 },
  otherPort: { 'iptables-legacy': 50.2, 'iptables-nft': 70.6 },
  noAddress: { 'iptables-legacy': 48.4, 'iptables-nft': 62.3 },
  chance: { 'iptables-legacy': 70.4, 'iptables-nft': 113 },
  recentMiss: { 'iptables-legacy': 200, 'iptables-nft': 225 },
  recentList: { 'iptables-legacy': 6.4, 'iptables-nft': 6.7 },
} as const

/** Measured to check sums of the others: 2,000 Services of which every one has one backend, but the 1,500th has 50; from outside. */
export const MEASURED_CHECK = { 'iptables-legacy': 11_850, 'iptables-nft': 33_200, nftables: 5750 } as const
