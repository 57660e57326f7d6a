/**
 * What a sync's duration is made of: how often each term of its tool's profile is paid, from what the sync writes, lists and leaves as it
 * is. iptables-legacy swaps the whole table whatever changed, so rules that are not written cost too. iptables-nft with --noflush searches
 * what it has written for each rule it writes. The nf_tables kernel walks the transaction for each anonymous set (one a Service), and
 * nft walks what it has read for each rule it lists.
 */
import type { IptablesSyncPrices, NftSyncPrices } from '../scenario/sync-profile.ts'
import type { SyncSize } from './iptables-sync.ts'
import type { NftablesSyncSize } from './nftables-sync.ts'

export interface SyncTerm<Name extends string = string> {
  readonly term: Name
  readonly count: number
  /** What the term's curve goes by; 0: it has none. */
  readonly size: number
}

export function iptablesSyncTerms(size: SyncSize, isFull: boolean): readonly SyncTerm<keyof IptablesSyncPrices>[] {
  const written = size.filter.rules + size.nat.rules
  const all = size.total.filter + size.total.nat
  return [
    { term: 'restore', count: 1, size: 0 },
    { term: 'setup', count: isFull ? 1 : 0, size: 0 },
    { term: 'rule', count: written, size: all },
    { term: 'rulePair', count: written ** 2, size: all },
    { term: 'keptRule', count: all - written, size: 0 },
    { term: 'comment', count: size.total.comments, size: 0 },
    { term: 'listedRule', count: size.listed, size: 0 },
  ]
}

export function nftSyncTerms(size: NftablesSyncSize): readonly SyncTerm<keyof NftSyncPrices>[] {
  const commands = size.deletedChains + size.chains + size.rules + size.elements
  return [
    { term: 'transaction', count: 1, size: 0 },
    { term: 'listedRule', count: size.listed, size: 0 },
    { term: 'listedPair', count: size.listed ** 2, size: 0 },
    { term: 'command', count: commands, size: 0 },
    { term: 'setStep', count: size.anonymousSets * commands, size: commands },
  ]
}
