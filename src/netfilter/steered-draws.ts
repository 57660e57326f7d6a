/**
 * Draws that lead a packet where it is known to have gone: the dice of a kernel, read off what became of its packets. With them a trace
 * counts what that kernel counted, exactly; and how often each option was taken at each place can be tested against its chance.
 *
 * A place that draws leads on by the rule it takes. It is steered by what that rule's chain can end in; where several rules can end in
 * the same (or none can), the draw is the caller's own and the place is reported as not steered.
 */
import { formatIp } from '../net/ip.ts'
import type { Chain, Rule, Ruleset, TableName } from '../ruleset/ruleset.ts'
import { runLength } from './segment-chain.ts'
import { isRunRule, ruleProbability, runThresholds } from './statistic-run.ts'
import type { DrawPlace } from './trace.ts'

/** `10.244.0.5:8080` (port 0: the packet's own) for a translation, `drop`, or `reject`. */
export type Goal = string

/** What was drawn at one place. */
export interface DrawCounts {
  readonly place: DrawPlace
  /** Name and chance of each option; the last is that no rule is taken, where that can be. */
  readonly options: readonly { readonly name: string; readonly chance: number }[]
  readonly counts: number[]
  /** Draws that had to be made up. */
  unsteered: number
}

export class SteeredDraws {
  readonly #ruleset: Ruleset
  readonly #places = new Map<string, Fork>()
  readonly #reach = new Map<string, ReadonlySet<Goal>>()

  constructor(ruleset: Ruleset) {
    this.#ruleset = ruleset
  }

  /** Every place that drew, in the order met. */
  counts(): readonly DrawCounts[] {
    return [...this.#places.values()].map(fork => fork.counts)
  }

  /** A word with which the place leads to one of `goals`; `made` when it cannot be told which. */
  draw(place: DrawPlace, goals: ReadonlySet<Goal>, made: number): number {
    const fork = this.#forkAt(place)
    const fits = fork.ends.flatMap((ends, i) => ([...goals].some(goal => ends.has(goal)) ? [i] : []))
    const { counts, bounds } = fork
    // A packet that no rule translated or stopped took an option that does neither.
    const candidates = fits.length > 0 ? fits : fork.ends.flatMap((ends, i) => (ends.size === 0 ? [i] : []))
    if (candidates.length === 1) {
      counts.counts[candidates[0]]++
      return bounds[candidates[0]]
    }
    counts.unsteered++
    return made
  }

  #forkAt(place: DrawPlace): Fork {
    const key = `${place.table} ${place.chain} ${place.index}`
    let fork = this.#places.get(key)
    if (fork === undefined) {
      fork = this.#newFork(place)
      this.#places.set(key, fork)
    }
    return fork
  }

  #newFork(place: DrawPlace): Fork {
    const chain = this.#chain(place.table, place.chain)!
    const first = chain.rules[place.index]
    const count = isRunRule(first) ? runLength(chain.rules, place.index) : 1
    const rules = chain.rules.slice(place.index, place.index + count)
    const thresholds = runThresholds(rules.map(ruleProbability))
    const bounds = [0, ...thresholds]
    const taken = rules.map(rule => ({ name: verdictName(rule), ends: this.#endsOf(place.table, rule) }))
    const passed = { name: 'none of them', ends: this.#endsFrom(place.table, chain, place.index + count) }
    // `! --probability`: the low words are those that do not take the rule.
    const inOrder = isNegated(first) ? [passed, ...taken] : [...taken, passed]
    const options = inOrder
      .map((option, i) => ({ ...option, bound: bounds[i], chance: ((thresholds[i] ?? WORDS) - bounds[i]) / WORDS }))
      .filter(option => option.chance > 0)
    return {
      counts: { place, options, counts: options.map(() => 0), unsteered: 0 },
      bounds: options.map(o => o.bound),
      ends: options.map(o => o.ends),
    }
  }

  #chain(table: TableName, name: string): Chain | undefined {
    return this.#ruleset.tables.find(t => t.name === table)?.chains.get(name)
  }

  #endsOf(table: TableName, { verdict }: Rule): ReadonlySet<Goal> {
    switch (verdict?.kind) {
      case 'jump':
      case 'goto':
        return this.#endsOfChain(table, verdict.chain)
      case 'dnat':
        return new Set([`${formatIp(verdict.address)}:${verdict.port}`])
      case 'drop':
      case 'reject':
        return new Set([verdict.kind])
      default:
        return NOWHERE
    }
  }

  #endsOfChain(table: TableName, name: string): ReadonlySet<Goal> {
    const key = `${table} ${name}`
    const known = this.#reach.get(key)
    if (known !== undefined) return known
    // Chains that loop are refused elsewhere; here they end nowhere.
    this.#reach.set(key, NOWHERE)
    const chain = this.#chain(table, name)
    const ends = chain === undefined ? NOWHERE : this.#endsFrom(table, chain, 0)
    this.#reach.set(key, ends)
    return ends
  }

  #endsFrom(table: TableName, chain: Chain, from: number): ReadonlySet<Goal> {
    return new Set(chain.rules.slice(from).flatMap(rule => [...this.#endsOf(table, rule)]))
  }
}

interface Fork {
  readonly counts: DrawCounts
  /** Per option the first word that takes it, and what it can end in. */
  readonly bounds: readonly number[]
  readonly ends: readonly ReadonlySet<Goal>[]
}

const WORDS = 2 ** 32
const NOWHERE: ReadonlySet<Goal> = new Set()

const isNegated = (rule: Rule): boolean => rule.matches.some(m => m.kind === 'statistic' && m.negated)

const verdictName = ({ verdict }: Rule): string =>
  verdict === undefined ? 'counted' : 'chain' in verdict ? verdict.chain : verdict.kind
