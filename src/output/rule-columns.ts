/**
 * Counters by rule id -> rows by table, chain and place: summed over all nodes, or one node's in the order that node has its rules.
 * Nodes may differ in a few chains; a rule that stands in the same chain with the same text is then one row.
 */
import type { IpFamily } from '../net/ip.ts'
import { type ChainPlace, chainDirectory } from '../netfilter/chain-directory.ts'
import { orderedRuleset } from '../netfilter/ordered-ruleset.ts'
import type { RuleTallies } from '../netfilter/rule-tallies.ts'
import type { PlannedFamily, PlannedRun } from '../replay/plan-run.ts'
import type { FamilyTallies, Tallies } from '../replay/tallies.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import type { Rule, Ruleset, TableName } from '../ruleset/ruleset.ts'
import type { RuleColumns } from './run-result.ts'

export interface AllRules {
  /** Over all nodes and both families. */
  readonly summed: RuleColumns
  /** Each detail node alone. */
  readonly details: readonly RuleColumns[]
}

export function allRules(run: PlannedRun, tallies: Tallies): AllRules {
  const print = rememberedText()
  const places = rememberedPlaces()
  return {
    summed: summedRules(run, tallies, places, print),
    details: run.plan.detailNodes.map((_, detail) => detailRules(run, tallies, detail, places, print)),
  }
}

type PlacesOf = (own: PlannedFamily, view: number) => readonly ChainPlace[]

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

function summedRules(run: PlannedRun, tallies: Tallies, placesOf: PlacesOf, print: PrintRule): RuleColumns {
  const chains = new Map<string, ChainRows>()
  eachFamily(run, tallies, (family, own, counters) => {
    own.views.views.forEach((_, view) => {
      for (const place of placesOf(own, view)) {
        const key = `${family} ${place.table} ${place.chain.name}`
        let rows = chains.get(key)
        if (rows === undefined) {
          rows = {
            family,
            table: place.table,
            chain: place.chain.name,
            firstRules: new Set(),
            texts: [],
            matched: [],
            evaluated: [],
          }
          chains.set(key, rows)
        }
        // Nodes that share a chain share its counters.
        if (rows.firstRules.has(place.firstRule)) continue
        rows.firstRules.add(place.firstRule)
        mergeRules(rows, place, counters.rules, print)
      }
    })
  })
  return columnsOf([...chains.values()])
}

/** The `detail`-th detail node alone, its rules in its own order of Services. */
function detailRules(
  run: PlannedRun,
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
        firstRules: new Set([firstRule]),
        texts: rules.map(rule => print(chain.name, rule, family)),
        matched: count(counters.detail[detail].matched),
        evaluated: count(counters.detail[detail].evaluated),
      })
    }
  })
  return columnsOf(chains)
}

/** The rows of one chain, over every form of it that some node has. */
interface ChainRows {
  readonly family: IpFamily
  readonly table: TableName
  readonly chain: string
  /** First rule ids of the forms that are in. */
  readonly firstRules: Set<number>
  readonly texts: string[]
  readonly matched: number[]
  readonly evaluated: number[]
}

/** Adds one form of a chain: a rule with the text of a row that no other rule of this form has taken joins that row. */
function mergeRules(rows: ChainRows, { chain, firstRule }: ChainPlace, counters: RuleTallies, print: PrintRule): void {
  const free = rows.texts.length === 0 ? undefined : Map.groupBy(rows.texts.keys(), row => rows.texts[row])
  chain.rules.forEach((rule, i) => {
    const text = print(chain.name, rule, rows.family)
    const row = free?.get(text)?.shift() ?? rows.texts.length
    if (row === rows.texts.length) {
      rows.texts.push(text)
      rows.matched.push(0)
      rows.evaluated.push(0)
    }
    if (firstRule >= 0) {
      rows.matched[row] += counters.matched[firstRule + i]
      rows.evaluated[row] += counters.evaluated[firstRule + i]
    }
  })
}

/** By hand, as a large cluster has a million rows in a hundred thousand chains: flatMap would make an array a chain and column. */
function columnsOf(chains: readonly ChainRows[]): RuleColumns {
  const rowCount = chains.reduce((sum, c) => sum + c.texts.length, 0)
  const columns = {
    family: new Uint8Array(rowCount),
    table: new Array<string>(rowCount),
    chain: new Array<string>(rowCount),
    index: new Uint32Array(rowCount),
    rule: new Array<string>(rowCount),
    matched: new Float64Array(rowCount),
    evaluated: new Float64Array(rowCount),
  }
  let row = 0
  for (const { family, table, chain, texts, matched, evaluated } of chains)
    for (let i = 0; i < texts.length; i++, row++) {
      columns.family[row] = family
      columns.table[row] = table
      columns.chain[row] = chain
      columns.index[row] = i + 1
      columns.rule[row] = texts[i]
      columns.matched[row] = matched[i]
      columns.evaluated[row] = evaluated[i]
    }
  return columns
}

function eachFamily(
  run: PlannedRun,
  tallies: Tallies,
  visit: (family: IpFamily, own: PlannedFamily, counters: FamilyTallies) => void,
): void {
  for (const family of [4, 6] as const) {
    const own = run.families[family]
    const counters = tallies.families[family]
    if (own !== null && counters !== null) visit(family, own, counters)
  }
}
