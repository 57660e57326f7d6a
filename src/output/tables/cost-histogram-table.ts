/** cost-histogram.arrow: rules evaluated by a new connection's first packet, as a distribution. */
import { buckets } from '../../metrics/histogram.ts'
import type { RunResult } from '../run-result.ts'
import { count, resultTable, whole, words } from './result-table.ts'

/** Name of the hop a row belongs to. */
export const HOPS = ['first', 'second', 'total'] as const

export const costHistogramTable = resultTable(
  {
    name: 'cost-histogram',
    version: 1,
    description: 'Rules evaluated by the first packet of a new connection: one row a hop and bucket.',
    columns: {
      hop: words('first: where it meets the rules; second: the node of its endpoint; total: both'),
      rulesFrom: count('rules', 'fewest rules of the bucket'),
      rulesTo: count('rules', 'most rules of the bucket, inclusive'),
      connections: whole('connections', 'new connections in the bucket'),
    },
  },
  ({ rulesEvaluated: { firstHop, secondHop, total } }: RunResult) => {
    const perHop = [firstHop, secondHop, total].map(buckets)
    const rows = perHop.flat()
    return {
      hop: perHop.flatMap((b, i) => Array<string>(b.length).fill(HOPS[i])),
      rulesFrom: Uint32Array.from(rows, b => b.from),
      rulesTo: Uint32Array.from(rows, b => b.to),
      connections: Float64Array.from(rows, b => b.count),
    }
  },
)
