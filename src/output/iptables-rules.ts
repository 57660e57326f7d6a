/** rule-columns.ts for iptables mode: a node's rows stand in the order that node has its rules. */
import type { IpFamily } from '../net/ip.ts'
import { type ChainPlace, chainDirectory } from '../netfilter/chain-directory.ts'
import { ruleOrder } from '../netfilter/ordered-ruleset.ts'
import type { IptablesFamily } from '../replay/plan-family.ts'
import type { PlannedIptables } from '../replay/plan-run.ts'
import type { FamilyTallies, RuleCounts, Tallies } from '../replay/tallies.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import type { Chain, Ruleset } from '../ruleset/ruleset.ts'
import { type ChainRows, columnsOf, mergeRules, newChainRows, RuleRows } from './chain-rows.ts'
import type { AllRules } from './rule-columns.ts'
import type { RuleColumns } from './run-result.ts'

export function iptablesRules(run: PlannedIptables, tallies: Tallies): AllRules {
  const textsOf = rememberedTexts()
  const places = rememberedPlaces()
  return {
    summed: summedRules(run, tallies, places, textsOf),
    details: run.plan.detailNodes.map((_, detail) => detailRules(run, tallies, detail, places, textsOf)),
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

type TextsOf = (chain: Chain, family: IpFamily) => readonly string[]

/** A chain is printed once however many nodes show it: 262,505 texts of a large cluster are 30 MB, not four times that. */
function rememberedTexts(): TextsOf {
  const texts = new Map<Chain, readonly string[]>()
  return (chain, family) => {
    let known = texts.get(chain)
    if (known === undefined) {
      known = chain.rules.map(rule => printRule(chain.name, rule, family))
      texts.set(chain, known)
    }
    return known
  }
}

function summedRules(run: PlannedIptables, tallies: Tallies, placesOf: PlacesOf, textsOf: TextsOf): RuleColumns {
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
        mergeRules(rows, textsOf(chain, family), firstRule, counters.rules)
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
  textsOf: TextsOf,
): RuleColumns {
  const node = run.plan.detailNodes[detail]
  const orderKey = run.plan.orderKeyOfNode[node]
  const parts: { family: IpFamily; places: readonly ChainPlace[]; counts: RuleCounts }[] = []
  eachFamily(run, tallies, (family, own, counters) => {
    parts.push({ family, places: placesOf(own, own.plan.viewOfNode[node]), counts: counters.detail[detail] })
  })
  const rowCount = parts.reduce((sum, { places }) => places.reduce((n, p) => n + p.chain.rules.length, sum), 0)
  const rows = new RuleRows(rowCount)
  for (const { family, places, counts } of parts)
    for (const { table, chain, firstRule } of places) {
      const texts = textsOf(chain, family)
      const order = ruleOrder(chain.rules, orderKey)
      for (let place = 0; place < texts.length; place++) {
        const rule = order === undefined ? place : order[place]
        const id = firstRule + rule
        const [matched, evaluated] = firstRule < 0 ? NOT_COUNTED : [counts.matched[id], counts.evaluated[id]]
        rows.add(family, table, chain.name, place + 1, texts[rule], matched, evaluated)
      }
    }
  return rows.columns
}

const NOT_COUNTED = [0, 0] as const

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
