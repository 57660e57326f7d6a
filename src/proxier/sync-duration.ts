/**
 * How long a sync takes, from what it writes: a pure function, the same in every worker. Measured minima of kube-proxy 1.34 on one machine
 * stand behind the figures (2 shared cores, kernel 6.18, iptables 1.8.9, nft 1.0.6): iptables-legacy swaps the whole table whatever changed,
 * so even a partial sync grows with all rules; nft lists the whole table first.
 */
import type { TimeUs } from '../sim/time.ts'
import type { SyncSize } from './iptables-sync.ts'
import type { NftablesSyncSize } from './nftables-sync.ts'

export type SyncWritten =
  | { readonly mode: 'iptables'; readonly isFull: boolean; readonly size: SyncSize }
  | { readonly mode: 'nftables'; readonly isFull: boolean; readonly size: NftablesSyncSize }

/** Whole microseconds, at least one. */
export const syncDurationUs = (written: SyncWritten): TimeUs =>
  Math.max(1, Math.round(written.mode === 'iptables' ? iptablesUs(written) : nftablesUs(written)))

/** A full sync runs iptables 20 times or more to make its base chains. */
const iptablesUs = ({ isFull, size }: Extract<SyncWritten, { mode: 'iptables' }>): number => {
  const rules = size.nat.rules + size.filter.rules
  const total = size.total.nat + size.total.filter
  return isFull ? 50_000 + 14.3 * rules : 8_000 + 5.6 * total
}

const nftablesUs = ({ isFull, size }: Extract<SyncWritten, { mode: 'nftables' }>): number =>
  20_000 +
  (isFull ? 0 : 60 * size.total.rules) +
  60 * (size.rules + size.chains + size.elements) +
  size.anonymousSets ** 2
