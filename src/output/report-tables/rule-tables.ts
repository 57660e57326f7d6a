/** Where evaluations go: by chain over all nodes, and the nodes in detail. */
import type { ColumnTable } from '../../arrow/column-table.ts'
import type { ProxyMode } from '../../proxier/proxier-config.ts'
import { numbersOf, tableNamed, textsOf, totalOf } from '../column-values.ts'
import { countText, percentText } from '../number-text.ts'
import type { RunJson } from '../run-json.ts'
import { figures, type ReportTable, words } from './report-table.ts'

/** Where the evaluations go: kube-proxy's chains of one kind (KUBE-SVC-…, endpoint-…) in one row. */
export function chainsTable(tables: readonly ColumnTable[]): ReportTable {
  const rules = tableNamed(tables, 'rules')
  const [table, chain] = ['table', 'chain'].map(c => textsOf(rules, c))
  const family = numbersOf(rules, 'family')
  const [evaluated, matched] = ['evaluated', 'matched'].map(c => numbersOf(rules, c))
  const kinds = new Map<string, { table: string; chain: string; rules: number; evaluated: number; matched: number }>()
  let row = { table: '', chain: '', rules: 0, evaluated: 0, matched: 0 }
  for (let i = 0; i < rules.rowCount; i++) {
    // Rules of one chain follow each other.
    if (i === 0 || chain[i] !== chain[i - 1] || table[i] !== table[i - 1] || family[i] !== family[i - 1]) {
      const kind = chainKind(chain[i])
      const tableName = family[i] === 6 ? `${table[i]} (IPv6)` : table[i]
      const key = `${tableName} ${kind}`
      row = kinds.get(key) ?? { table: tableName, chain: kind, rules: 0, evaluated: 0, matched: 0 }
      kinds.set(key, row)
    }
    row.rules++
    row.evaluated += evaluated[i]
    row.matched += matched[i]
  }
  const all = totalOf(evaluated)
  const largestFirst = [...kinds.values()].toSorted(
    (a, b) => b.evaluated - a.evaluated || (a.table + a.chain < b.table + b.chain ? -1 : 1),
  )
  return {
    id: 'chains',
    title: 'Rules by table and chain',
    note: 'Rules of any node, each counted once; packets added up over all nodes. Chains of one kind are one row.',
    columns: [
      words('table'),
      words('chain'),
      ...['rules', 'packets compared', 'share', 'packets matched'].map(figures),
    ],
    rows: largestFirst
      .slice(0, CHAIN_ROWS)
      .map(k => [
        k.table,
        k.chain,
        countText(k.rules),
        countText(k.evaluated),
        percentText(k.evaluated / all),
        countText(k.matched),
      ]),
  }
}

const CHAIN_ROWS = 24

const chainKind = (chain: string): string =>
  chain
    .replace(/^(KUBE-(?:SVC|SVL|SEP|EXT|FW|XLB))-[A-Z2-7]{16}$/, '$1-…')
    .replace(/^(service|local|external|firewall|endpoint)-[A-Z2-7]{8}-.*$/, '$1-…')

/** In which kube-proxy has its rules. */
const TABLES: Readonly<Record<ProxyMode, readonly string[]>> = { iptables: ['nat', 'filter'], nftables: ['kube-proxy'] }

export function detailNodesTable(run: RunJson, tables: readonly ColumnTable[]): ReportTable {
  const detail = tableNamed(tables, 'rules-detail')
  const node = textsOf(detail, 'node')
  const table = textsOf(detail, 'table')
  const evaluated = numbersOf(detail, 'evaluated')
  const shown = TABLES[run.head.proxyMode]
  const totals = new Map(run.detailNodes.map(d => [d.node, { rules: shown.map(() => 0), compared: 0 }]))
  let total: { rules: number[]; compared: number } | undefined
  for (let i = 0; i < detail.rowCount; i++) {
    if (i === 0 || node[i] !== node[i - 1]) total = totals.get(node[i])
    if (total === undefined) continue
    const place = shown.indexOf(table[i])
    if (place >= 0) total.rules[place]++
    total.compared += evaluated[i]
  }
  return {
    id: 'detail',
    title: 'Nodes in detail',
    note: 'rules-detail.arrow holds every rule of these nodes with its own counters.',
    columns: [words('node'), words('why'), ...[...shown.map(t => `${t} rules`), 'comparisons'].map(figures)],
    rows: run.detailNodes.map(({ node: name, why }) => {
      const { rules, compared } = totals.get(name)!
      return [name, why, ...rules.map(countText), countText(compared)]
    }),
  }
}
