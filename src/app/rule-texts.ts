/** The text of each rule of a node, by `TABLE CHAIN`: what follows `-A CHAIN` for iptables, the whole rule for nftables. */
import type { NodeRules } from '../replay/flows/node-rules.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import { printNftRule } from '../ruleset/print-nft-rule.ts'
import { NFT_FAMILY } from '../ruleset/print-nftables.ts'

export function ruleTexts({ mode, ruleset }: NodeRules): Map<string, string[]> {
  const texts = new Map<string, string[]>()
  const { family } = ruleset
  if (mode === 'iptables') {
    for (const { name: table, chains } of ruleset.tables)
      for (const { name, rules } of chains.values())
        texts.set(
          `${table} ${name}`,
          rules.map(rule => printRule(name, rule, family).slice(`-A ${name} `.length)),
        )
  } else
    for (const { name: table, chains } of ruleset.tables)
      for (const { name, rules } of chains.values())
        texts.set(
          `${NFT_FAMILY[family]} ${table} ${name}`,
          rules.map(rule => printNftRule(rule, family)),
        )
  return texts
}
