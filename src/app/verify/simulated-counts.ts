/** The counters of a replay beside the text of their rules, as a counting of the kernel's lists them. */
import type { ChainCounters } from '../../replay/flows/node-evaluator.ts'
import type { NodeRules } from '../../replay/flows/node-rules.ts'
import { ruleTexts } from '../rule-texts.ts'
import type { RuleCount } from './rule-count.ts'

export function simulatedCounts(rules: NodeRules, counters: readonly ChainCounters[]): readonly RuleCount[] {
  const texts = ruleTexts(rules)
  return counters.flatMap(({ table, chain, rules: counted }) =>
    counted.map(({ evaluatedCount, packets, bytes }, index) => ({
      family: rules.ruleset.family,
      table,
      chain,
      index,
      evaluated: evaluatedCount,
      matched: packets,
      bytes,
      rule: texts.get(`${table} ${chain}`)![index],
    })),
  )
}
