import { describe, expect, it } from 'vitest'
import { makeSweepTable } from '../../test/make-sweep-table.ts'
import { shareSentences, shareSweepSentences, unevenSentences } from './share-findings.ts'

const metrics = (count: number, shareAtEnd: number, secondsToShare: number) => ({
  'newPods.count': count,
  'newPods.shareAtEnd': shareAtEnd,
  'newPods.secondsToShare': secondsToShare,
})

const sweep = (value: number[], newShareAtEnd: number[], secondsToShare: number[]) =>
  makeSweepTable({ value, newShareAtEnd, secondsToShare })

describe('what new pods carry, in words', () => {
  it('says when they had their share', () => {
    expect(shareSentences(metrics(4, 0.98, 12))).toEqual([
      '4 pods that came while it ran carried 90 % of an equal share 12 s after the last of them was up; at the end they carry 98 % of one.',
    ])
    expect(shareSentences(metrics(1, 0, Number.NaN))).toEqual([
      '1 pod that came while it ran never carried 90 % of an equal share; at the end it carries 0 % of one.',
    ])
  })

  it('says nothing where none came, or none was counted', () => {
    expect(shareSentences({})).toEqual([])
    expect(shareSentences(metrics(0, Number.NaN, Number.NaN))).toEqual([])
    expect(shareSentences(metrics(3, Number.NaN, Number.NaN))).toEqual([])
    expect(shareSweepSentences('a', sweep([1, 2], [Number.NaN, Number.NaN], [Number.NaN, Number.NaN]))).toEqual([])
    expect(shareSweepSentences('a', sweep([], [], []))).toEqual([])
  })

  it('goes through a sweep step by step', () => {
    expect(shareSweepSentences('maxAge', sweep([60, 3600], [1, 0.1], [66, Number.NaN]))).toEqual([
      'A new pod carries 90 % of an equal share after: 66 s with 60, never with 3,600 (10 % at the end) (maxAge).',
    ])
  })

  it('names a busiest pod that stands out', () => {
    const uneven = (start: number, end: number) =>
      unevenSentences({ 'podLoad.maxOverMeanAtStart': start, 'podLoad.maxOverMeanAtEnd': end })
    expect(uneven(1.5, 1)).toEqual([
      'The busiest pod carries 1.5 times the mean in the first window and 1 times in the last.',
    ])
    expect(uneven(1.1, 1.1)).toEqual([])
    expect(uneven(2, Number.NaN)).toEqual(['The busiest pod carries 2 times the mean in the first window.'])
    expect(uneven(Number.NaN, 2)).toEqual(['The busiest pod carries 2 times the mean in the last.'])
    expect(unevenSentences({})).toEqual([])
  })
})
