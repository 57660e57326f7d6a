/**
 * Counters by rule id -> rows by table, chain and place: summed over all nodes, or one node's own. Nodes may differ in a few chains; a rule that
 * stands in the same chain with the same text is then one row.
 */
import type { PlannedRun } from '../replay/plan-run.ts'
import type { Tallies } from '../replay/tallies.ts'
import { iptablesRules, type PrintedRules, printRules } from './iptables-rules.ts'
import { nftRules } from './nft-rules.ts'
import type { RuleColumns } from './run-result.ts'

export interface AllRules {
  /** Over all nodes and both families. */
  readonly summed: RuleColumns
  /** Each detail node alone. */
  readonly details: readonly RuleColumns[]
}

/** `printed`: of a run in iptables mode, if it was printed already. */
export const allRules = (run: PlannedRun, tallies: Tallies, printed?: PrintedRules): AllRules =>
  run.mode === 'iptables' ? iptablesRules(run, tallies, printed ?? printRules(run)) : nftRules(run, tallies)
