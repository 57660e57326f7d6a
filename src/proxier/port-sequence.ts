/**
 * The Service ports of one node in their order, each with what its kube-proxy last wrote for it, and sums over them. Immutable
 * stretches of some hundred ports are shared from version to version, and keep their joined text: a change costs one stretch,
 * and the lines of 10,000 unchanged Services are put together from 80 strings.
 */
import type { RestoreBlock } from './restore-block.ts'
import { compareServicePorts, type ServicePort } from './service-ports.ts'

export interface PortEntry {
  readonly servicePort: ServicePort
  readonly block: RestoreBlock
  /** The sync that wrote the port's own chains last. */
  readonly writtenBy: number
}

/** What the shared chains hold of all ports. */
export interface DispatchTotals {
  readonly filterRules: number
  readonly natRules: number
  /** Of the ports' own chains. */
  readonly ownRules: number
  readonly bytes: number
}

export class PortSequence {
  readonly stretches: readonly PortStretch[]
  readonly totals: DispatchTotals

  private constructor(stretches: readonly PortStretch[], totals: DispatchTotals) {
    this.stretches = stretches
    this.totals = totals
  }

  static readonly EMPTY = new PortSequence([], { filterRules: 0, natRules: 0, ownRules: 0, bytes: 0 })

  /** `entries` in order. */
  static of(entries: readonly PortEntry[]): PortSequence {
    const stretches: PortStretch[] = []
    for (let i = 0; i < entries.length; i += STRETCH) stretches.push(new PortStretch(entries.slice(i, i + STRETCH)))
    return new PortSequence(stretches, totalsOf(PortSequence.EMPTY.totals, [], entries))
  }

  /** Without `removed`, which are entries of this version, and with `added`. */
  replace(removed: readonly PortEntry[], added: readonly PortEntry[]): PortSequence {
    const stretches = [...this.stretches]
    for (const entry of removed) {
      const at = placeOf(stretches, entry)
      const rest = stretches[at].entries.filter(e => e !== entry)
      stretches.splice(at, 1, ...(rest.length === 0 ? [] : [new PortStretch(rest)]))
    }
    for (const entry of added) {
      const at = Math.max(0, placeOf(stretches, entry))
      const before = stretches[at]?.entries ?? []
      const later = before.findIndex(e => compareServicePorts(e.servicePort, entry.servicePort) > 0)
      const entries = before.toSpliced(later < 0 ? before.length : later, 0, entry)
      const parts = entries.length > 2 * STRETCH ? [entries.slice(0, STRETCH), entries.slice(STRETCH)] : [entries]
      stretches.splice(at, 1, ...parts.map(part => new PortStretch(part)))
    }
    return new PortSequence(stretches, totalsOf(this.totals, removed, added))
  }
}

const STRETCH = 128

export class PortStretch {
  readonly entries: readonly PortEntry[]
  private filterText: string | undefined
  private dispatchText: string | undefined

  constructor(entries: readonly PortEntry[]) {
    this.entries = entries
  }

  /** All lines in filter. */
  filter(): string {
    this.filterText ??= this.entries.map(e => e.block.filter.text).join('')
    return this.filterText
  }

  /** All lines in the shared chains of nat. */
  dispatch(): string {
    this.dispatchText ??= this.entries.map(e => e.block.dispatch.text).join('')
    return this.dispatchText
  }
}

/** The last stretch that begins at or before the entry; -1: none. */
function placeOf(stretches: readonly PortStretch[], { servicePort }: PortEntry): number {
  let low = 0
  let high = stretches.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareServicePorts(stretches[middle].entries[0].servicePort, servicePort) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}

function totalsOf(before: DispatchTotals, removed: readonly PortEntry[], added: readonly PortEntry[]): DispatchTotals {
  let { filterRules, natRules, ownRules, bytes } = before
  const count = ({ block: { filter, dispatch, own } }: PortEntry, sign: 1 | -1): void => {
    filterRules += sign * filter.count
    natRules += sign * dispatch.count
    ownRules += sign * own.count
    bytes += sign * (filter.text.length + dispatch.text.length)
  }
  for (const entry of removed) count(entry, -1)
  for (const entry of added) count(entry, 1)
  return { filterRules, natRules, ownRules, bytes }
}
