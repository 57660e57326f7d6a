/** Rows of rules, chain by chain, while counters of several nodes come together. A large cluster has a million rows in a hundred thousand chains, so texts are numbers. */
import { PooledTexts, TextPool } from '../arrow/pooled-texts.ts'
import type { IpFamily } from '../net/ip.ts'
import type { RuleCounts } from '../replay/tallies.ts'
import type { RuleColumns } from './run-result.ts'

/** The texts of all tables of rules of one run. */
export class RuleTexts {
  readonly table = new TextPool()
  readonly chain = new TextPool()
  readonly rule = new TextPool()
  /** By number of the chain's name: its first form, or all texts of its forms. */
  readonly #ofChain: (Uint32Array | Map<string, number>)[] = []

  /**
   * Numbers of the rules of one form of a chain, printed with its name (`-A CHAIN …`): only chains of one name can have a text in common.
   * Most names have one form of a few rules, whose texts are compared with each other alone: no table of 262,505 texts is made.
   */
  rulesOf(chain: number, texts: readonly string[]): Uint32Array {
    const known = this.#ofChain[chain]
    if (known === undefined && texts.length <= FEW) {
      const numbers = new Uint32Array(texts.length)
      texts.forEach((text, i) => {
        const first = texts.indexOf(text)
        numbers[i] = first < i ? numbers[first] : this.rule.add(text)
      })
      this.#ofChain[chain] = numbers
      return numbers
    }
    const all = known instanceof Map ? known : new Map(Array.from(known ?? [], n => [this.rule.texts[n], n]))
    this.#ofChain[chain] = all
    return Uint32Array.from(texts, text => {
      const number = all.get(text) ?? this.rule.add(text)
      all.set(text, number)
      return number
    })
  }
}

const FEW = 8

/** A chain by the numbers of its names. */
export interface ChainHead {
  readonly family: IpFamily
  readonly table: number
  readonly chain: number
}

/** A chain as some nodes have it. */
export interface ChainForm {
  /** Numbers of its rules' texts. */
  readonly rules: ArrayLike<number>
  /** Id of the first rule, the others follow; -1 where nothing was counted. */
  readonly firstRule: number
  readonly counters: RuleCounts
}

/** One chain in every form that some node has. */
export interface ChainRows extends ChainHead {
  readonly forms: ChainForm[]
}

export function columnsOf(chains: readonly ChainRows[], texts: RuleTexts): RuleColumns {
  const forms = chains.map(({ forms }) => (forms.length === 1 ? forms[0] : merged(forms)))
  const rows = new RuleRows(
    forms.reduce((sum, form) => sum + form.rules.length, 0),
    texts,
  )
  forms.forEach((form, i) => {
    rows.add(chains[i], form)
  })
  return rows.columns
}

/** A rule with the text of an earlier form's row that no other rule of its own form has taken joins that row. */
function merged(forms: readonly ChainForm[]): ChainForm {
  const rules: number[] = []
  const matched: number[] = []
  const evaluated: number[] = []
  for (const form of forms) {
    const free = rules.length === 0 ? undefined : Map.groupBy(rules.keys(), row => rules[row])
    for (let i = 0; i < form.rules.length; i++) {
      const row = free?.get(form.rules[i])?.shift() ?? rules.length
      if (row === rules.length) {
        rules.push(form.rules[i])
        matched.push(0)
        evaluated.push(0)
      }
      if (form.firstRule < 0) continue
      matched[row] += form.counters.matched[form.firstRule + i]
      evaluated[row] += form.counters.evaluated[form.firstRule + i]
    }
  }
  return {
    rules,
    firstRule: 0,
    counters: { matched: Float64Array.from(matched), evaluated: Float64Array.from(evaluated) },
  }
}

/** Chain by chain into columns. */
export class RuleRows {
  readonly columns
  #row = 0

  constructor(rowCount: number, { table, chain, rule }: RuleTexts) {
    this.columns = {
      family: new Uint8Array(rowCount),
      table: new PooledTexts(table, new Uint32Array(rowCount)),
      chain: new PooledTexts(chain, new Uint32Array(rowCount)),
      index: new Uint32Array(rowCount),
      rule: new PooledTexts(rule, new Uint32Array(rowCount)),
      matched: new Float64Array(rowCount),
      evaluated: new Float64Array(rowCount),
    }
  }

  /** `order`: the rule that stands at each place, where that is another than written. */
  add({ family, table, chain }: ChainHead, { rules, firstRule, counters }: ChainForm, order?: Int32Array): void {
    const { columns } = this
    let row = this.#row
    for (let place = 0; place < rules.length; place++, row++) {
      const rule = order === undefined ? place : order[place]
      columns.family[row] = family
      columns.table.numbers[row] = table
      columns.chain.numbers[row] = chain
      columns.index[row] = place + 1
      columns.rule.numbers[row] = rules[rule]
      if (firstRule < 0) continue
      columns.matched[row] = counters.matched[firstRule + rule]
      columns.evaluated[row] = counters.evaluated[firstRule + rule]
    }
    this.#row = row
  }
}
