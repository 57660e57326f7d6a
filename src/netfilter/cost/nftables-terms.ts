/**
 * What a new connection pays in nftables mode, as terms of a cost profile, told from the iptables rules of the same Services: in nftables
 * mode no rule depends on how many Services there are, and both modes decide alike. So the way of a connection that no Service wants has
 * one price, and the iptables rule that translates or masquerades says what comes on top.
 */
import type { Match, Rule } from '../../ruleset/ruleset.ts'
import { type CostItem, type CostTerm, spreadItems } from './cost-profile.ts'

const item = (term: CostTerm, count = 1): CostItem => ({ term, count, size: 1 })

/** The address is looked for, then the port among node ports. */
export const NFTABLES_UNTRANSLATED: readonly CostItem[] = [item('noService'), item('vmap', 2)]

/** In place of the way of an untranslated connection. */
const translated = (spread: number): readonly CostItem[] => [
  ...NFTABLES_UNTRANSLATED.map(i => ({ ...i, count: -i.count })),
  item('service'),
  item('vmap'),
  item('numgen'),
  ...spreadItems(spread),
]

/** What an iptables rule stands for in nftables mode; `whyNot`: the match that does not hold, if one does not. */
export function nftablesRuleTerms(
  { matches, verdict }: Rule,
  whyNot: Match | undefined,
  spread: number,
): readonly CostItem[] {
  const recent = matches.find(m => m.kind === 'recent')
  if (recent?.operation === 'rcheck') return [item('affinityLookup')]
  if (whyNot !== undefined) return []
  const remembers = recent === undefined ? [] : [item('affinityUpdate')]
  switch (verdict?.kind) {
    case 'dnat':
    case 'redirect':
      return [...remembers, ...translated(spread)]
    case 'masquerade':
    case 'snat':
      return [...remembers, item('masquerade')]
    default:
      return remembers
  }
}
