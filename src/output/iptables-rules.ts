/** rule-columns.ts for iptables mode: a node's rows stand in the order that node has its rules. */
import type { IpFamily } from '../net/ip.ts'
import { ruleOrder } from '../netfilter/ordered-ruleset.ts'
import type { IptablesFamily } from '../replay/plan-family.ts'
import type { PlannedIptables } from '../replay/plan-run.ts'
import { printRule } from '../ruleset/print-iptables.ts'
import type { Chain } from '../ruleset/ruleset.ts'
import { type ChainRows, RuleRows, RuleTexts, rowsOf } from './chain-rows.ts'
import type { AllRuleRows } from './rule-columns.ts'

export function iptablesRules(run: PlannedIptables): AllRuleRows {
  const texts = new RuleTexts()
  const textsOf = rememberedTexts(texts)
  return {
    summed: summedRules(run, texts, textsOf),
    details: run.plan.detailNodes.map(node => detailRules(run, node, texts, textsOf)),
  }
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

function summedRules(run: PlannedIptables, texts: RuleTexts, textsOf: TextsOf): RuleRows {
  const chains: ChainRows[] = []
  eachFamily(run, (family, own) => {
    const byTable = new Map<string, Map<string, ChainRows>>()
    const seen = new Map<ChainRows, Set<number>>()
    own.views.views.forEach((_, view) => {
      for (const { table, chain, firstRule } of own.directories.of(view)) {
        const byName = byTable.get(table) ?? new Map<string, ChainRows>()
        byTable.set(table, byName)
        const rows = byName.get(chain.name)
        // Nodes that share a chain share its counters.
        if (rows !== undefined && (rows.forms.at(-1)!.firstRule === firstRule || seen.get(rows)?.has(firstRule)))
          continue
        const { name, rules } = textsOf(chain, family)
        if (rows === undefined) {
          const first = { family, table: texts.table.numberOf(table), chain: name, forms: [{ rules, firstRule }] }
          byName.set(chain.name, first)
          chains.push(first)
        } else {
          seen.set(rows, (seen.get(rows) ?? new Set([rows.forms[0].firstRule])).add(firstRule))
          rows.forms.push({ rules, firstRule })
        }
      }
    })
  })
  return rowsOf(chains, texts)
}

/** A detail node alone, its rules in its own order of Services. */
function detailRules(run: PlannedIptables, node: number, texts: RuleTexts, textsOf: TextsOf): RuleRows {
  const orderKey = run.plan.orderKeyOfNode[node]
  let rowCount = 0
  eachFamily(run, (_, own) => {
    for (const { chain } of own.directories.of(own.plan.viewOfNode[node])) rowCount += chain.rules.length
  })
  const rows = new RuleRows(rowCount, texts)
  eachFamily(run, (family, own) => {
    for (const { table, chain, firstRule } of own.directories.of(own.plan.viewOfNode[node])) {
      const { name, rules } = textsOf(chain, family)
      const head = { family, table: texts.table.numberOf(table), chain: name }
      rows.add(head, [{ rules, firstRule }], ruleOrder(chain.rules, orderKey))
    }
  })
  return rows
}

function eachFamily({ families }: PlannedIptables, visit: (family: IpFamily, own: IptablesFamily) => void): void {
  for (const family of [4, 6] as const) {
    const own = families[family]
    if (own !== null) visit(family, own)
  }
}
