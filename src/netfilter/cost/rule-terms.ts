/**
 * What one evaluated rule costs, as terms: looking at it, the header fields compared, the match modules run up to the first that does not
 * hold and, if all hold, its target. Additive, so that counters of rules fold into nanoseconds.
 *
 * Models ipt_do_table (header first, in one comparison, then modules in order, each an indirect call) and the expressions iptables-nft
 * makes of a rule: the protocol is compared first, whatever order the rule is written in. Targets that end a walk (ACCEPT, DROP, DNAT …)
 * are in the price of the way.
 */
import type { Match, Rule } from '../../ruleset/ruleset.ts'
import type { CostItem, CostTerm } from './cost-profile.ts'

/** What of a ruleset a rule's price depends on. */
export interface RulePlace {
  /** Rules of its chain. */
  readonly chainLength: number
  /** Lists of `-m recent` on the node. */
  readonly recentLists: number
}

/** `whyNot`: the first match, as written, that does not hold; undefined when all hold. `protocolHolds`: whether -p does. */
export function ruleTerms(
  rule: Rule,
  whyNot: Match | undefined,
  protocolHolds: boolean,
  place: RulePlace,
): readonly CostItem[] {
  const items: CostItem[] = []
  const add = (term: CostTerm, count = 1): void => {
    items.push({ term, count, size: place.chainLength })
  }
  add('rule')
  const header = inHeader(rule.matches)
  const stop = header.findIndex(m => m === whyNot || (m.kind === 'protocol' && !protocolHolds))
  const compared = stop < 0 ? header.length : stop + 1
  if (compared > 0) add('header', compared)
  if (stop >= 0) return items
  for (const match of rule.matches) {
    if (HEADER_ORDER.includes(match.kind)) continue
    addModule(match, place, add)
    if (match === whyNot) return items
  }
  const verdict = rule.verdict?.kind
  if (verdict === 'jump' || verdict === 'goto') add('jump')
  else if (verdict === 'mark') add('setMark')
  return items
}

/** Header fields in the order that iptables-nft compares them. */
const HEADER_ORDER: readonly Match['kind'][] = [
  'protocol',
  'source',
  'destination',
  'maskedAddress',
  'inInterface',
  'outInterface',
  'fragment',
]

const inHeader = (matches: readonly Match[]): readonly Match[] =>
  HEADER_ORDER.flatMap(kind => matches.filter(m => m.kind === kind))

const MODULE_TERM: Readonly<Partial<Record<Match['kind'], CostTerm>>> = {
  comment: 'comment',
  ports: 'ports',
  statistic: 'statistic',
  mark: 'mark',
  conntrack: 'conntrack',
  addrtype: 'addrtype',
}

function addModule(match: Match, place: RulePlace, add: (term: CostTerm, count?: number) => void): void {
  if (match.kind !== 'recent') {
    add(MODULE_TERM[match.kind] ?? 'otherMatch')
    return
  }
  add(match.operation === 'set' ? 'recentSet' : 'recentCheck')
  add('recentList', place.recentLists)
}
