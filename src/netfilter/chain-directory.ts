/**
 * Where the chains of a view's ruleset ended up in a program: the first rule id of each chain, so that counters by rule id can be read
 * by table, chain and place. A chain that nothing jumps to (a canary) is not compiled and counts nothing.
 */
import type { Chain, Ruleset, TableName } from '../ruleset/ruleset.ts'
import { HOOK_CHAINS, HOOK_COUNT, type Program } from './program.ts'

export interface ChainPlace {
  readonly table: TableName
  readonly chain: Chain
  /** Rule id of the chain's first rule, the others follow; -1: no packet can get there. */
  readonly firstRule: number
  /** The chain's block; -1: no packet can get there. */
  readonly block: number
}

/** Every chain of `ruleset`, which must be the one that view `view` was compiled from, in its printing order. */
export function chainDirectory(program: Program, view: number, ruleset: Ruleset): ChainPlace[] {
  return ruleset.tables.flatMap(({ name: table, chains }) => {
    const blocks = new Map<string, number>()
    HOOK_CHAINS.forEach(([hookTable, chain], hook) => {
      const block = program.hookBlock[view * HOOK_COUNT + hook]
      if (hookTable === table && block >= 0) blocks.set(chain, block)
    })
    const reached = new Uint8Array(program.blockCount)
    // A Map grows while it is walked: chains reached on the way are visited in turn.
    for (const [name, block] of blocks) {
      chains.get(name)!.rules.forEach(({ verdict }, i) => {
        if (verdict?.kind !== 'jump' && verdict?.kind !== 'goto') return
        const target = program.ruleTarget[program.blockRuleStart[block] + i]
        if (target < 0 || reached[target] === 1) return
        reached[target] = 1
        blocks.set(verdict.chain, target)
      })
    }
    return Array.from(chains.values(), chain => {
      const block = blocks.get(chain.name)
      return { table, chain, block: block ?? -1, firstRule: block === undefined ? -1 : program.blockRuleStart[block] }
    })
  })
}

/** The directories of a program's views. The one asked for last is remembered: most clusters have few, and are asked view by view. */
export class ChainDirectories {
  readonly #program: Program
  readonly #views: readonly Ruleset[]
  #last = -1
  #places: readonly ChainPlace[] = []

  /** `views` are the rulesets that the program was compiled from. */
  constructor(program: Program, views: readonly Ruleset[]) {
    this.#program = program
    this.#views = views
  }

  of(view: number): readonly ChainPlace[] {
    if (view !== this.#last) this.#places = chainDirectory(this.#program, view, this.#views[view])
    this.#last = view
    return this.#places
  }
}
