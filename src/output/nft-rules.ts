/** rule-columns.ts for nftables mode: chains in the order that nft prints them. */
import type { IpFamily } from '../net/ip.ts'
import type { NftFamily } from '../replay/plan-family.ts'
import type { PlannedNftables } from '../replay/plan-run.ts'
import type { FamilyTallies, RuleCounts, Tallies } from '../replay/tallies.ts'
import type { NftChain, NftRule } from '../ruleset/nft-ruleset.ts'
import { printNftRule } from '../ruleset/print-nft-rule.ts'
import { type ChainRows, columnsOf, mergeRules, newChainRows } from './chain-rows.ts'
import type { AllRules } from './rule-columns.ts'
import type { RuleColumns } from './run-result.ts'

export function nftRules(run: PlannedNftables, tallies: Tallies): AllRules {
  const texts = new Map<NftRule, string>()
  const print = (rule: NftRule, family: IpFamily): string => {
    const text = texts.get(rule) ?? printNftRule(rule, family)
    texts.set(rule, text)
    return text
  }
  return { summed: summedRules(run, tallies, print), details: detailRules(run, tallies, print) }
}

type PrintNftRule = (rule: NftRule, family: IpFamily) => string

function summedRules(run: PlannedNftables, tallies: Tallies, print: PrintNftRule): RuleColumns {
  const chains = new Map<string, ChainRows>()
  eachFamily(run, tallies, (family, { places }, { rules }) => {
    for (const { table, chain, firstRule } of places) {
      const key = `${family} ${table} ${chain.name}`
      const rows = chains.get(key) ?? newChainRows(family, table, chain.name)
      chains.set(key, rows)
      mergeRules(
        rows,
        chain.rules.map(rule => print(rule, family)),
        firstRule,
        rules,
      )
    }
  })
  return columnsOf([...chains.values()])
}

function detailRules(run: PlannedNftables, tallies: Tallies, print: PrintNftRule): RuleColumns[] {
  const chains: ChainRows[][] = run.plan.detailNodes.map(() => [])
  eachFamily(run, tallies, (family, { views, plan, places }, { detail }) => {
    const firstRules = new Map<NftChain, number>(places.map(({ chain, firstRule }) => [chain, firstRule]))
    run.plan.detailNodes.forEach((node, d) => {
      for (const { name, chains: own } of views.views[plan.viewOfNode[node]].tables)
        for (const chain of own.values())
          chains[d].push(ownRows(family, name, chain, firstRules.get(chain)!, detail[d], print))
    })
  })
  return chains.map(columnsOf)
}

function ownRows(
  family: IpFamily,
  table: string,
  { name, rules }: NftChain,
  firstRule: number,
  counters: RuleCounts,
  print: PrintNftRule,
): ChainRows {
  const rows = newChainRows(family, table, name)
  mergeRules(
    rows,
    rules.map(rule => print(rule, family)),
    firstRule,
    counters,
  )
  return rows
}

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
