/** The rulesets of some nodes, compact: equal rulesets once, and equal chains of different ones once. */
import type { IpFamily } from '../../net/ip.ts'
import { rulesetSizes } from '../../netfilter/cost/trace-terms.ts'
import { orderedRuleset } from '../../netfilter/ordered-ruleset.ts'
import type { IptablesFamily } from '../../replay/plan-family.ts'
import type { PlannedIptables } from '../../replay/plan-run.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'
import { compactRuleset, reachedRuleset } from './compact-ruleset.ts'
import type { LiveEnds, PathEnds } from './live-ends.ts'
import type { PathChain, PathRuleset } from './packet-paths.ts'

/** What a page holds of the rules of either mode, filled by asking for places. */
export interface PathRulesets {
  readonly rulesets: readonly PathRuleset[]
  readonly chains: readonly PathChain[]
  readonly texts: readonly string[]
  /** Place of the node's ruleset for packets that are sent there, or come translated; -1: it has none of the family. */
  placeOf(family: IpFamily, node: number, kind: 'sent' | 'translated'): number
}

export class RulesetPool implements PathRulesets {
  readonly rulesets: PathRuleset[] = []
  readonly chains: PathChain[] = []
  readonly texts: readonly string[] = []
  readonly #run: PlannedIptables
  readonly #ends: PathEnds
  readonly #places = new Map<string, number>()
  readonly #chainPlaces = new Map<string, number>()
  /** Places of what translated packets meet, by the ruleset as written: they match none of the rules whose order differs by node. */
  readonly #known = new Map<Ruleset, number>()
  readonly #reached = new Map<Ruleset, Ruleset>()
  readonly #sizes = new Map<Ruleset, Pick<PathRuleset, 'rules' | 'recentLists'>>()

  constructor(run: PlannedIptables, ends: PathEnds) {
    this.#run = run
    this.#ends = ends
  }

  placeOf(family: IpFamily, node: number, kind: 'sent' | 'translated'): number {
    const own = this.#run.families[family]
    if (own === null) return -1
    const written = own.views.views[own.plan.viewOfNode[node]]
    if (kind === 'sent') {
      // Most chains are reached by none of the packets: what is left of a large cluster is ordered in no time.
      const reached = remembered(this.#reached, written, () => reachedRuleset(written, this.#ends.sent[family]))
      const ordered = orderedRuleset(reached, this.#run.plan.orderKeyOfNode[node])
      return this.#add(ordered, written, own, this.#ends.sent[family])
    }
    return remembered(this.#known, written, () => this.#add(written, written, own, this.#ends.translated[family]))
  }

  /** `whole`: what `ruleset` is all, or a part, of. */
  #add(ruleset: Ruleset, whole: Ruleset, { plan }: IptablesFamily, ends: LiveEnds): number {
    return placeIn(this.#places, this.rulesets, {
      family: ruleset.family,
      ...remembered(this.#sizes, whole, () => sizesOf(whole)),
      spread: plan.program.dnatCount,
      texts: [],
      tables: compactRuleset(ruleset, ends).map(({ name, chains }) => ({
        name,
        chains: chains.map(chain => placeIn(this.#chainPlaces, this.chains, chain)),
      })),
    })
  }
}

function sizesOf(whole: Ruleset): Pick<PathRuleset, 'rules' | 'recentLists'> {
  const rules = whole.tables.map(({ name, chains }) => [
    name,
    chains.values().reduce((sum, c) => sum + c.rules.length, 0),
  ])
  return { rules: Object.fromEntries(rules), recentLists: rulesetSizes(whole).recentLists }
}

function remembered<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}

function placeIn<T>(places: Map<string, number>, all: T[], value: T): number {
  const key = JSON.stringify(value)
  const known = places.get(key)
  if (known !== undefined) return known
  places.set(key, all.length)
  return all.push(value) - 1
}
