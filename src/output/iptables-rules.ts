/** rule-columns.ts for iptables mode: a node's rows stand in the order that node has its rules. */
import type { IpFamily } from '../net/ip.ts'
import { type ChainPlace, chainDirectory } from '../netfilter/chain-directory.ts'
import { ruleOrder } from '../netfilter/ordered-ruleset.ts'
import type { IptablesFamily } from '../replay/plan-family.ts'
import type { PlannedIptables } from '../replay/plan-run.ts'
import type { FamilyTallies, RuleCounts, Tallies } from '../replay/tallies.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import type { Chain, Ruleset } from '../ruleset/ruleset.ts'
import { type ChainRows, columnsOf, RuleRows, RuleTexts } from './chain-rows.ts'
import type { AllRules } from './rule-columns.ts'
import type { RuleColumns } from './run-result.ts'

export function iptablesRules(run: PlannedIptables, tallies: Tallies): AllRules {
  const texts = new RuleTexts()
  const rulesOf = rememberedRules(texts)
  const places = rememberedPlaces()
  return {
    summed: summedRules(run, tallies, places, rulesOf, texts),
    details: run.plan.detailNodes.map((_, detail) => detailRules(run, tallies, detail, places, rulesOf, texts)),
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

/** Numbers of the texts of a chain's rules. */
type RulesOf = (chain: Chain, family: IpFamily) => Uint32Array

/** A chain is printed once however many nodes show it. */
function rememberedRules(texts: RuleTexts): RulesOf {
  const rules = new Map<Chain, Uint32Array>()
  return (chain, family) => {
    let known = rules.get(chain)
    if (known === undefined) {
      known = Uint32Array.from(chain.rules, rule => texts.rule.numberOf(printRule(chain.name, rule, family)))
      rules.set(chain, known)
    }
    return known
  }
}

function summedRules(
  run: PlannedIptables,
  tallies: Tallies,
  placesOf: PlacesOf,
  rulesOf: RulesOf,
  texts: RuleTexts,
): RuleColumns {
  const chains: ChainRows[] = []
  eachFamily(run, tallies, (family, own, counters) => {
    const byTable = new Map<string, Map<string, ChainRows>>()
    const seen = new Map<ChainRows, Set<number>>()
    own.views.views.forEach((_, view) => {
      for (const { table, chain, firstRule } of placesOf(own, view)) {
        const byName = byTable.get(table) ?? new Map<string, ChainRows>()
        byTable.set(table, byName)
        let rows = byName.get(chain.name)
        if (rows === undefined) {
          rows = { family, table: texts.table.numberOf(table), chain: texts.chain.numberOf(chain.name), forms: [] }
          byName.set(chain.name, rows)
          chains.push(rows)
        }
        // Nodes that share a chain share its counters.
        if (rows.forms.at(-1)?.firstRule === firstRule || seen.get(rows)?.has(firstRule) === true) continue
        if (rows.forms.length > 0) seen.set(rows, (seen.get(rows) ?? new Set([rows.forms[0].firstRule])).add(firstRule))
        rows.forms.push({ rules: rulesOf(chain, family), firstRule, counters: counters.rules })
      }
    })
  })
  return columnsOf(chains, texts)
}

/** The `detail`-th detail node alone, its rules in its own order of Services. */
function detailRules(
  run: PlannedIptables,
  tallies: Tallies,
  detail: number,
  placesOf: PlacesOf,
  rulesOf: RulesOf,
  texts: RuleTexts,
): RuleColumns {
  const node = run.plan.detailNodes[detail]
  const orderKey = run.plan.orderKeyOfNode[node]
  const parts: { family: IpFamily; places: readonly ChainPlace[]; counters: RuleCounts }[] = []
  eachFamily(run, tallies, (family, own, counters) => {
    parts.push({ family, places: placesOf(own, own.plan.viewOfNode[node]), counters: counters.detail[detail] })
  })
  const rowCount = parts.reduce((sum, { places }) => places.reduce((n, p) => n + p.chain.rules.length, sum), 0)
  const rows = new RuleRows(rowCount, texts)
  for (const { family, places, counters } of parts)
    for (const { table, chain, firstRule } of places)
      rows.add(
        { family, table: texts.table.numberOf(table), chain: texts.chain.numberOf(chain.name) },
        { rules: rulesOf(chain, family), firstRule, counters },
        ruleOrder(chain.rules, orderKey),
      )
  return rows.columns
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
