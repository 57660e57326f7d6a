/** rule-columns.ts for nftables mode: chains in the order that nft prints them. */
import type { IpFamily } from '../net/ip.ts'
import type { NftFamily } from '../replay/plan-family.ts'
import type { PlannedNftables } from '../replay/plan-run.ts'
import type { NftChain, NftRule } from '../ruleset/nft-ruleset.ts'
import { printNftRule } from '../ruleset/print-nft-rule.ts'
import { type ChainHead, type ChainRows, type RuleRows, RuleTexts, rowsOf } from './chain-rows.ts'
import type { AllRuleRows } from './rule-columns.ts'

export function nftRules(run: PlannedNftables): AllRuleRows {
  const texts = new RuleTexts()
  const numbers = new Map<NftRule, number>()
  const rulesOf: RulesOf = ({ rules }, family) =>
    rules.map(rule => {
      const number = numbers.get(rule) ?? texts.rule.numberOf(printNftRule(rule, family))
      numbers.set(rule, number)
      return number
    })
  return { summed: summedRules(run, rulesOf, texts), details: detailRules(run, rulesOf, texts) }
}

/** Numbers of the texts of a chain's rules. */
type RulesOf = (chain: NftChain, family: IpFamily) => readonly number[]

function summedRules(run: PlannedNftables, rulesOf: RulesOf, texts: RuleTexts): RuleRows {
  const chains = new Map<string, ChainRows>()
  eachFamily(run, (family, { places }) => {
    for (const { table, chain, firstRule } of places) {
      const key = `${family} ${table} ${chain.name}`
      const rows = chains.get(key) ?? { ...headOf(family, table, chain, texts), forms: [] }
      chains.set(key, rows)
      rows.forms.push({ rules: rulesOf(chain, family), firstRule })
    }
  })
  return rowsOf([...chains.values()], texts)
}

function detailRules(run: PlannedNftables, rulesOf: RulesOf, texts: RuleTexts): RuleRows[] {
  const chains: ChainRows[][] = run.plan.detailNodes.map(() => [])
  eachFamily(run, (family, { views, plan, places }) => {
    const firstRules = new Map<NftChain, number>(places.map(({ chain, firstRule }) => [chain, firstRule]))
    run.plan.detailNodes.forEach((node, d) => {
      for (const { name, chains: own } of views.views[plan.viewOfNode[node]].tables)
        for (const chain of own.values()) {
          const form = { rules: rulesOf(chain, family), firstRule: firstRules.get(chain)! }
          chains[d].push({ ...headOf(family, name, chain, texts), forms: [form] })
        }
    })
  })
  return chains.map(own => rowsOf(own, texts))
}

const headOf = (family: IpFamily, table: string, { name }: NftChain, texts: RuleTexts): ChainHead => ({
  family,
  table: texts.table.numberOf(table),
  chain: texts.chain.numberOf(name),
})

function eachFamily({ families }: PlannedNftables, visit: (family: IpFamily, own: NftFamily) => void): void {
  for (const family of [4, 6] as const) {
    const own = families[family]
    if (own !== null) visit(family, own)
  }
}
