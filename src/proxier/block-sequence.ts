/**
 * What the Service ports of one node are in their order, as its kube-proxy last wrote them, and sums over them. Immutable stretches of
 * some hundred ports are shared from version to version, keep their joined text, and remember what they became: nodes that hear of the
 * same changes hold the same stretches, and a node of 10,000 Services costs 80 references and what it sees otherwise.
 */
import type { RestoreBlock } from './restore-block.ts'
import { compareServicePorts, type ServicePort } from './service-ports.ts'

/** Sums over all blocks. */
export interface BlockTotals {
  readonly endpoints: number
  readonly filterRules: number
  /** In the chains of nat that all Services share. */
  readonly natRules: number
  /** Of the lines in shared chains. */
  readonly sharedBytes: number
  readonly ownChains: number
  readonly ownRules: number
  /** Of the own chains' declarations and rules. */
  readonly ownBytes: number
  /** Rules with a comment, in both tables. */
  readonly comments: number
}

export class BlockSequence {
  readonly stretches: readonly BlockStretch[]
  readonly totals: BlockTotals

  private constructor(stretches: readonly BlockStretch[], totals: BlockTotals) {
    this.stretches = stretches
    this.totals = totals
  }

  static readonly EMPTY = new BlockSequence([], {
    endpoints: 0,
    filterRules: 0,
    natRules: 0,
    sharedBytes: 0,
    ownChains: 0,
    ownRules: 0,
    ownBytes: 0,
    comments: 0,
  })

  /** `blocks` in order; stretches of `like`, another sequence made so, are taken over where they are the same. */
  static of(blocks: readonly RestoreBlock[], like = BlockSequence.EMPTY): BlockSequence {
    const stretches: BlockStretch[] = []
    for (let i = 0; i < blocks.length; i += STRETCH) {
      const part = blocks.slice(i, i + STRETCH)
      const known = like.stretches[stretches.length]
      stretches.push(known !== undefined && areSame(known.blocks, part) ? known : new BlockStretch(part))
    }
    return new BlockSequence(stretches, totalsOf(BlockSequence.EMPTY.totals, [], blocks))
  }

  /** The blocks of one Service. */
  ofService(namespace: string, name: string): RestoreBlock[] {
    const isBefore = ({ servicePort: p }: RestoreBlock): boolean =>
      p.namespace < namespace || (p.namespace === namespace && p.name < name)
    const found: RestoreBlock[] = []
    let at = Math.max(0, lowerBound(this.stretches, stretch => isBefore(stretch.blocks[0])) - 1)
    for (; at < this.stretches.length; at++) {
      const { blocks } = this.stretches[at]
      for (let i = lowerBound(blocks, isBefore); i < blocks.length; i++) {
        const { servicePort } = blocks[i]
        if (servicePort.name !== name || servicePort.namespace !== namespace) return found
        found.push(blocks[i])
      }
    }
    return found
  }

  /** The stretch that holds the block. */
  stretchOf({ servicePort }: RestoreBlock): BlockStretch {
    return this.stretches[placeOf(this.stretches, servicePort)]
  }

  /** Without `removed`, which are blocks of this sequence, and with `added`. */
  replace(removed: readonly RestoreBlock[], added: readonly RestoreBlock[]): BlockSequence {
    const stretches = [...this.stretches]
    const step = (before: RestoreBlock | undefined, after: RestoreBlock | undefined): void => {
      if (before === after) return
      const at = Math.max(0, placeOf(stretches, (before ?? after!).servicePort))
      const stretch = stretches[at] ?? EMPTY_STRETCH
      stretches.splice(at, 1, ...stretch.step(before, after))
    }
    const isSamePort = (a: RestoreBlock, b: RestoreBlock): boolean =>
      compareServicePorts(a.servicePort, b.servicePort) === 0
    for (const before of removed)
      step(
        before,
        added.find(after => isSamePort(before, after)),
      )
    for (const after of added) if (!removed.some(before => isSamePort(before, after))) step(undefined, after)
    return new BlockSequence(stretches, totalsOf(this.totals, removed, added))
  }
}

