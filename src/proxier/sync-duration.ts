/**
 * How long a sync takes, from what it writes and the prices of the tool that loads it: a pure function, the same in every worker. It is
 * the least time of an idle machine; nothing is drawn.
 */
import { priceAt } from '../metrics/price.ts'
import type { SyncProfile } from '../scenario/sync-profile.ts'
import type { TimeUs } from '../sim/time.ts'
import type { SyncSize } from './iptables-sync.ts'
import type { NftablesSyncSize } from './nftables-sync.ts'
import { iptablesSyncTerms, nftSyncTerms, type SyncTerm } from './sync-terms.ts'

export type SyncWritten =
  | { readonly mode: 'iptables'; readonly isFull: boolean; readonly size: SyncSize }
  | { readonly mode: 'nftables'; readonly isFull: boolean; readonly size: NftablesSyncSize }

/** Whole microseconds, at least one. `profile` is of a tool of the sync's mode. */
export const syncDurationUs = (written: SyncWritten, { prices }: SyncProfile): TimeUs =>
  Math.max(1, Math.round(termsUs(syncTerms(written), prices)))

export const syncTerms = (written: SyncWritten): readonly SyncTerm[] =>
  written.mode === 'iptables' ? iptablesSyncTerms(written.size, written.isFull) : nftSyncTerms(written.size)

export function termsUs(terms: readonly SyncTerm[], prices: SyncProfile['prices']): number {
  const known: Readonly<Partial<Record<string, (typeof prices)[keyof typeof prices]>>> = prices
  return terms.reduce((us, { term, count, size }) => {
    const price = known[term]
    if (price === undefined) throw new Error(`the profile of this tool has no price for ${term}`)
    return us + count * priceAt(price, size)
  }, 0)
}
