/** rule-columns.ts for iptables mode: a node's rows stand in the order that node has its rules. */
import type { IpFamily } from '../net/ip.ts'
import { type ChainPlace, chainDirectory } from '../netfilter/chain-directory.ts'
import { orderedRuleset } from '../netfilter/ordered-ruleset.ts'
import type { IptablesFamily } from '../replay/plan-family.ts'
import type { PlannedIptables } from '../replay/plan-run.ts'
import type { FamilyTallies, Tallies } from '../replay/tallies.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import type { Rule, Ruleset } from '../ruleset/ruleset.ts'
import { type ChainRows, columnsOf, mergeRules, newChainRows } from './chain-rows.ts'
import type { AllRules } from './rule-columns.ts'
import type { RuleColumns } from './run-result.ts'

export function iptablesRules(run: PlannedIptables, tallies: Tallies): AllRules {
  const print = rememberedText()
  const places = rememberedPlaces()
  return {
    summed: summedRules(run, tallies, places, print),
    details: run.plan.detailNodes.map((_, detail) => detailRules(run, tallies, detail, places, print)),
  }
}

type PlacesOf = (own: IptablesFamily, view: number) => readonly ChainPlace[]

/** The view asked for last is remembered: where all nodes see the same rules, they are looked up once for all tables. */
function rememberedPlaces(): PlacesOf {
  let last: Ruleset | undefined
  let places: readonly ChainPlace[] = []
  return (own, view) => {
    const ruleset = own.views.views[view]
    if (ruleset !== last) places = chainDirectory(own.plan.program, view, ruleset)
    last = ruleset
    return places
  }
}

type PrintRule = (chain: string, rule: Rule, family: IpFamily) => string

/** A rule is printed once however many nodes show it: 262,505 texts of a large cluster are 30 MB, not four times that. */
function rememberedText(): PrintRule {
  const texts = new Map<Rule, { readonly chain: string; readonly text: string }>()
  return (chain, rule, family) => {
    const known = texts.get(rule)
    if (known?.chain === chain) return known.text
    const text = printRule(chain, rule, family)
    texts.set(rule, { chain, text })
    return text
  }
}

function summedRules(run: PlannedIptables, tallies: Tallies, placesOf: PlacesOf, print: PrintRule): RuleColumns {
  const chains = new Map<string, ChainRows>()
  const seen = new Set<string>()
  eachFamily(run, tallies, (family, own, counters) => {
    own.views.views.forEach((_, view) => {
      for (const place of placesOf(own, view)) {
        const key = `${family} ${place.table} ${place.chain.name}`
        let rows = chains.get(key)
        if (rows === undefined) {
          rows = newChainRows(family, place.table, place.chain.name)
          chains.set(key, rows)
        }
        const { chain, firstRule } = place
        // Nodes that share a chain share its counters.
        const form = `${key} ${firstRule}`
        if (seen.has(form)) continue
        seen.add(form)
        mergeRules(rows, chain.rules, firstRule, counters.rules, rule => print(chain.name, rule, family))
      }
    })
  })
  return columnsOf([...chains.values()])
}

/** The `detail`-th detail node alone, its rules in its own order of Services. */
function detailRules(
  run: PlannedIptables,
  tallies: Tallies,
  detail: number,
  placesOf: PlacesOf,
  print: PrintRule,
): RuleColumns {
  const node = run.plan.detailNodes[detail]
  const chains: ChainRows[] = []
  eachFamily(run, tallies, (family, own, counters) => {
    const view = own.plan.viewOfNode[node]
    const written = own.views.views[view]
    const ordered = orderedRuleset(written, run.plan.orderKeyOfNode[node])
    const chainsOf = new Map(ordered.tables.map(t => [t.name, t.chains]))
    for (const { table, chain, firstRule } of placesOf(own, view)) {
      const { rules } = chainsOf.get(table)!.get(chain.name)!
      const ids = rules === chain.rules ? undefined : new Map(chain.rules.map((rule, i) => [rule, firstRule + i]))
      const count = (counter: Float64Array): number[] =>
        rules.map((rule, i) => (firstRule < 0 ? 0 : counter[ids?.get(rule) ?? firstRule + i]))
      chains.push({
        family,
        table,
        chain: chain.name,
        texts: rules.map(rule => print(chain.name, rule, family)),
        matched: count(counters.detail[detail].matched),
        evaluated: count(counters.detail[detail].evaluated),
      })
    }
  })
  return columnsOf(chains)
}

function eachFamily(
  run: PlannedIptables,
  tallies: Tallies,
  visit: (family: IpFamily, own: IptablesFamily, counters: FamilyTallies) => void,
): void {
  for (const family of [4, 6] as const) {
    const own = run.families[family]
    const counters = tallies.families[family]
    if (own !== null && counters !== null) visit(family, own, counters)
  }
}
