/**
 * What a traced packet pays, as terms of a cost profile: its way (forwarding, conntrack, translation) and each rule it evaluated, where
 * trace says the rule stopped. The judge of the folded prices (rule-prices.ts), and what `svcsim calibrate` fits prices to.
 *
 * A packet that does not go on to a pod or the uplink is priced as if it did.
 */

import { CT } from '../../net/packet.ts'
import { protocolNumber } from '../../ruleset/protocol-number.ts'
import type { Rule, Ruleset, TableName } from '../../ruleset/ruleset.ts'
import type { Trace } from '../trace.ts'
import { type CostItem, type CostTerm, spreadItems } from './cost-profile.ts'
import { ruleTerms } from './rule-terms.ts'

/** What of a ruleset the prices of its rules depend on; made once a ruleset. */
export interface RulesetSizes {
  readonly recentLists: number
  chainLength(table: TableName, chain: string): number
}

/** `spread`: backends that the traffic at large spreads over. */
export function traceTerms(sizes: RulesetSizes, trace: Trace, spread: number): readonly CostItem[] {
  const { packet } = trace
  const sums = new Map<string, CostItem>()
  const add = ({ term, count, size }: CostItem): void => {
    const key = `${term} ${size}`
    sums.set(key, { term, size, count: count + (sums.get(key)?.count ?? 0) })
  }
  for (const term of wayTerms(trace)) add({ term, count: 1, size: 1 })
  for (const item of spreadItems(spread)) add(item)
  for (const { table, chain, rule, whyNot, matched } of trace.steps) {
    const place = { chainLength: sizes.chainLength(table, chain), recentLists: sizes.recentLists }
    const stop = whyNot ?? (matched ? undefined : rule.matches.find(m => m.kind === 'statistic'))
    for (const item of ruleTerms(rule, stop, protocolHolds(rule, packet.protocol), place)) add(item)
  }
  return [...sums.values()]
}

function wayTerms({ packet, dnat, steps }: Trace): CostTerm[] {
  if ((packet.ctState & CT.NEW) === 0) return ['forward', 'conntrackEstablished']
  const masquerades = steps.some(
    s => s.matched && (s.rule.verdict?.kind === 'masquerade' || s.rule.verdict?.kind === 'snat'),
  )
  const way: CostTerm[] = ['forward', 'conntrackNew']
  if (dnat !== undefined) way.push('dnat')
  if (masquerades) way.push('masquerade')
  return way
}

const protocolHolds = (rule: Rule, protocol: number): boolean =>
  rule.matches.every(m => m.kind !== 'protocol' || (protocolNumber(m.protocol) === protocol) !== m.negated)

export function rulesetSizes({ tables }: Ruleset): RulesetSizes {
  // Names that `-m recent` rules remember clients under.
  const names = new Set<string>()
  for (const { chains } of tables)
    for (const { rules } of chains.values())
      for (const { matches } of rules) for (const match of matches) if (match.kind === 'recent') names.add(match.name)
  const chainsOf = new Map(tables.map(t => [t.name, t.chains]))
  return { recentLists: names.size, chainLength: (table, chain) => chainsOf.get(table)!.get(chain)!.rules.length }
}
