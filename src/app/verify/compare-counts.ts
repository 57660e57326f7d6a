/**
 * Two countings of the same packets, rule by rule. The simulator was told which backends the kernel chose, so whatever a rule counts
 * follows from the packets sent, and every number must be equal; but where a packet may have gone several ways (count-spread.ts), what
 * they count differently may differ, as far as they do.
 */
import type { Span, Spread } from '../../replay/flows/count-spread.ts'
import { type RuleCount, ruleKey } from './rule-count.ts'

export interface ComparedRule extends Pick<RuleCount, 'family' | 'table' | 'chain' | 'index' | 'rule'> {
  readonly kernel: Counts | null
  readonly svcsim: Counts | null
  readonly equal: boolean
  /** Not equal, but no further apart than choices that were made up can have moved it. */
  readonly withinChance: boolean
  /** What such choices can have moved; absent: nothing, it must be equal. */
  readonly spread?: Spread
}

export interface Counts {
  readonly evaluated: number
  readonly matched: number
  readonly bytes: number
}

/** In the kernel's order; rules that only one side knows are differences. `spread`: by `TABLE CHAIN INDEX`. */
export function compareCounts(
  kernel: readonly RuleCount[],
  svcsim: readonly RuleCount[],
  spread: ReadonlyMap<string, Spread> = new Map(),
): readonly ComparedRule[] {
  const mine = new Map(svcsim.map(rule => [ruleKey(rule), rule]))
  const compared = kernel.map(rule => {
    const key = ruleKey(rule)
    const own = mine.get(key)
    mine.delete(key)
    return comparedRule(rule, counts(rule), own === undefined ? null : counts(own), spread)
  })
  return [...compared, ...[...mine.values()].map(rule => comparedRule(rule, null, counts(rule), spread))]
}

const counts = ({ evaluated, matched, bytes }: RuleCount): Counts => ({ evaluated, matched, bytes })

function comparedRule(
  { family, table, chain, index, rule }: RuleCount,
  kernel: Counts | null,
  svcsim: Counts | null,
  spreads: ReadonlyMap<string, Spread>,
): ComparedRule {
  const equal = COUNTED.every(key => kernel?.[key] === svcsim?.[key])
  const spread = spreads.get(`${table} ${chain} ${index}`)
  const withinChance =
    !equal &&
    spread !== undefined &&
    kernel !== null &&
    svcsim !== null &&
    COUNTED.every(key => isWithin(kernel[key] - svcsim[key], spread[key]))
  return { family, table, chain, index, rule, kernel, svcsim, equal, withinChance, ...(spread && { spread }) }
}

const COUNTED = ['evaluated', 'matched', 'bytes'] as const

export const isWithin = (difference: number, { less, more }: Span): boolean => -less <= difference && difference <= more
