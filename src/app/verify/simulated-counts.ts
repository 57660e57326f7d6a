/** The counters of a replay beside the text of their rules, as a counting of the kernel's lists them. */
import type { ChainCounters } from '../../replay/flows/node-evaluator.ts'
import { printRule } from '../../ruleset/print-iptables.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'
import type { RuleCount } from './rule-count.ts'

export function simulatedCounts({ family, tables }: Ruleset, counters: readonly ChainCounters[]): readonly RuleCount[] {
  const byPlace = new Map(counters.map(c => [`${c.table} ${c.chain}`, c.rules]))
  return tables.flatMap(table =>
    [...table.chains.values()].flatMap(chain =>
      chain.rules.map((rule, index) => {
        const { evaluatedCount, packets, bytes } = byPlace.get(`${table.name} ${chain.name}`)![index]
        const text = printRule(chain.name, rule, family).slice(`-A ${chain.name} `.length)
        return {
          family,
          table: table.name,
          chain: chain.name,
          index,
          evaluated: evaluatedCount,
          matched: packets,
          bytes,
          rule: text,
        }
      }),
    ),
  )
}
