/** Rows of rules, chain by chain, while counters of several nodes come together. */
import type { IpFamily } from '../net/ip.ts'
import type { RuleCounts } from '../replay/tallies.ts'
import type { RuleColumns } from './run-result.ts'

/** The rows of one chain, over every form of it that some node has. */
export interface ChainRows {
  readonly family: IpFamily
  readonly table: string
  readonly chain: string
  readonly texts: string[]
  readonly matched: number[]
  readonly evaluated: number[]
}

export const newChainRows = (family: IpFamily, table: string, chain: string): ChainRows => ({
  family,
  table,
  chain,
  texts: [],
  matched: [],
  evaluated: [],
})

/** Adds one form of a chain, its first rule's id -1 where nothing was counted: a rule with the text of a row that no other rule of this form has taken joins that row. */
export function mergeRules<R>(
  rows: ChainRows,
  rules: readonly R[],
  firstRule: number,
  counters: RuleCounts,
  print: (rule: R) => string,
): void {
  const free = rows.texts.length === 0 ? undefined : Map.groupBy(rows.texts.keys(), row => rows.texts[row])
  rules.forEach((rule, i) => {
    const text = print(rule)
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
export function columnsOf(chains: readonly ChainRows[]): RuleColumns {
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
