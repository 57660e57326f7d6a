/**
 * A ruleset whose unknown matches are settled: taken to hold never, or always. Rules keep their places, so counters go to the same ones.
 * Sets are unknown too where they were not given: their members are not in the ruleset.
 */
import { type IpSet, unmodelledSet } from '../ruleset/ip-set.ts'
import type { Chain, Match, Rule, Ruleset } from '../ruleset/ruleset.ts'

export function settleUnknown(ruleset: Ruleset, holds: 'never' | 'always'): Ruleset {
  const tables = ruleset.tables.map(table => ({
    ...table,
    chains: new Map(Array.from(table.chains, ([name, chain]) => [name, settleChain(chain, holds)])),
  }))
  return { ...ruleset, tables }
}

const settleChain = (chain: Chain, holds: 'never' | 'always'): Chain =>
  chain.rules.some(rule => rule.matches.some(isUnknown))
    ? { ...chain, rules: chain.rules.map(rule => settleRule(rule, holds)) }
    : chain

const settleRule = (rule: Rule, holds: 'never' | 'always'): Rule => ({
  ...rule,
  matches: rule.matches.flatMap(match => (isUnknown(match) ? (holds === 'always' ? [] : [NEVER]) : [match])),
})

const isUnknown = (match: Match): boolean =>
  match.kind === 'unknown' || (match.kind === 'set' && !isModelled(match.set))

const isModelled = (set: IpSet | undefined): boolean => set !== undefined && unmodelledSet(set) === undefined

/** No mark is 1 when none of its bits is looked at. */
const NEVER: Match = { kind: 'mark', value: 1, mask: 0, negated: false }
