/**
 * Counters by rule id -> rows by table, chain and place: summed over all nodes, or one node's own. Nodes may differ in a few chains; a rule that
 * stands in the same chain with the same text is then one row. Rows and their texts need no tallies: they are made while those are counted.
 */
import type { PlannedRun } from '../replay/plan-run.ts'
import type { Tallies } from '../replay/tallies.ts'
import type { RuleRows } from './chain-rows.ts'
import { iptablesRules } from './iptables-rules.ts'
import { nftRules } from './nft-rules.ts'
import type { RuleColumns } from './run-result.ts'

interface Rules<T> {
  /** Over all nodes and both families. */
  readonly summed: T
  /** Each detail node alone. */
  readonly details: readonly T[]
}

export type AllRuleRows = Rules<RuleRows>
export type AllRules = Rules<RuleColumns>

export const ruleRows = (run: PlannedRun): AllRuleRows => (run.mode === 'iptables' ? iptablesRules(run) : nftRules(run))

export const countedRules = ({ summed, details }: AllRuleRows, { families }: Tallies): AllRules => ({
  summed: summed.columns(family => families[family]?.rules),
  details: details.map((rows, detail) => rows.columns(family => families[family]?.detail[detail])),
})
