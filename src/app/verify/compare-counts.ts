/**
 * Two countings of the same packets, rule by rule. The simulator was told which backends the kernel chose, so whatever a rule counts
 * follows from the packets sent, and every number must be equal.
 */
import { type RuleCount, ruleKey } from './rule-count.ts'

export interface ComparedRule extends Pick<RuleCount, 'family' | 'table' | 'chain' | 'index' | 'rule'> {
  readonly kernel: Counts | null
  readonly svcsim: Counts | null
  readonly equal: boolean
}

export interface Counts {
  readonly evaluated: number
  readonly matched: number
  readonly bytes: number
}

/** In the kernel's order; rules that only one side knows are differences. */
export function compareCounts(kernel: readonly RuleCount[], svcsim: readonly RuleCount[]): readonly ComparedRule[] {
  const mine = new Map(svcsim.map(rule => [ruleKey(rule), rule]))
  const compared = kernel.map(rule => {
    const key = ruleKey(rule)
    const own = mine.get(key)
    mine.delete(key)
    return comparedRule(rule, counts(rule), own === undefined ? null : counts(own))
  })
  return [...compared, ...[...mine.values()].map(rule => comparedRule(rule, null, counts(rule)))]
}

const counts = ({ evaluated, matched, bytes }: RuleCount): Counts => ({ evaluated, matched, bytes })

const comparedRule = (rule: RuleCount, kernel: Counts | null, svcsim: Counts | null): ComparedRule => ({
  family: rule.family,
  table: rule.table,
  chain: rule.chain,
  index: rule.index,
  rule: rule.rule,
  kernel,
  svcsim,
  equal:
    kernel?.evaluated === svcsim?.evaluated && kernel?.matched === svcsim?.matched && kernel?.bytes === svcsim?.bytes,
})
