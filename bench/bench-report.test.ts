import { describe, expect, it } from 'vitest'
import { BAND, baselineOf, benchMarkdown, benchmarkActionJson, regressions } from './bench-report.ts'
import type { BenchRow } from './run-case.ts'

const makeRow = (more: Partial<BenchRow> = {}): BenchRow => ({
  name: 'fold',
  size: '10 events',
  unit: 'events',
  items: 10,
  checksum: 7,
  bestPerSecond: 2e6,
  medianPerSecond: 1e6,
  rounds: 4,
  timesNaive: 10,
  ...more,
})

describe('a benchmark report', () => {
  it('finds no regression in the run that the baseline was made of', () => {
    const rows = [makeRow(), makeRow({ name: 'append', timesNaive: undefined })]
    expect(regressions(rows, baselineOf(rows))).toEqual([])
    expect(benchMarkdown(rows, [])).toContain('No regression')
  })

  it.each<[string, Partial<BenchRow>, string]>([
    ['another checksum', { checksum: 8 }, 'fold: checksum 8, in the baseline 7'],
    ['another size', { items: 11 }, 'fold: does 11 (10 events) where the baseline does 10 (10 events)'],
    ['a lost lead', { timesNaive: 10 * BAND - 0.1 }, 'fold: 3.90 times its naive twin, in the baseline 10.0'],
    ['a lost twin', { timesNaive: undefined }, 'fold: has no naive twin any more'],
  ])('finds %s', (_what, more, sentence) => {
    expect(regressions([makeRow(more)], baselineOf([makeRow()]))).toEqual([sentence])
  })

  it('lets time differ within the band', () => {
    expect(regressions([makeRow({ timesNaive: 10 * BAND + 0.1, bestPerSecond: 1 })], baselineOf([makeRow()]))).toEqual(
      [],
    )
  })

  it('says which cases came and went', () => {
    expect(regressions([makeRow({ name: 'new' })], baselineOf([makeRow()]))).toEqual([
      'new: is not in the baseline',
      'fold: is in the baseline only',
    ])
  })

  it('gives github-action-benchmark nanoseconds an item', () => {
    expect(JSON.parse(benchmarkActionJson([makeRow()]))).toEqual([
      { name: 'fold', unit: 'ns/item', value: 1000, range: 'best 500.0', extra: '10 events; 4 rounds; checksum 7' },
    ])
  })
})
