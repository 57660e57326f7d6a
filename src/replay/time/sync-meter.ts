/**
 * What the syncs of one node write, as sums over the variants it has loaded: no rules, no text. Equal to what the sync writers of
 * proxier/ say of the same changes (a test holds them together), but for two things: a chain that comes back before it was deleted counts as
 * deleted, and where elements of maps change their verdict only the difference of their number counts.
 */
import type { SyncSize, TableSize } from '../../proxier/iptables-sync.ts'
import type { NftablesSyncSize } from '../../proxier/nftables-sync.ts'
import type { FrameAmounts } from '../../proxier/port-amounts.ts'
import type { ProxyMode } from '../../proxier/proxier-config.ts'
import type { SyncWritten } from '../../proxier/sync-duration.ts'
import { SECOND_US, type TimeUs } from '../../sim/time.ts'
import { type ChangeSteps, REMOVED, removedBetween } from './change-steps.ts'
import { removedChains } from './removed-chains.ts'
import type { ChangeColumns } from './timed-plan.ts'
import { AMOUNT, type VersionTable } from './version-table.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export class SyncMeter {
  readonly #table: VersionTable
  readonly #frame: FrameAmounts
  readonly #mode: ProxyMode
  readonly #largeEndpoints: number
  /** Sums over what is loaded, by AMOUNT. */
  readonly #totals = new Float64Array(AMOUNT.words)
  /** The same over what this sync writes. */
  readonly #written = new Float64Array(AMOUNT.words)
  readonly #removed = new Map<number, number>()
  #elements = 0
  #stale = 0
  #staleSinceUs: TimeUs = 0
  #cleanedUs: TimeUs = -Infinity
  #newlyStale = 0
  /** Of nat, or of the whole table, as the last sync left them. */
  #rulesBefore = 0

  constructor(table: VersionTable, frame: FrameAmounts, mode: ProxyMode, largeClusterEndpoints: number) {
    this.#table = table
    this.#frame = frame
    this.#mode = mode
    this.#largeEndpoints = largeClusterEndpoints
  }

  /** A kube-proxy that has loaded these variants (-1: none) at `timeUs`, and left nothing stale. */
  begin(loaded: Int32Array, timeUs: TimeUs): void {
    const totals = this.#totals.fill(0)
    const { amounts } = this.#table
    for (const variant of loaded) {
      if (variant < 0) continue
      const at = AMOUNT.words * variant
      for (let a = 0; a < AMOUNT.words; a++) totals[a] += amounts[at + a]
    }
    this.#start(
      timeUs,
      loaded.some(variant => variant >= 0),
    )
  }

  /** The same where changes are steps: after so many of them; -1: nothing is loaded. */
  beginAt(steps: ChangeSteps, change: number, timeUs: TimeUs): void {
    this.#totals.fill(0)
    if (change >= 0) this.#load(steps, change)
    this.#start(timeUs, change >= 0)
  }

  #start(timeUs: TimeUs, isLoaded: boolean): void {
    this.#stale = 0
    this.#staleSinceUs = this.#cleanedUs = timeUs
    this.#rulesBefore = isLoaded ? this.#rules : 0
    this.#clear()
  }

  #load({ totals }: ChangeSteps, change: number): void {
    const words = AMOUNT.words
    this.#elements += totals[words * change + AMOUNT.elements] - this.#totals[AMOUNT.elements]
    for (let a = 0; a < words; a++) this.#totals[a] = totals[words * change + a]
  }

  /** A sync over changes `from` … `to` - 1, all that is loaded being as after `from` of them. */
  take(steps: ChangeSteps, { service, version }: ChangeColumns, from: number, to: number): void {
    const { next, before, amounts, removed } = steps
    const written = this.#written
    for (let k = from; k < to; k++) {
      if (next[k] < to) continue
      let back = 1
      for (let b = before[k]; b >= from; b = before[b]) back++
      const at = AMOUNT.words * k
      for (let a = 0; a < AMOUNT.words; a++) written[a] += amounts[at + a]
      this.#newlyStale +=
        back <= REMOVED
          ? removed[REMOVED * k + back - 1]
          : removedBetween(this.#table, service[k], version[k] - back, version[k])
    }
    this.#load(steps, to)
  }

  /** A Service port of this sync: its variant as loaded, and as it will be. `isStep`: of neighbouring slice versions. */
  change(before: number, after: number, isStep: boolean): void {
    const { amounts, removedByStep } = this.#table
    const totals = this.#totals
    const written = this.#written
    const from = AMOUNT.words * before
    const to = AMOUNT.words * after
    if (before >= 0) {
      for (let a = 0; a < AMOUNT.words; a++) totals[a] -= amounts[from + a]
      this.#elements -= amounts[from + AMOUNT.elements]
    }
    if (after >= 0) {
      for (let a = 0; a < AMOUNT.words; a++) {
        totals[a] += amounts[to + a]
        written[a] += amounts[to + a]
      }
      this.#elements += amounts[to + AMOUNT.elements]
    }
    if (before === after) return
    this.#newlyStale += isStep && before >= 0 && after >= 0 ? removedByStep[after] : this.#removedBetween(before, after)
  }

  get isLarge(): boolean {
    return this.#mode === 'iptables' && this.#totals[AMOUNT.endpoints] > this.#largeEndpoints
  }

  /** Ends a sync that started at `timeUs`. */
  finish(timeUs: TimeUs, isFull: boolean): SyncWritten {
    const sync: SyncWritten =
      this.#mode === 'iptables'
        ? { mode: 'iptables', isFull, size: this.#iptablesSize(timeUs, isFull) }
        : { mode: 'nftables', isFull, size: this.#nftablesSize(timeUs, isFull) }
    this.#rulesBefore = this.#rules
    this.#clear()
    return sync
  }

  /** Of nat, or of the whole table. */
  get #rules(): number {
    return this.#frame.rules + this.#totals[AMOUNT.sharedRules] + this.#totals[AMOUNT.rules]
  }

  #clear(): void {
    this.#written.fill(0)
    this.#elements = 0
    this.#newlyStale = 0
  }

  #iptablesSize(timeUs: TimeUs, isFull: boolean): SyncSize {
    const totals = this.#totals
    const written = isFull ? totals : this.#written
    const frame = this.#frame
    this.#stale += this.#newlyStale
    const listsNat = !this.isLarge || timeUs - this.#cleanedUs > CLEAN_PERIOD_US
    const deletedChains = listsNat ? this.#stale : 0
    if (listsNat) {
      this.#stale = 0
      this.#cleanedUs = timeUs
    }
    const filter: Mutable<TableSize> = {
      chains: frame.filterChains,
      rules: frame.filterRules + totals[AMOUNT.filterRules],
    }
    const shared = frame.rules + totals[AMOUNT.sharedRules]
    return {
      bytes: frame.bytes + totals[AMOUNT.sharedBytes] + written[AMOUNT.bytes] + STALE_BYTES * deletedChains,
      filter,
      nat: {
        chains: frame.chains + written[AMOUNT.chains] + deletedChains,
        rules: shared + written[AMOUNT.rules],
      },
      deletedChains,
      listsNat,
      listed: listsNat ? this.#rulesBefore : 0,
      total: { filter: filter.rules, nat: this.#rules, comments: frame.comments + totals[AMOUNT.comments] },
    }
  }

  #nftablesSize(timeUs: TimeUs, isFull: boolean): NftablesSyncSize {
    const totals = this.#totals
    const written = isFull ? totals : this.#written
    const frame = this.#frame
    const deletedChains = timeUs - this.#staleSinceUs >= SECOND_US ? this.#stale : 0
    this.#stale += this.#newlyStale - deletedChains
    this.#staleSinceUs = timeUs
    const once = isFull ? 1 : 0
    return {
      bytes: once * frame.bytes + written[AMOUNT.bytes],
      listed: this.#rulesBefore,
      deletedChains,
      chains: once * frame.chains + written[AMOUNT.chains] + this.#stale,
      rules: once * frame.rules + written[AMOUNT.rules],
      elements: isFull ? frame.elements + totals[AMOUNT.elements] : Math.abs(this.#elements),
      anonymousSets: once * frame.anonymousSets + written[AMOUNT.anonymousSets],
      total: {
        chains: frame.chains + totals[AMOUNT.chains] + this.#stale,
        rules: this.#rules,
        elements: frame.elements + totals[AMOUNT.elements],
      },
    }
  }

  #removedBetween(before: number, after: number): number {
    const key = before * 2 ** 26 + after
    let removed = this.#removed.get(key)
    if (removed === undefined) {
      removed = removedChains(this.#table, before, after)
      this.#removed.set(key, removed)
    }
    return removed
  }
}

/** kube-proxy's `--iptables-sync-period` by default. */
const CLEAN_PERIOD_US = 30 * SECOND_US

/** Of the declaration and the deletion of a chain with a name of 25 characters. */
const STALE_BYTES = ':KUBE-SEP-AAAAAAAAAAAAAAAA - [0:0]\n-X KUBE-SEP-AAAAAAAAAAAAAAAA\n'.length
