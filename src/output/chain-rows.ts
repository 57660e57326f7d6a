/** Rows of rules, chain by chain, and where their counters will come from. A large cluster has a million rows in a hundred thousand chains, so texts are numbers. */
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
  /** Id of the first rule, the others follow; -1 where nothing is counted. */
  readonly firstRule: number
}

/** One chain in every form that some node has. */
export interface ChainRows extends ChainHead {
  readonly forms: ChainForm[]
}

export function rowsOf(chains: readonly ChainRows[], texts: RuleTexts): RuleRows {
  const atMost = chains.reduce((sum, { forms }) => forms.reduce((n, form) => n + form.rules.length, sum), 0)
  const rows = new RuleRows(atMost, texts)
  for (const { forms, ...head } of chains) rows.add(head, forms)
  return rows
}

/** Chain by chain into columns; counters follow when they are known. */
export class RuleRows {
  readonly #texts: RuleTexts
  readonly #family: Uint8Array
  readonly #table: Uint32Array
  readonly #chain: Uint32Array
  readonly #index: Uint32Array
  readonly #rule: Uint32Array
  #rowCount = 0
  /** Which rules' counters a row sums: pairs of a row and a rule's id in its family. */
  readonly #countedRow: Uint32Array
  readonly #countedRule: Uint32Array
  #counted = 0

  /** `atMost`: rules of all forms to come. */
  constructor(atMost: number, texts: RuleTexts) {
    this.#texts = texts
    this.#family = new Uint8Array(atMost)
    this.#table = new Uint32Array(atMost)
    this.#chain = new Uint32Array(atMost)
    this.#index = new Uint32Array(atMost)
    this.#rule = new Uint32Array(atMost)
    this.#countedRow = new Uint32Array(atMost)
    this.#countedRule = new Uint32Array(atMost)
  }

  /**
   * A rule with the text of an earlier form's row that no other rule of its own form has taken joins that row. `order`: the rule that
   * stands at each place, where that is another than written.
   */
  add(head: ChainHead, forms: readonly ChainForm[], order?: Int32Array): void {
    const start = this.#rowCount
    for (const { rules, firstRule } of forms) {
      const free = this.#rowCount === start ? undefined : this.#rowsByRule(start)
      for (let place = 0; place < rules.length; place++) {
        const rule = order === undefined ? place : order[place]
        const row = free?.get(rules[rule])?.shift() ?? this.#push(head, this.#rowCount - start + 1, rules[rule])
        if (firstRule < 0) continue
        this.#countedRow[this.#counted] = row
        this.#countedRule[this.#counted++] = firstRule + rule
      }
    }
  }

  #push({ family, table, chain }: ChainHead, index: number, rule: number): number {
    const row = this.#rowCount++
    this.#family[row] = family
    this.#table[row] = table
    this.#chain[row] = chain
    this.#index[row] = index
    this.#rule[row] = rule
    return row
  }

  #rowsByRule(start: number): Map<number, number[]> {
    const rows = Array.from({ length: this.#rowCount - start }, (_, i) => start + i)
    return Map.groupBy(rows, row => this.#rule[row])
  }

  /** `countersOf`: by rule id of a family. */
  columns(countersOf: (family: IpFamily) => RuleCounts | undefined): RuleColumns {
    const rowCount = this.#rowCount
    const matched = new Float64Array(rowCount)
    const evaluated = new Float64Array(rowCount)
    const [four, six] = [countersOf(4), countersOf(6)]
    for (let i = 0; i < this.#counted; i++) {
      const row = this.#countedRow[i]
      const rule = this.#countedRule[i]
      const counters = (this.#family[row] === 4 ? four : six)!
      matched[row] += counters.matched[rule]
      evaluated[row] += counters.evaluated[rule]
    }
    const { table, chain, rule } = this.#texts
    return {
      family: this.#family.subarray(0, rowCount),
      table: new PooledTexts(table, this.#table.subarray(0, rowCount)),
      chain: new PooledTexts(chain, this.#chain.subarray(0, rowCount)),
      index: this.#index.subarray(0, rowCount),
      rule: new PooledTexts(rule, this.#rule.subarray(0, rowCount)),
      matched,
      evaluated,
    }
  }
}
