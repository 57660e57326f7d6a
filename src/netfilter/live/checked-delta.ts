/** A delta whose rules were looked at one by one: what they go to, and which verdicts they bring. */
import type { IpFamily } from '../../net/ip.ts'
import type { Chain, TableName } from '../../ruleset/ruleset.ts'
import { homeBit } from '../intern-chains.ts'
import { asksMemory } from '../memory/asks-memory.ts'
import { refuseRule } from '../refusal.ts'
import type { ChainDelta } from './chain-delta.ts'

export interface CheckedDelta {
  readonly table: TableName
  readonly chains: ReadonlyMap<string, CheckedChain>
  /** Without those that are written. */
  readonly removed: ReadonlySet<string>
}

export interface CheckedChain {
  readonly chain: Chain
  /** Where its jumps and gotos lead, in rule order. */
  readonly targets: readonly string[]
  readonly ownVerdicts: number
}

/** undefined: a rule may not stand where it stands. */
export function checkDelta(family: IpFamily, { table, chains, removed = [] }: ChainDelta): CheckedDelta | undefined {
  const checked = new Map<string, CheckedChain>()
  for (const chain of chains) {
    const targets: string[] = []
    let ownVerdicts = 0
    for (let i = 0; i < chain.rules.length; i++) {
      const rule = chain.rules[i]
      if (refuseRule(family, table, chain, i, rule) !== undefined || asksMemory(rule) !== undefined) return undefined
      const { verdict } = rule
      if (verdict === undefined) continue
      if (verdict.kind === 'jump' || verdict.kind === 'goto') targets.push(verdict.chain)
      else ownVerdicts |= homeBit(verdict)
    }
    checked.set(chain.name, { chain, targets, ownVerdicts })
  }
  return { table, chains: checked, removed: new Set(removed.filter(name => !checked.has(name))) }
}
