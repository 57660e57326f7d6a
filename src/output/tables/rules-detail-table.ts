/**
 * rules-detail.arrow: the rules of a few nodes, each node's own counters apart. The largest table of a run, a million rows for a large
 * cluster, so its columns are joined by hand; texts are shared with rules.arrow and stand in its file once (a dictionary).
 */
import { PooledTexts, TextPool } from '../../arrow/pooled-texts.ts'
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
    const numbers = <T extends Float64Array | Uint32Array | Uint8Array>(
      make: new (length: number) => T,
      of: (rules: RuleColumns) => T,
    ): T =>
      joined(
        make,
        detailNodes.map(d => of(d.rules)),
      )
    const texts = (of: (rules: RuleColumns) => PooledTexts): PooledTexts =>
      joinedTexts(detailNodes.map(d => of(d.rules)))
    return {
      node: repeated(detailNodes, d => d.node),
      why: repeated(detailNodes, d => d.why),
      family: numbers(Uint8Array, r => r.family),
      table: texts(r => r.table),
      chain: texts(r => r.chain),
      index: numbers(Uint32Array, r => r.index),
      rule: texts(r => r.rule),
      matched: numbers(Float64Array, r => r.matched),
      evaluated: numbers(Float64Array, r => r.evaluated),
    }
  },
)

/** One text for all rows of a node. */
function repeated(nodes: readonly DetailNode[], of: (node: DetailNode) => string): PooledTexts {
  const pool = new TextPool()
  return new PooledTexts(
    pool,
    joined(
      Uint32Array,
      nodes.map(node => new Uint32Array(node.rules.index.length).fill(pool.numberOf(of(node)))),
    ),
  )
}

/** Their pool is one. */
function joinedTexts(parts: readonly PooledTexts[]): PooledTexts {
  const pool = parts[0]?.pool ?? new TextPool()
  if (parts.some(part => part.pool !== pool)) throw new Error('nodes in detail with pools of their own')
  return new PooledTexts(
    pool,
    joined(
      Uint32Array,
      parts.map(part => part.numbers),
    ),
  )
}

function joined<T extends Float64Array | Uint32Array | Uint8Array>(
  make: new (length: number) => T,
  parts: readonly T[],
): T {
  const all = new make(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
