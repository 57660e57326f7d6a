/** What a result needs of a run that no tallies have a say in: it can be made while they are counted. */
import { expectedShares } from '../replay/expected-shares.ts'
import type { PlannedRun } from '../replay/plan-run.ts'
import { type EndpointRows, endpointRows } from './endpoint-rows.ts'
import { type AllRuleRows, ruleRows } from './rule-columns.ts'

export interface AheadOfTallies {
  readonly endpoints: EndpointRows
  readonly rules: AllRuleRows
}

export const aheadOfTallies = (run: PlannedRun): AheadOfTallies => ({
  endpoints: endpointRows(run, expectedShares(run.plan)),
  rules: ruleRows(run),
})
