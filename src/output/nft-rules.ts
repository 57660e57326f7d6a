/** rule-columns.ts for nftables mode: chains in the order that nft prints them. */
import type { IpFamily } from '../net/ip.ts'
import type { NftFamily } from '../replay/plan-family.ts'
import type { PlannedNftables } from '../replay/plan-run.ts'
import type { FamilyTallies, Tallies } from '../replay/tallies.ts'
import type { NftChain, NftRule } from '../ruleset/nft-ruleset.ts'
import { printNftRule } from '../ruleset/print-nft-rule.ts'
import { type ChainHead, type ChainRows, columnsOf, RuleTexts } from './chain-rows.ts'
import type { AllRules } from './rule-columns.ts'
import type { RuleColumns } from './run-result.ts'

export function nftRules(run: PlannedNftables, tallies: Tallies): AllRules {
  const texts = new RuleTexts()
  const numbers = new Map<NftRule, number>()
  const rulesOf: RulesOf = ({ rules }, family) =>
    rules.map(rule => {
      const number = numbers.get(rule) ?? texts.rule.numberOf(printNftRule(rule, family))
      numbers.set(rule, number)
      return number
    })
  return { summed: summedRules(run, tallies, rulesOf, texts), details: detailRules(run, tallies, rulesOf, texts) }
}

/** Numbers of the texts of a chain's rules. */
type RulesOf = (chain: NftChain, family: IpFamily) => readonly number[]

function summedRules(run: PlannedNftables, tallies: Tallies, rulesOf: RulesOf, texts: RuleTexts): RuleColumns {
  const chains = new Map<string, ChainRows>()
  eachFamily(run, tallies, (family, { places }, { rules: counters }) => {
    for (const { table, chain, firstRule } of places) {
      const key = `${family} ${table} ${chain.name}`
      const rows = chains.get(key) ?? { ...headOf(family, table, chain, texts), forms: [] }
      chains.set(key, rows)
      rows.forms.push({ rules: rulesOf(chain, family), firstRule, counters })
    }
  })
  return columnsOf([...chains.values()], texts)
}

function detailRules(run: PlannedNftables, tallies: Tallies, rulesOf: RulesOf, texts: RuleTexts): RuleColumns[] {
  const chains: ChainRows[][] = run.plan.detailNodes.map(() => [])
  eachFamily(run, tallies, (family, { views, plan, places }, { detail }) => {
    const firstRules = new Map<NftChain, number>(places.map(({ chain, firstRule }) => [chain, firstRule]))
    run.plan.detailNodes.forEach((node, d) => {
      for (const { name, chains: own } of views.views[plan.viewOfNode[node]].tables)
        for (const chain of own.values()) {
          const form = { rules: rulesOf(chain, family), firstRule: firstRules.get(chain)!, counters: detail[d] }
          chains[d].push({ ...headOf(family, name, chain, texts), forms: [form] })
        }
    })
  })
  return chains.map(own => columnsOf(own, texts))
}

const headOf = (family: IpFamily, table: string, { name }: NftChain, texts: RuleTexts): ChainHead => ({
  family,
  table: texts.table.numberOf(table),
  chain: texts.chain.numberOf(name),
})

function eachFamily(
  { families }: PlannedNftables,
  tallies: Tallies,
  visit: (family: IpFamily, own: NftFamily, counters: FamilyTallies) => void,
): void {
  for (const family of [4, 6] as const) {
    const own = families[family]
    const counters = tallies.families[family]
    if (own !== null && counters !== null) visit(family, own, counters)
  }
}
