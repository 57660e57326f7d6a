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
export function mergeRules(rows: ChainRows, texts: readonly string[], firstRule: number, counters: RuleCounts): void {
  const free = rows.texts.length === 0 ? undefined : Map.groupBy(rows.texts.keys(), row => rows.texts[row])
  texts.forEach((text, i) => {
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

export function columnsOf(chains: readonly ChainRows[]): RuleColumns {
  const rows = new RuleRows(chains.reduce((sum, c) => sum + c.texts.length, 0))
  for (const { family, table, chain, texts, matched, evaluated } of chains)
    for (let i = 0; i < texts.length; i++) rows.add(family, table, chain, i + 1, texts[i], matched[i], evaluated[i])
  return rows.columns
}

/** Row by row into columns: a large cluster has a million rows in a hundred thousand chains, so there is no array a chain and column. */
export class RuleRows {
  readonly columns
  #row = 0

  constructor(rowCount: number) {
    this.columns = {
      family: new Uint8Array(rowCount),
      table: new Array<string>(rowCount),
      chain: new Array<string>(rowCount),
      index: new Uint32Array(rowCount),
      rule: new Array<string>(rowCount),
      matched: new Float64Array(rowCount),
      evaluated: new Float64Array(rowCount),
    }
  }

  add(
    family: IpFamily,
    table: string,
    chain: string,
    index: number,
    rule: string,
    matched: number,
    evaluated: number,
  ): void {
    const { columns } = this
    const row = this.#row++
    columns.family[row] = family
    columns.table[row] = table
    columns.chain[row] = chain
    columns.index[row] = index
    columns.rule[row] = rule
    columns.matched[row] = matched
    columns.evaluated[row] = evaluated
  }
}
