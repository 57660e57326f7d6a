import { describe, expect, it } from 'vitest'
import { makeSweepTable } from '../../test/make-sweep-table.ts'
import { losslessNumber, timeSweepSentence } from './time-findings.ts'

/** Latencies in ms of each step; without any, nothing changed in the cluster. */
const sweepOf = (
  value: readonly number[],
  failed: readonly number[],
  latencyP50Ms: readonly number[] = value.map(() => Number.NaN),
  latencyP99Ms: readonly number[] = latencyP50Ms,
) => makeSweepTable({ value, failed, latencyP50Ms, latencyP99Ms })

describe('the number that a sweep over time is decided on', () => {
  it('is the smallest value that loses none', () => {
    expect(losslessNumber('pods.preStop', sweepOf([0, 1, 2, 30], [1_152, 70, 0, 0]))).toEqual({
      value: '2',
      label: 'smallest pods.preStop that loses no connection',
      note: '1,152 fail at 0, 0 fail at 30',
    })
  })

  it('is the largest where more is worse', () => {
    expect(losslessNumber('rate', sweepOf([500, 800, 900], [0, 0, 7]))).toMatchObject({
      value: '800',
      label: 'largest rate that loses no connection',
    })
  })

  it('is there only where some value loses connections and some does not', () => {
    expect(losslessNumber('x', sweepOf([0, 1], [0, 0]))).toBeUndefined()
    expect(losslessNumber('x', sweepOf([0, 1], [5, 3]))).toBeUndefined()
    expect(losslessNumber('x', sweepOf([], []))).toBeUndefined()
  })
})

describe('a sweep over time, in a sentence', () => {
  it('names the smallest value that loses none', () => {
    expect(
      timeSweepSentence('pods.preStop', sweepOf([0, 2, 30], [1152, 0, 0], [598, 590, 562], [1290, 1200, 1140])),
    ).toBe(
      'As pods.preStop goes from 0 to 30, the number of connections that fail goes from 1,152 to 0: the smallest value that loses none is 2; the programming latency goes from 598 ms to 562 ms at the median and goes from 1.29 s to 1.14 s at the 99th percentile.',
    )
  })

  it('names the largest where more is worse', () => {
    expect(timeSweepSentence('rate', sweepOf([500, 800, 900], [0, 0, 7]))).toBe(
      'As rate goes from 500 to 900, the number of connections that fail goes from 0 to 7: the largest value that loses none is 800.',
    )
  })

  it('says where every value loses some, and what stays', () => {
    expect(timeSweepSentence('interval', sweepOf([1, 30], [5, 5], [999, 999], [1020, 1020]))).toBe(
      'As interval goes from 1 to 30, the number of connections that fail stays 5: every value loses some; the programming latency stays 999 ms at the median and stays 1.02 s at the 99th percentile.',
    )
  })

  it('says in few words that none fails, without latencies where nothing changed', () => {
    expect(timeSweepSentence('requests', sweepOf([1, 300], [0, 0]))).toBe(
      'No connection fails, whether requests is 1 or 300.',
    )
  })
})
