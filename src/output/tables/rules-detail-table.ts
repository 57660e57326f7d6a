/**
 * rules-detail.arrow: the rules of a few nodes, each node's own counters apart. The largest table of a run, a million rows for a large
 * cluster, so its columns are joined by hand; texts are shared with rules.arrow and stand in its file once (a dictionary).
 */
import type { RuleColumns, RunResult } from '../run-result.ts'
import { resultTable, words } from './result-table.ts'
import { rulesTable } from './rules-table.ts'

type DetailNode = RunResult['detailNodes'][number]

const rules = rulesTable.schema.columns

export const rulesDetailTable = resultTable(
  {
    name: 'rules-detail',
    version: 2,
    description: 'One row a rule of a few nodes, each with its own counters.',
    columns: {
      node: words('name of the node'),
      why: words('why the node was chosen'),
      ...rules,
      rule: words(rules.rule.description),
    },
  },
  ({ detailNodes }: RunResult) => {
    const texts = (of: (node: DetailNode) => readonly string[]): string[] => joinedTexts(detailNodes.map(of))
    const numbers = <T extends Float64Array | Uint32Array | Uint8Array>(of: (rules: RuleColumns) => T): T[] =>
      detailNodes.map(d => of(d.rules))
    const repeated = (of: (node: DetailNode) => string): string[] =>
      texts(d => new Array<string>(d.rules.index.length).fill(of(d)))
    return {
      node: repeated(d => d.node),
      why: repeated(d => d.why),
      family: joined(
        Uint8Array,
        numbers(r => r.family),
      ),
      table: texts(d => d.rules.table),
      chain: texts(d => d.rules.chain),
      index: joined(
        Uint32Array,
        numbers(r => r.index),
      ),
      rule: texts(d => d.rules.rule),
      matched: joined(
        Float64Array,
        numbers(r => r.matched),
      ),
      evaluated: joined(
        Float64Array,
        numbers(r => r.evaluated),
      ),
    }
  },
)

function joinedTexts(parts: readonly (readonly string[])[]): string[] {
  const all = new Array<string>(lengthOf(parts))
  let at = 0
  for (const part of parts) for (let i = 0; i < part.length; i++) all[at++] = part[i]
  return all
}

function joined<T extends Float64Array | Uint32Array | Uint8Array>(
  make: new (length: number) => T,
  parts: readonly T[],
): T {
  const all = new make(lengthOf(parts))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const lengthOf = (parts: readonly { readonly length: number }[]): number =>
  parts.reduce((sum, part) => sum + part.length, 0)
