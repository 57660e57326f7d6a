/** modelled-cost.arrow: what a new connection's first packet costs in processor time, as a distribution, by backend (docs/cost-model.md). */
import { buckets } from '../../metrics/histogram.ts'
import type { RunResult } from '../run-result.ts'
import { costHistogramTable, HOPS } from './cost-histogram-table.ts'
import { count, resultTable, words } from './result-table.ts'

const { hop, connections } = costHistogramTable.schema.columns

export const modelledCostTable = resultTable(
  {
    name: 'modelled-cost',
    version: 2,
    description: 'Modelled processor time of the first packet of a new connection: one row a backend, hop and bucket.',
    columns: {
      backend: words(
        'iptables-legacy, iptables-nft, or nftables: the same Services in nftables mode; of a run in nftables mode nftables alone',
      ),
      hop,
      nsFrom: count('ns', 'shortest time of the bucket'),
      nsTo: count('ns', 'longest time of the bucket, inclusive'),
      connections,
    },
  },
  ({ modelledNs }: RunResult) => {
    const parts = modelledNs.flatMap(({ backend, firstHop, secondHop, total }) =>
      [firstHop, secondHop, total].map((histogram, i) => ({ backend, hop: HOPS[i], rows: buckets(histogram) })),
    )
    const rows = parts.flatMap(p => p.rows)
    const repeated = (of: (part: (typeof parts)[number]) => string): readonly string[] =>
      parts.flatMap(p => Array<string>(p.rows.length).fill(of(p)))
    return {
      backend: repeated(p => p.backend),
      hop: repeated(p => p.hop),
      nsFrom: Uint32Array.from(rows, b => b.from),
      nsTo: Uint32Array.from(rows, b => b.to),
      connections: Float64Array.from(rows, b => b.count),
    }
  },
)
