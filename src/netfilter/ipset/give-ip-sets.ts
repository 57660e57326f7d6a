/** A ruleset whose set matches know their sets. Rules keep their places; matches of sets that were not given stay as they are. */
import type { IpSets } from '../../ruleset/parse-ip-sets.ts'
import type { Chain, Match, Ruleset } from '../../ruleset/ruleset.ts'

export function giveIpSets(ruleset: Ruleset, sets: IpSets): Ruleset {
  const tables = ruleset.tables.map(table => ({
    ...table,
    chains: new Map(Array.from(table.chains, ([name, chain]) => [name, giveTo(chain, sets)])),
  }))
  return { ...ruleset, tables }
}

const giveTo = (chain: Chain, sets: IpSets): Chain =>
  chain.rules.some(rule => rule.matches.some(m => m.kind === 'set'))
    ? { ...chain, rules: chain.rules.map(rule => ({ ...rule, matches: rule.matches.map(m => given(m, sets)) })) }
    : chain

function given(match: Match, sets: IpSets): Match {
  const set = match.kind === 'set' ? sets.get(match.name) : undefined
  return set === undefined ? match : ({ ...match, set } as Match)
}
