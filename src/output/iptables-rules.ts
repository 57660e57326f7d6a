/** rule-columns.ts for iptables mode: a node's rows stand in the order that node has its rules. */
import type { IpFamily } from '../net/ip.ts'
import type { ChainPlace } from '../netfilter/chain-directory.ts'
import { ruleOrder } from '../netfilter/ordered-ruleset.ts'
import type { IptablesFamily } from '../replay/plan-family.ts'
import type { PlannedIptables } from '../replay/plan-run.ts'
import type { FamilyTallies, RuleCounts, Tallies } from '../replay/tallies.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import type { Chain } from '../ruleset/ruleset.ts'
import { type ChainRows, columnsOf, RuleRows, RuleTexts } from './chain-rows.ts'
import type { AllRules } from './rule-columns.ts'
import type { RuleColumns } from './run-result.ts'

export function iptablesRules(run: PlannedIptables, tallies: Tallies, printed: PrintedRules): AllRules {
  return {
    summed: summedRules(run, tallies, printed),
    details: run.plan.detailNodes.map((_, detail) => detailRules(run, tallies, detail, printed)),
  }
}

/** The texts of a run's chains; `textsOf` prints a chain once however many nodes show it. */
export interface PrintedRules {
  readonly texts: RuleTexts
  readonly textsOf: TextsOf
}

/** The rules of the first view, which hold most or all of a run's, printed: needs no tallies, so it can be done while they are counted. */
export function printRules({ families }: PlannedIptables): PrintedRules {
  const texts = new RuleTexts()
  const textsOf = rememberedTexts(texts)
  for (const family of [4, 6] as const)
    for (const { chain } of families[family]?.directories.of(0) ?? []) textsOf(chain, family)
  return { texts, textsOf }
}

/** Numbers of a chain's texts. */
interface ChainTexts {
  readonly name: number
  readonly rules: Uint32Array
}

type TextsOf = (chain: Chain, family: IpFamily) => ChainTexts

/** A chain is printed once however many nodes show it. */
function rememberedTexts(texts: RuleTexts): TextsOf {
  const chains = new Map<Chain, ChainTexts>()
  return (chain, family) => {
    let known = chains.get(chain)
    if (known === undefined) {
      const name = texts.chain.numberOf(chain.name)
      const printed = chain.rules.map(rule => printRule(chain.name, rule, family))
      known = { name, rules: texts.rulesOf(name, printed) }
      chains.set(chain, known)
    }
    return known
  }
}

function summedRules(run: PlannedIptables, tallies: Tallies, { texts, textsOf }: PrintedRules): RuleColumns {
  const chains: ChainRows[] = []
  eachFamily(run, tallies, (family, own, counters) => {
    const byTable = new Map<string, Map<string, ChainRows>>()
    const seen = new Map<ChainRows, Set<number>>()
    own.views.views.forEach((_, view) => {
      for (const { table, chain, firstRule } of own.directories.of(view)) {
        const byName = byTable.get(table) ?? new Map<string, ChainRows>()
        byTable.set(table, byName)
        let rows = byName.get(chain.name)
        if (rows === undefined) {
          rows = { family, table: texts.table.numberOf(table), chain: textsOf(chain, family).name, forms: [] }
          byName.set(chain.name, rows)
          chains.push(rows)
        }
        // Nodes that share a chain share its counters.
        if (rows.forms.at(-1)?.firstRule === firstRule || seen.get(rows)?.has(firstRule) === true) continue
        if (rows.forms.length > 0) seen.set(rows, (seen.get(rows) ?? new Set([rows.forms[0].firstRule])).add(firstRule))
        rows.forms.push({ rules: textsOf(chain, family).rules, firstRule, counters: counters.rules })
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
  { texts, textsOf }: PrintedRules,
): RuleColumns {
  const node = run.plan.detailNodes[detail]
  const orderKey = run.plan.orderKeyOfNode[node]
  const parts: { family: IpFamily; places: readonly ChainPlace[]; counters: RuleCounts }[] = []
  eachFamily(run, tallies, (family, own, counters) => {
    parts.push({ family, places: own.directories.of(own.plan.viewOfNode[node]), counters: counters.detail[detail] })
  })
  const rowCount = parts.reduce((sum, { places }) => places.reduce((n, p) => n + p.chain.rules.length, sum), 0)
  const rows = new RuleRows(rowCount, texts)
  for (const { family, places, counters } of parts)
    for (const { table, chain, firstRule } of places) {
      const { name, rules } = textsOf(chain, family)
      const head = { family, table: texts.table.numberOf(table), chain: name }
      rows.add(head, { rules, firstRule, counters }, ruleOrder(chain.rules, orderKey))
    }
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
