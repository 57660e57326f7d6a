/** What new connections cost, as samples: the histograms of a run's tables, by the name that metrics have for them. */
import type { ColumnTable } from '../../arrow/column-table.ts'
import type { Moments } from '../../metrics/two-samples.ts'
import { numbersOf, tableNamed, textsOf } from '../column-values.ts'

/** Values (lower ends of buckets narrower than 0.1 % of them), rising, with how many independent connections had each. */
export interface HopSample {
  readonly values: readonly number[]
  readonly counts: readonly number[]
}

/** By name: `rulesEvaluated.firstHop`, `modelledNs.nftables.total`. `independent`: share of the connections that count. */
export function hopSamples(tables: readonly ColumnTable[], independent: number): ReadonlyMap<string, HopSample> {
  const samples = new Map<string, { values: number[]; counts: number[] }>()
  const rules = tableNamed(tables, 'cost-histogram')
  const modelled = tableNamed(tables, 'modelled-cost')
  const backends = textsOf(modelled, 'backend')
  collect(samples, rules, 'rulesFrom', independent, hop => `rulesEvaluated.${hop}`)
  collect(samples, modelled, 'nsFrom', independent, (hop, row) => `modelledNs.${backends[row]}.${hop}`)
  return samples
}

const HOP_METRIC: Readonly<Record<string, string>> = { first: 'firstHop', second: 'secondHop', total: 'total' }

function collect(
  samples: Map<string, { values: number[]; counts: number[] }>,
  table: ColumnTable,
  from: string,
  independent: number,
  nameOf: (hop: string, row: number) => string,
): void {
  const hops = textsOf(table, 'hop')
  const values = numbersOf(table, from)
  const counts = numbersOf(table, 'connections')
  for (let row = 0; row < table.rowCount; row++) {
    const name = nameOf(HOP_METRIC[hops[row]] ?? hops[row], row)
    const sample = samples.get(name) ?? { values: [], counts: [] }
    samples.set(name, sample)
    sample.values.push(values[row])
    sample.counts.push(counts[row] * independent)
  }
}

/** `mean`: the exact one, where buckets only know theirs to 0.1 %. */
export function momentsOf({ values, counts }: HopSample, mean: number): Moments {
  let count = 0
  let squares = 0
  for (const [i, value] of values.entries()) {
    count += counts[i]
    squares += counts[i] * (value - mean) ** 2
  }
  return { count, mean, variance: squares / Math.max(1, count - 1) }
}

/** How many are above a limit, and how many there are. */
export function above({ values, counts }: HopSample, limit: number): { readonly hits: number; readonly count: number } {
  let hits = 0
  let count = 0
  for (const [i, value] of values.entries()) {
    count += counts[i]
    if (value > limit) hits += counts[i]
  }
  return { hits, count }
}

/** The counts of both over the values of both. */
export function aligned(a: HopSample, b: HopSample): readonly [a: readonly number[], b: readonly number[]] {
  const all = [...new Set([...a.values, ...b.values])].sort((x, y) => x - y)
  const over = ({ values, counts }: HopSample): number[] => {
    const byValue = new Map(values.map((value, i) => [value, counts[i]]))
    return all.map(value => byValue.get(value) ?? 0)
  }
  return [over(a), over(b)]
}
