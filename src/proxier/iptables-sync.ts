/**
 * One sync of one node in iptables mode: how much it writes, known at once, and the text, made when asked for. Immutable; it stays
 * what it was when later syncs follow.
 */
import type { BlockSequence, BlockStretch, BlockTotals } from './block-sequence.ts'
import type { FullSyncReason } from './change-tracker.ts'
import type { RestoreBlock } from './restore-block.ts'
import type { RestoreFrame, TableFrame } from './restore-frame.ts'
import { chainLine } from './restore-rule.ts'

/** What the parts of a sync's price hang on. */
export interface SyncSize {
  /** Of the text. */
  readonly bytes: number
  readonly filter: TableSize
  readonly nat: TableSize
  /** Chains of nat that are deleted; they are among those declared. */
  readonly deletedChains: number
  /** kube-proxy ran `iptables-save -t nat` first, to look for chains to delete. */
  readonly listsNat: boolean
  /** Rules that it printed. */
  readonly listed: number
  /** Rules in kube-proxy's chains afterwards, as its metric sync_proxy_rules_iptables_total has them. */
  readonly total: {
    readonly filter: number
    readonly nat: number
    /** Of both, those with a comment: they take twice the room in the kernel. */
    readonly comments: number
  }
}

export interface TableSize {
  /** Declared: made, or emptied. */
  readonly chains: number
  /** Appended, as the metric sync_proxy_rules_iptables_last has them. */
  readonly rules: number
}

interface SyncParts {
  readonly full?: FullSyncReason
  readonly frame: RestoreFrame
  readonly ports: BlockSequence
  /** Those of `ports` whose own chains are written. */
  readonly written: ReadonlySet<RestoreBlock> | 'all'
  /** undefined: nobody looked for stale chains. */
  readonly deleted?: readonly string[]
  /** Rules in nat until now. */
  readonly natBefore: number
}

export class IptablesSync {
  /** undefined: a partial sync. */
  readonly full?: FullSyncReason
  readonly size: SyncSize
  private readonly parts: SyncParts

  constructor(parts: SyncParts) {
    this.full = parts.full
    this.size = sizeOf(parts)
    this.parts = parts
  }

  /** The input of iptables-restore (ip6tables-restore). */
  text(): string {
    const { frame, ports, written, deleted = [] } = this.parts
    const { stretches } = ports
    const isWritten = (block: RestoreBlock): boolean => written === 'all' || written.has(block)
    const touched = new Set(written === 'all' ? stretches : Array.from(written, block => ports.stretchOf(block)))
    const natRules = (stretch: BlockStretch): string =>
      touched.has(stretch)
        ? stretch.blocks.map(b => (isWritten(b) ? b.shared.text + b.own.text : b.shared.text)).join('')
        : stretch.shared()
    const ownChains = (stretch: BlockStretch): string =>
      touched.has(stretch) ? stretch.blocks.map(b => (isWritten(b) ? b.chainLines : '')).join('') : ''
    return [
      '*filter\n',
      ...frame.filter.chains.map(chainLine),
      frame.filter.first.text,
      ...stretches.map(stretch => stretch.filter()),
      frame.filter.last.text,
      'COMMIT\n*nat\n',
      ...frame.nat.chains.map(chainLine),
      ...stretches.map(ownChains),
      ...deleted.map(chainLine),
      frame.nat.first.text,
      ...stretches.map(natRules),
      ...deleted.map(deletion),
      frame.nat.last.text,
      'COMMIT\n',
    ].join('')
  }
}

const deletion = (chain: string): string => `-X ${chain}\n`

function sizeOf({ frame, ports, written, deleted, natBefore }: SyncParts): SyncSize {
  const { totals } = ports
  const own = written === 'all' ? totals : ownTotals(written)
  let bytes = FRAME_BYTES + frameBytes(frame.filter) + frameBytes(frame.nat) + totals.sharedBytes + own.ownBytes
  for (const chain of deleted ?? []) bytes += chainLine(chain).length + deletion(chain).length
  const filterRules = frameRules(frame.filter) + totals.filterRules
  const natRules = frameRules(frame.nat) + totals.natRules
  const deletedChains = deleted?.length ?? 0
  return {
    bytes,
    filter: { chains: frame.filter.chains.length, rules: filterRules },
    nat: { chains: frame.nat.chains.length + own.ownChains + deletedChains, rules: natRules + own.ownRules },
    deletedChains,
    listsNat: deleted !== undefined,
    listed: deleted === undefined ? 0 : natBefore,
    total: {
      filter: filterRules,
      nat: natRules + totals.ownRules,
      comments: frameComments(frame.filter) + frameComments(frame.nat) + totals.comments,
    },
  }
}

type OwnTotals = Pick<BlockTotals, 'ownChains' | 'ownRules' | 'ownBytes'>

function ownTotals(written: Iterable<RestoreBlock>): OwnTotals {
  let [ownChains, ownRules, ownBytes] = [0, 0, 0]
  for (const { chains, own, chainLines } of written) {
    ownChains += chains.length
    ownRules += own.count
    ownBytes += chainLines.length + own.text.length
  }
  return { ownChains, ownRules, ownBytes }
}

const FRAME_BYTES = '*filter\nCOMMIT\n*nat\nCOMMIT\n'.length

const frameRules = ({ first, last }: TableFrame): number => first.count + last.count

const frameComments = ({ first, last }: TableFrame): number => first.comments + last.comments

const frameBytes = ({ chains, first, last }: TableFrame): number =>
  chains.reduce((sum, chain) => sum + chainLine(chain).length, 0) + first.text.length + last.text.length
