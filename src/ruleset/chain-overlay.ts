/**
 * The chains of a table that differs little from another: the other's, shared as the same objects, with some changed, added or
 * removed. A cluster's nodes have tens of thousands of chains in common, and each node costs only what is its own.
 */
import type { Chain } from './ruleset.ts'

export class ChainOverlay implements ReadonlyMap<string, Chain> {
  readonly base: ReadonlyMap<string, Chain>
  /** By name; undefined: the chain is not there. */
  readonly changed: ReadonlyMap<string, Chain | undefined>
  readonly size: number
  /** Names of `changed` that `base` has not, sorted. */
  private readonly added: readonly string[]

  constructor(base: ReadonlyMap<string, Chain>, changed: ReadonlyMap<string, Chain | undefined>) {
    this.base = base
    this.changed = changed
    const added: string[] = []
    let removedCount = 0
    for (const [name, chain] of changed) {
      if (chain !== undefined && !base.has(name)) added.push(name)
      if (chain === undefined && base.has(name)) removedCount++
    }
    this.added = added.sort()
    this.size = base.size + added.length - removedCount
  }

  get(name: string): Chain | undefined {
    return this.changed.has(name) ? this.changed.get(name) : this.base.get(name)
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Built-in chains first, then user chains sorted by name, as in the base. */
  *entries(): MapIterator<[string, Chain]> {
    let next = 0
    for (const [name, baseChain] of this.base) {
      if (baseChain.policy === undefined)
        while (next < this.added.length && this.added[next] < name) yield this.addedEntry(next++)
      const chain = this.get(name)
      if (chain !== undefined) yield [name, chain]
    }
    while (next < this.added.length) yield this.addedEntry(next++)
  }

  *keys(): MapIterator<string> {
    for (const [name] of this.entries()) yield name
  }

  *values(): MapIterator<Chain> {
    for (const [, chain] of this.entries()) yield chain
  }

  [Symbol.iterator](): MapIterator<[string, Chain]> {
    return this.entries()
  }

  forEach(visit: (chain: Chain, name: string, map: ReadonlyMap<string, Chain>) => void): void {
    for (const [name, chain] of this.entries()) visit(chain, name, this)
  }

  private addedEntry(index: number): [string, Chain] {
    const name = this.added[index]
    return [name, this.changed.get(name)!]
  }
}
