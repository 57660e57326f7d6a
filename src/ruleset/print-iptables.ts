/**
 * A ruleset as text, byte for byte what iptables-save 1.8.9 (ip6tables-save for IPv6) prints of it, without the comment lines with
 * date and version. iptables-restore reads it back. Options come in iptables' own order and notation: host prefixes with their
 * length, marks in hexadecimal, probabilities as the kernel rounded them.
 * About 1 µs a rule.
 */
import type { IpFamily } from '../net/ip.ts'
import { printMatch } from './print-match.ts'
import { printVerdict } from './print-verdict.ts'
import type { Chain, Rule, Ruleset, TableName } from './ruleset.ts'

/** What a rule, or a built-in chain's policy, has counted. */
export interface Counter {
  readonly packets: number | bigint
  readonly bytes: number | bigint
}

/** Counter of a rule by its place in the chain; of the chain's policy for index -1. */
export type CounterOf = (table: TableName, chain: string, index: number) => Counter

/** With `counterOf`, as `iptables-save -c`: each rule behind its `[packets:bytes]`. */
export function printRuleset(ruleset: Ruleset, counterOf?: CounterOf): string {
  let text = ''
  for (const table of ruleset.tables) {
    text += `*${table.name}\n`
    for (const chain of table.chains.values())
      text += `${printChainHead(chain, chain.policy === undefined ? NOTHING : counterOf?.(table.name, chain.name, -1))}\n`
    for (const chain of table.chains.values()) {
      const { name, rules } = chain
      for (let i = 0; i < rules.length; i++) {
        if (counterOf !== undefined) text += `${printCounter(counterOf(table.name, name, i))} `
        text += `${printRule(name, rules[i], ruleset.family)}\n`
      }
    }
    text += 'COMMIT\n'
  }
  return text
}

/** One rule as `-A CHAIN …`, without the end of line. The family matters to the mask of a `recent` list alone. */
export function printRule(chainName: string, rule: Rule, family: IpFamily = 4): string {
  let text = `-A ${chainName}`
  for (const match of rule.matches) text += printMatch(match, family)
  return rule.verdict === undefined ? text : text + printVerdict(rule.verdict)
}

/** All rules of a chain, one a line. Two chains of one name and family do the same when these texts are equal. */
export const printRules = (chainName: string, rules: readonly Rule[], family: IpFamily): string =>
  rules.map(rule => printRule(chainName, rule, family)).join('\n')

/** `:INPUT ACCEPT [0:0]`, without the end of line. */
export const printChainHead = (chain: Chain, counter: Counter = NOTHING): string =>
  `:${chain.name} ${chain.policy ?? '-'} ${printCounter(counter)}`

const NOTHING: Counter = { packets: 0, bytes: 0 }

export const printCounter = (counter: Counter): string => `[${counter.packets}:${counter.bytes}]`
