/**
 * Two countings of the same packets, rule by rule. The simulator was told which backends the kernel chose, so whatever a rule counts
 * follows from the packets sent, and every number must be equal. Where a choice left no trace in its packet (translated, then dropped) it was
 * made up, and can have moved a count by one.
 */
import { type RuleCount, ruleKey } from './rule-count.ts'

export interface ComparedRule extends Pick<RuleCount, 'family' | 'table' | 'chain' | 'index' | 'rule'> {
  readonly kernel: Counts | null
  readonly svcsim: Counts | null
  readonly equal: boolean
  /** Not equal, but no further apart than choices that were made up can have moved it. */
  readonly withinChance: boolean
}

export interface Counts {
  readonly evaluated: number
  readonly matched: number
  readonly bytes: number
}

/** In the kernel's order; rules that only one side knows are differences. `untold`: choices that were made up. */
export function compareCounts(
  kernel: readonly RuleCount[],
  svcsim: readonly RuleCount[],
  untold = 0,
): readonly ComparedRule[] {
  const mine = new Map(svcsim.map(rule => [ruleKey(rule), rule]))
  const compared = kernel.map(rule => {
    const key = ruleKey(rule)
    const own = mine.get(key)
    mine.delete(key)
    return comparedRule(rule, counts(rule), own === undefined ? null : counts(own), untold)
  })
  return [...compared, ...[...mine.values()].map(rule => comparedRule(rule, null, counts(rule), 0))]
}

const counts = ({ evaluated, matched, bytes }: RuleCount): Counts => ({ evaluated, matched, bytes })

function comparedRule(
  { family, table, chain, index, rule }: RuleCount,
  kernel: Counts | null,
  svcsim: Counts | null,
  untold: number,
): ComparedRule {
  const equal =
    kernel?.evaluated === svcsim?.evaluated && kernel?.matched === svcsim?.matched && kernel?.bytes === svcsim?.bytes
  const withinChance =
    !equal &&
    untold > 0 &&
    kernel !== null &&
    svcsim !== null &&
    Math.abs(kernel.evaluated - svcsim.evaluated) <= untold &&
    Math.abs(kernel.matched - svcsim.matched) <= untold
  return { family, table, chain, index, rule, kernel, svcsim, equal, withinChance }
}
