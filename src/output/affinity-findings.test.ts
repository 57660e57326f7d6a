import { describe, expect, it } from 'vitest'
import { makeSweepTable } from '../../test/make-sweep-table.ts'
import { affinitySentences, affinitySweepSentences } from './affinity-findings.ts'

const metrics = (returning: number, forgotten: number, moved: number) => ({
  'affinity.returning': returning,
  'affinity.forgotten': forgotten,
  'affinity.moved': moved,
})

describe('what affinity made of a run', () => {
  it('is nothing where no client came back', () => {
    expect(affinitySentences({})).toEqual([])
    expect(affinitySentences(metrics(0, 0, 0))).toEqual([])
  })

  it('says who was forgotten and whose endpoint had gone', () => {
    const of = (forgotten: number, moved: number): string => affinitySentences(metrics(1_000, forgotten, moved))[0]
    expect(of(0, 0)).toMatch(/1,000 connections .* all went to the endpoint they had before\./)
    expect(of(250, 0)).toMatch(/250 \(25.*%\) found their client forgotten; the others/)
    expect(of(0, 3)).toMatch(/, 3 found their endpoint gone; the others/)
  })

  it('finds along a sweep where forgetting begins', () => {
    const of = (share: number[]): readonly string[] =>
      affinitySweepSentences(
        'traffic.clients',
        makeSweepTable({ value: [1, 400, 500], podMaxOverMean: [5, 1.2, 1.1], affinityForgottenShare: share }),
      )
    expect(of([0, 0, 0.04])[0]).toMatch(
      /5 times the mean .* is 1 and 1\.1 times .* is 500; clients are forgotten from 500 on \(not at 400\), at 500 by 4/,
    )
    expect(of([0, 0, 0])[0]).toMatch(/no client is forgotten\.$/)
    expect(of([0.1, 0.2, 0.3])[0]).toMatch(/forgotten from 1 on, at 500 by 30/)
    expect(affinitySweepSentences('traffic.clients', makeSweepTable({ value: [1], podMaxOverMean: [1] }))).toEqual([])
  })
})
