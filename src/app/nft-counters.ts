/** A ruleset of nftables whose rules count, as if each had had a counter before its last part while flows were replayed. */
import type { ChainCounters } from '../replay/flows/node-evaluator.ts'
import type { NftRule, NftRuleset, NftStatement } from '../ruleset/nft-ruleset.ts'
import { NFT_FAMILY } from '../ruleset/print-nftables.ts'

export function withCounters(ruleset: NftRuleset, counted: readonly ChainCounters[]): NftRuleset {
  const byPlace = new Map(counted.map(chain => [`${chain.table} ${chain.chain}`, chain]))
  const tables = ruleset.tables.map(table => ({
    ...table,
    chains: new Map(
      Array.from(table.chains, ([name, chain]) => {
        const { rules } = byPlace.get(`${NFT_FAMILY[ruleset.family]} ${table.name} ${name}`)!
        return [name, { ...chain, rules: chain.rules.map((rule, i) => counting(rule, rules[i])) }]
      }),
    ),
  }))
  return { ...ruleset, tables }
}

function counting(rule: NftRule, { packets, bytes }: { readonly packets: number; readonly bytes: number }): NftRule {
  const counter: NftStatement = { kind: 'counter', packets, bytes }
  const statements: readonly NftStatement[] = rule.statements.filter(s => s.kind !== 'counter')
  const last = rule.verdict === undefined ? statements.length - 1 : statements.length
  return { ...rule, statements: statements.toSpliced(Math.max(0, last), 0, counter) }
}