const STRETCH = 128

export class BlockStretch {
  readonly blocks: readonly RestoreBlock[]
  private filterText: string | undefined
  private sharedText: string | undefined
  private readonly steps: Step[] = []

  constructor(blocks: readonly RestoreBlock[]) {
    this.blocks = blocks
  }

  /** All lines in filter. */
  filter(): string {
    this.filterText ??= this.blocks.map(b => b.filter.text).join('')
    return this.filterText
  }

  /** All lines in the shared chains of nat. */
  shared(): string {
    this.sharedText ??= this.blocks.map(b => b.shared.text).join('')
    return this.sharedText
  }

  /** With one block replaced, removed or added; the same stretches every time. */
  step(before: RestoreBlock | undefined, after: RestoreBlock | undefined): readonly BlockStretch[] {
    let step = this.steps.find(s => s.before === before && s.after === after)
    if (step === undefined) {
      step = { before, after, stretches: this.make(before, after) }
      this.steps.push(step)
    }
    return step.stretches
  }

  private make(before: RestoreBlock | undefined, after: RestoreBlock | undefined): BlockStretch[] {
    const blocks = [...this.blocks]
    const { servicePort } = (before ?? after)!
    const at = lowerBound(blocks, b => compareServicePorts(b.servicePort, servicePort) < 0)
    blocks.splice(at, before === undefined ? 0 : 1, ...(after === undefined ? [] : [after]))
    if (blocks.length === 0) return []
    if (blocks.length <= 2 * STRETCH) return [new BlockStretch(blocks)]
    return [new BlockStretch(blocks.slice(0, STRETCH)), new BlockStretch(blocks.slice(STRETCH))]
  }
}

interface Step {
  readonly before: RestoreBlock | undefined
  readonly after: RestoreBlock | undefined
  readonly stretches: readonly BlockStretch[]
}

/** Where the first block goes. */
const EMPTY_STRETCH = {
  step: (_before: undefined | RestoreBlock, after: RestoreBlock | undefined) => [new BlockStretch([after!])],
}

/** The last stretch that begins at or before the Service port; -1: none. */
const placeOf = (stretches: readonly BlockStretch[], port: ServicePort): number =>
  lowerBound(stretches, s => compareServicePorts(s.blocks[0].servicePort, port) <= 0) - 1

/** The first element of a list, sorted by it, that `isBefore` does not hold for. */
function lowerBound<T>(list: readonly T[], isBefore: (element: T) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(list[middle])) low = middle + 1
    else high = middle
  }
  return low
}

const areSame = (a: readonly RestoreBlock[], b: readonly RestoreBlock[]): boolean =>
  a.length === b.length && a.every((block, i) => block === b[i])

function totalsOf(before: BlockTotals, removed: readonly RestoreBlock[], added: readonly RestoreBlock[]): BlockTotals {
  let { endpoints, filterRules, natRules, sharedBytes, ownChains, ownRules, ownBytes, comments } = before
  const count = (block: RestoreBlock, sign: 1 | -1): void => {
    endpoints += sign * block.servicePort.endpoints.length
    filterRules += sign * block.filter.count
    natRules += sign * block.shared.count
    sharedBytes += sign * (block.filter.text.length + block.shared.text.length)
    ownChains += sign * block.chains.length
    ownRules += sign * block.own.count
    ownBytes += sign * (block.chainLines.length + block.own.text.length)
    comments += sign * (block.filter.comments + block.shared.comments + block.own.comments)
  }
  for (const block of removed) count(block, -1)
  for (const block of added) count(block, 1)
  return { endpoints, filterRules, natRules, sharedBytes, ownChains, ownRules, ownBytes, comments }
}
