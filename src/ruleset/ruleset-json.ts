/**
 * A ruleset as plain JSON values, of either kind: tables, their sets, chains, and every rule and element as the real tool prints it.
 * For programs that ask which rules a Service has; the text of print-iptables.ts and print-nftables.ts is what the tools load.
 */
import type { NftRuleset } from './nft-ruleset.ts'
import { printRule } from './print-iptables.ts'
import { printNftElement, printNftRule } from './print-nft-rule.ts'
import type { Ruleset } from './ruleset.ts'
import { sortNftElements } from './sort-nft-elements.ts'

export const rulesetJson = ({ family, tables }: Ruleset): readonly object[] =>
  tables.map(({ name, chains }) => ({
    name,
    chains: [...chains.values()].map(chain => ({
      name: chain.name,
      policy: chain.policy ?? null,
      rules: chain.rules.map(rule => printRule(chain.name, rule, family)),
    })),
  }))

export const nftRulesetJson = ({ family, tables }: NftRuleset): readonly object[] =>
  tables.map(({ name, sets, chains }) => ({
    name,
    sets: [...sets.values()].map(set => ({
      name: set.name,
      kind: set.kind,
      type: set.keyType,
      elements: sortNftElements(set).map(([key, element]) => printNftElement(key, element)),
    })),
    chains: [...chains.values()].map(chain => ({
      name: chain.name,
      hook: chain.hook ?? null,
      rules: chain.rules.map(rule => printNftRule(rule, family)),
    })),
  }))
