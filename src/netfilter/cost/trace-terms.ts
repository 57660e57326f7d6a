/**
 * What a traced packet pays, as terms of a cost profile: its way (forwarding, conntrack) and each rule it evaluated, where trace says the
 * rule stopped. The judge of the folded prices (program-prices.ts), and what `svcsim calibrate` fits prices to.
 *
 * A packet that does not go on to a pod or the uplink is priced as if it did.
 */

import { CT } from '../../net/packet.ts'
import { protocolNumber } from '../../ruleset/protocol-number.ts'
import type { Rule, Ruleset, TableName } from '../../ruleset/ruleset.ts'
import type { Trace } from '../trace.ts'
import type { CostBackend, CostItem } from './cost-profile.ts'
import { firstPacketTerms, LATER_PACKET_TERMS, ruleTerms } from './rule-terms.ts'

/** What of a ruleset the prices of its rules depend on; made once a ruleset. */
export interface RulesetSizes {
  readonly recentLists: number
  chainLength(table: TableName, chain: string): number
}

/** `spread`: backends that the traffic at large spreads over. For nftables: what the same Services would cost in that mode. */
export function traceTerms(
  backend: CostBackend,
  sizes: RulesetSizes,
  trace: Trace,
  spread: number,
): readonly CostItem[] {
  const { packet } = trace
  const sums = new Map<string, CostItem>()
  const add = ({ term, count, size }: CostItem): void => {
    const key = `${term} ${size}`
    sums.set(key, { term, size, count: count + (sums.get(key)?.count ?? 0) })
  }
  const isFirst = (packet.ctState & CT.NEW) !== 0
  for (const item of isFirst ? firstPacketTerms(backend) : LATER_PACKET_TERMS) add(item)
  for (const { table, chain, rule, whyNot, matched } of trace.steps) {
    const place = { chainLength: sizes.chainLength(table, chain), recentLists: sizes.recentLists, spread }
    const stop = whyNot ?? (matched ? undefined : rule.matches.find(m => m.kind === 'statistic'))
    for (const item of ruleTerms(backend, rule, stop, protocolHolds(rule, packet.protocol), place)) add(item)
  }
  return [...sums.values()]
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
