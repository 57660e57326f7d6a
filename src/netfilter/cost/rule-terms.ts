/**
 * What one evaluated rule costs, as terms: looking at it, the header fields compared, the match modules run up to the first that does not
 * hold and, if all hold, its target. Additive, so that counters of rules fold into nanoseconds.
 *
 * Models ipt_do_table (header first, in one comparison, then modules in order, each an indirect call) and the expressions iptables-nft
 * makes of a rule: the protocol is compared first, whatever order the rule is written in. ACCEPT, DROP and RETURN cost nothing more.
 */
import type { Match, Rule, Verdict } from '../../ruleset/ruleset.ts'
import { type CostBackend, type CostItem, type CostTerm, spreadItems } from './cost-profile.ts'
import { NFTABLES_UNTRANSLATED, nftablesRuleTerms } from './nftables-terms.ts'

/** What of a ruleset a rule's price depends on. */
export interface RulePlace {
  /** Rules of its chain. */
  readonly chainLength: number
  /** Lists of `-m recent` on the node. */
  readonly recentLists: number
  /** Backends that the traffic at large spreads over: who is sent to one finds its chain cold. */
  readonly spread: number
}

/** What a connection's first packet pays whatever rules it meets. */
export const firstPacketTerms = (backend: CostBackend): readonly CostItem[] => [
  ...once('forward', 'conntrackNew'),
  ...(backend === 'nftables' ? NFTABLES_UNTRANSLATED : []),
]

/** The same of a later packet. */
export const LATER_PACKET_TERMS: readonly CostItem[] = once('forward', 'conntrackEstablished')

/** `whyNot`: the first match, as written, that does not hold; undefined when all hold. `protocolHolds`: whether -p does. */
export function ruleTerms(
  backend: CostBackend,
  rule: Rule,
  whyNot: Match | undefined,
  protocolHolds: boolean,
  place: RulePlace,
): readonly CostItem[] {
  if (backend === 'nftables') return nftablesRuleTerms(rule, whyNot, place.spread)
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
  const target = rule.verdict === undefined ? undefined : TARGET_TERM[rule.verdict.kind]
  if (target !== undefined) add(target)
  return target === 'dnat' ? [...items, ...spreadItems(place.spread)] : items
}

function once(...terms: readonly CostTerm[]): readonly CostItem[] {
  return terms.map(term => ({ term, count: 1, size: 1 }))
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

const TARGET_TERM: Readonly<Partial<Record<Verdict['kind'], CostTerm>>> = {
  jump: 'jump',
  goto: 'jump',
  mark: 'setMark',
  dnat: 'dnat',
  redirect: 'dnat',
  masquerade: 'masquerade',
  snat: 'masquerade',
}

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
