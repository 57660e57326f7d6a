/**
 * The Ruleset as one node has it when its kube-proxy wrote the Services in the order of `orderKey`: the rules of every dispatch segment
 * in a keyed permutation, everything else as it was. Evaluate computes the same order without making it; trace and printing need it made.
 */
import type { Chain, Rule, Ruleset } from '../ruleset/ruleset.ts'
import { writeRanks } from './keyed-permutation.ts'
import { DISPATCH_MINIMUM, segmentChain } from './segment-chain.ts'

/** `orderKey` 0: the ruleset itself. Chains without a dispatch segment keep their identity. */
export function orderedRuleset(ruleset: Ruleset, orderKey: number): Ruleset {
  if (orderKey === 0) return ruleset
  const tables = ruleset.tables.map(table => ({
    ...table,
    chains: new Map([...table.chains].map(([name, chain]) => [name, orderedChain(chain, orderKey)])),
  }))
  return { ...ruleset, tables }
}

function orderedChain(chain: Chain, orderKey: number): Chain {
  const order = ruleOrder(chain.rules, orderKey)
  return order === undefined ? chain : { ...chain, rules: Array.from(order, rule => chain.rules[rule]) }
}

/** The rule that stands at each place; undefined: as they were. */
export function ruleOrder(rules: readonly Rule[], orderKey: number): Int32Array | undefined {
  if (orderKey === 0 || rules.length < DISPATCH_MINIMUM) return undefined
  const dispatches = segmentChain(rules).filter(s => s.kind === 'dispatch')
  if (dispatches.length === 0) return undefined
  const order = Int32Array.from(rules, (_, i) => i)
  for (const { first, count } of dispatches) {
    const ranks = new Int32Array(count)
    writeRanks(orderKey, count, ranks)
    for (let slot = 0; slot < count; slot++) order[first + ranks[slot]] = first + slot
  }
  return order
}
