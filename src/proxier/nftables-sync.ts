/** One sync of one node in nftables mode: how much it writes, and the transactions it hands to `nft -f -`. Immutable. */
import type { FullSyncReason } from './change-tracker.ts'

/** What the parts of a sync's price hang on. */
export interface NftablesSyncSize {
  /** Of all transactions. */
  readonly bytes: number
  /** Rules that `nft list table` printed first. */
  readonly listed: number
  /** Deleted by a transaction of their own, before all else. */
  readonly deletedChains: number
  /** Declared or emptied. */
  readonly chains: number
  readonly rules: number
  /** Added or deleted. */
  readonly elements: number
  /** Maps and sets without a name among the rules: what the kernel is slow to add many of. */
  readonly anonymousSets: number
  /** In the table afterwards. Every sync lists its chains and rules, but no elements. */
  readonly total: { readonly chains: number; readonly rules: number; readonly elements: number }
}

export class NftablesSync {
  /** undefined: a partial sync. */
  readonly full?: FullSyncReason
  readonly size: NftablesSyncSize
  private readonly transactions: readonly (readonly string[])[]

  /** `transactions`: the commands of each, in order; an empty one is not made. */
  constructor(
    full: FullSyncReason | undefined,
    size: Omit<NftablesSyncSize, 'bytes'>,
    transactions: readonly (readonly string[])[],
  ) {
    this.full = full
    this.transactions = transactions
    let bytes = 0
    for (const commands of transactions) for (const command of commands) bytes += command.length
    this.size = { bytes, ...size }
  }

  /** The input of each call of nft. */
  calls(): string[] {
    return this.transactions.map(commands => commands.join('')).filter(text => text !== '')
  }

  /** All of it, an empty line between two transactions. */
  text(): string {
    return this.calls().join('\n')
  }
}
