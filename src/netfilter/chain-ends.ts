/** What packets that go into a chain may end in: translations, drops and rejects, also through further chains. */
import type { Goal } from './steered-draws.ts'

/** One rule as far as its end goes: the chains it may go on to, and what it ends in itself. */
export interface RuleEnds {
  readonly chains: readonly string[]
  readonly goals: readonly Goal[]
}

/** `rulesOf`: the rules of a chain by its name; none when there is no such chain. Each chain is looked at once. */
export class ChainEnds {
  readonly #rulesOf: (chain: string) => readonly RuleEnds[]
  readonly #known = new Map<string, ReadonlySet<Goal>>()

  constructor(rulesOf: (chain: string) => readonly RuleEnds[]) {
    this.#rulesOf = rulesOf
  }

  ofRule({ chains, goals }: RuleEnds): ReadonlySet<Goal> {
    return new Set([...goals, ...chains.flatMap(chain => [...this.#ofChain(chain)])])
  }

  ofRules(rules: readonly RuleEnds[]): ReadonlySet<Goal> {
    return new Set(rules.flatMap(rule => [...this.ofRule(rule)]))
  }

  #ofChain(name: string): ReadonlySet<Goal> {
    let ends = this.#known.get(name)
    if (ends === undefined) {
      // Chains that loop are refused elsewhere; here they end nowhere.
      this.#known.set(name, new Set())
      ends = this.ofRules(this.#rulesOf(name))
      this.#known.set(name, ends)
    }
    return ends
  }
}
