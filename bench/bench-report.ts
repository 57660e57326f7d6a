/**
 * Rows of a benchmark run as Markdown, as the JSON that github-action-benchmark takes (customSmallerIsBetter), and compared with a
 * baseline: checksums and item counts exactly, times only as the ratio to the naive twin of the same run, in a wide band, as machines
 * differ and CI machines are noisy.
 */
import type { BenchRow } from './run-case.ts'

export interface Baseline {
  /** By case name. */
  readonly cases: Readonly<Record<string, BaselineCase>>
}

export interface BaselineCase {
  readonly size: string
  readonly items: number
  readonly checksum: number
  /** Absent without a naive twin. */
  readonly timesNaive?: number
}

/** A case may lose this much of its lead over its twin before it counts as slower. */
export const BAND = 0.4

export const baselineOf = (rows: readonly BenchRow[]): Baseline => ({
  cases: Object.fromEntries(
    rows.map(({ name, size, items, checksum, timesNaive }) => [
      name,
      { size, items, checksum, ...(timesNaive === undefined ? {} : { timesNaive: Number(timesNaive.toPrecision(3)) }) },
    ]),
  ),
})

/** One sentence a regression; none when all is well. Cases that the baseline lacks are new, those it has alone were removed: both are said. */
export function regressions(rows: readonly BenchRow[], baseline: Baseline): string[] {
  const known = new Map(Object.entries(baseline.cases))
  const found = rows.flatMap(row => {
    const before = known.get(row.name)
    known.delete(row.name)
    return before === undefined ? [`${row.name}: is not in the baseline`] : changesOf(row, before)
  })
  return [...found, ...[...known.keys()].map(name => `${name}: is in the baseline only`)]
}

function changesOf(row: BenchRow, before: BaselineCase): string[] {
  const changes: string[] = []
  if (row.size !== before.size || row.items !== before.items)
    changes.push(
      `${row.name}: does ${row.items} (${row.size}) where the baseline does ${before.items} (${before.size})`,
    )
  else if (row.checksum !== before.checksum)
    changes.push(`${row.name}: checksum ${row.checksum}, in the baseline ${before.checksum}`)
  if (before.timesNaive === undefined) return changes
  if (row.timesNaive === undefined) changes.push(`${row.name}: has no naive twin any more`)
  else if (row.timesNaive < BAND * before.timesNaive)
    changes.push(
      `${row.name}: ${row.timesNaive.toPrecision(3)} times its naive twin, in the baseline ${before.timesNaive.toPrecision(3)}`,
    )
  return changes
}

export function benchMarkdown(rows: readonly BenchRow[], found: readonly string[]): string {
  const lines = rows.map(row => {
    const twin = row.timesNaive === undefined ? '' : `${row.timesNaive.toPrecision(3)}×`
    const cells = [
      row.name,
      row.size,
      rateText(row.medianPerSecond),
      rateText(row.bestPerSecond),
      row.unit,
      twin,
      row.checksum,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '## Benchmarks',
    '',
    '| case | size | median /s | best /s | of | naive twin | checksum |',
    '| --- | --- | ---: | ---: | --- | ---: | ---: |',
    ...lines,
    '',
    ...(found.length === 0
      ? ['No regression against the baseline.']
      : ['Regressions:', '', ...found.map(f => `- ${f}`)]),
    '',
  ].join('\n')
}

/** Nanoseconds an item, so that smaller is better. */
export const benchmarkActionJson = (rows: readonly BenchRow[]): string =>
  `${JSON.stringify(
    rows.map(row => ({
      name: row.name,
      unit: 'ns/item',
      value: Number((1e9 / row.medianPerSecond).toPrecision(4)),
      range: `best ${(1e9 / row.bestPerSecond).toPrecision(4)}`,
      extra: `${row.size}; ${row.rounds} rounds; checksum ${row.checksum}`,
    })),
    undefined,
    2,
  )}\n`

export function rateText(perSecond: number): string {
  const [divisor, suffix] = perSecond >= 1e6 ? [1e6, ' M'] : perSecond >= 1e4 ? [1e3, ' k'] : [1, '']
  return `${(perSecond / divisor).toPrecision(4)}${suffix}`
}
