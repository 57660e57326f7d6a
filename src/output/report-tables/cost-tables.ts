/** What a new connection costs: rules evaluated by hop, and modelled time by backend. */
import { countText, ratioText } from '../number-text.ts'
import type { HopCost, RunJson } from '../run-json.ts'
import { figures, type ReportTable, words } from './report-table.ts'

export function costTable({ rulesEvaluated: r }: RunJson): ReportTable {
  const row = (name: string, of: (h: HopCost) => string): readonly string[] => [
    name,
    ...[r.firstHop, r.secondHop, r.total].map(of),
  ]
  return {
    id: 'cost',
    title: 'Rules a new connection evaluates',
    note: 'The first packet meets the rules of the node it comes to, and after DNAT those of the node of its endpoint; later packets follow conntrack. Both hops of a connection are added up in the last column.',
    columns: [words(''), ...['first hop', 'second hop', 'both'].map(figures)],
    rows: [
      row('connections', h => countText(h.connections)),
      row('mean', h => ratioText(h.mean)),
      row('median', h => countText(h.p50)),
      row('p90', h => countText(h.p90)),
      row('p99', h => countText(h.p99)),
      row('p99.9', h => countText(h.p999)),
      row('most', h => countText(h.max)),
    ],
  }
}

export function modelledTable({ modelledNs }: RunJson): ReportTable {
  return {
    id: 'modelled',
    title: 'Modelled time of a new connection, µs',
    note: `Processor time of its first packet in the kernels of both nodes, of each hop the mean; by the prices of ${modelledNs[0]?.profile ?? ''}${modelledNs.length > 1 ? '; nftables: the same Services in nftables mode' : ''}.`,
    columns: [words(''), ...['first hop', 'second hop', 'mean', 'median', 'p90', 'p99'].map(figures)],
    rows: modelledNs.map(({ backend, firstHop, secondHop, total }) => [
      backend,
      ...[firstHop.mean, secondHop.mean, total.mean, total.p50, total.p90, total.p99].map(ns => ratioText(ns / 1000)),
    ]),
  }
}
