/** What a result needs of a run that no tallies have a say in: it can be made while they are counted. */
import { type ExpectedShares, expectedShares } from '../replay/expected-shares.ts'
import type { PlannedRun } from '../replay/plan-run.ts'
import { type PrintedRules, printRules } from './iptables-rules.ts'

export interface AheadOfTallies {
  readonly expected: ExpectedShares
  /** Of a run in iptables mode. */
  readonly printed?: PrintedRules
}

export const aheadOfTallies = (run: PlannedRun): AheadOfTallies => ({
  expected: expectedShares(run.plan),
  ...(run.mode === 'iptables' ? { printed: printRules(run) } : {}),
})
