/** The places of an nftables ruleset that draw: rules with `numgen random`. */
import { formatIp } from '../../net/ip.ts'
import type { NftRule, NftRuleset, NftTable, NftVerdict } from '../../ruleset/nft-ruleset.ts'
import { ChainEnds, type RuleEnds } from '../chain-ends.ts'
import type { ForkOf } from '../steered-draws.ts'

export function nftForks({ tables }: NftRuleset): ForkOf {
  const byName = new Map(
    tables.map(table => {
      const ends = new ChainEnds(chain => table.chains.get(chain)?.rules.map(rule => ruleEnds(table, rule)) ?? [])
      return [table.name, { table, ends }]
    }),
  )
  return place => {
    const { table, ends } = byName.get(place.table)!
    const { rules } = table.chains.get(place.chain)!
    const numgen = rules[place.index].statements.find(s => s.kind === 'numgen')!
    const behind = ends.ofRules(rules.slice(place.index + 1).map(rule => ruleEnds(table, rule)))
    return Array.from({ length: numgen.modulus }, (_, number) => {
      const { [number]: verdict } = numgen.verdicts
      const bound = Math.ceil((number * 2 ** 32) / numgen.modulus)
      const next = Math.ceil(((number + 1) * 2 ** 32) / numgen.modulus)
      return {
        name: verdict === undefined ? 'no match' : 'chain' in verdict ? verdict.chain : verdict.kind,
        bound,
        chance: (next - bound) / 2 ** 32,
        ends: verdict === undefined ? behind : ends.ofRule(joined([verdict])),
      }
    })
  }
}

/** All that the rule's statements and its verdict may lead to. */
function ruleEnds(table: NftTable, { statements, verdict }: NftRule): RuleEnds {
  const mapped = statements.flatMap(s =>
    s.kind === 'numgen'
      ? s.verdicts
      : s.kind === 'vmap'
        ? [...table.sets.get(s.map)!.elements.values()].flatMap(e => e.verdict ?? [])
        : [],
  )
  return joined(verdict === undefined ? mapped : [...mapped, verdict])
}

const joined = (verdicts: readonly NftVerdict[]): RuleEnds => ({
  chains: verdicts.flatMap(v => ('chain' in v ? [v.chain] : [])),
  goals: verdicts.flatMap(v =>
    v.kind === 'dnat' ? [`${formatIp(v.address)}:${v.port}`] : v.kind === 'drop' || v.kind === 'reject' ? [v.kind] : [],
  ),
})
