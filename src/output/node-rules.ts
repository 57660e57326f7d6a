/** How many rules each node has, by table: counted once a ruleset, as thousands of nodes share one or nearly so. */
import type { PlannedRun } from '../replay/plan-run.ts'
import type { NftRuleset } from '../ruleset/nft-ruleset.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { differences } from '../ruleset/segmented-map.ts'

export type RuleCountsByTable = ReadonlyMap<string, number>

/** Of a node by its number in the run, both families together. */
export function nodeRules(run: PlannedRun): (node: number) => RuleCountsByTable {
  const known: RuleCountsByTable[][] =
    run.mode === 'iptables'
      ? [run.families[4], run.families[6]].map(own => own?.views.views.map(iptablesCounts) ?? [])
      : [run.families[4], run.families[6]].map(own => nftCounts(own?.views.views ?? []))
  return node => {
    const sum = new Map<string, number>()
    for (const [i, family] of ([4, 6] as const).entries()) {
      const own = run.families[family]
      if (own === null) continue
      for (const [table, count] of known[i][own.plan.viewOfNode[node]]) sum.set(table, (sum.get(table) ?? 0) + count)
    }
    return sum
  }
}

const iptablesCounts = ({ tables }: Ruleset): RuleCountsByTable =>
  new Map(tables.map(({ name, chains }) => [name, chains.values().reduce((sum, c) => sum + c.rules.length, 0)]))

/** Each as the first one and what it has elsewhere. */
function nftCounts([first, ...others]: readonly NftRuleset[]): RuleCountsByTable[] {
  if (first === undefined) return []
  const whole = new Map(
    first.tables.map(({ name, chains }) => [name, chains.values().reduce((sum, c) => sum + c.rules.length, 0)]),
  )
  return [
    whole,
    ...others.map(
      ({ tables }) =>
        new Map(
          tables.map(({ name, chains }, t) => {
            let count = whole.get(name) ?? 0
            for (const [chain, own] of differences(first.tables[t].chains, chains))
              count += (own?.rules.length ?? 0) - (first.tables[t].chains.get(chain)?.rules.length ?? 0)
            return [name, count]
          }),
        ),
    ),
  ]
}
