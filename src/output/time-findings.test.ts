import { describe, expect, it } from 'vitest'
import type { ColumnTable } from '../arrow/column-table.ts'
import { timeSweepSentence } from './time-findings.ts'

const sweep = (
  columns: Readonly<Record<'value' | 'failed' | 'latencyP50Ms' | 'latencyP99Ms', number[]>>,
): ColumnTable => ({
  name: 'sweep',
  version: 1,
  description: '',
  rowCount: columns.value.length,
  columns: Object.entries(columns).map(([name, values]) => ({
    name,
    type: 'float64' as const,
    unit: '1',
    description: '',
    values: Float64Array.from(values),
  })),
})

describe('a sweep over time, in a sentence', () => {
  it('names the smallest value that loses none', () => {
    const steps = sweep({
      value: [0, 2, 30],
      failed: [1152, 0, 0],
      latencyP50Ms: [598, 590, 562],
      latencyP99Ms: [1290, 1200, 1140],
    })
    expect(timeSweepSentence('pods.preStop', steps)).toBe(
      'As pods.preStop goes from 0 to 30, the number of connections that fail goes from 1,152 to 0: the smallest value that loses none is 2; the programming latency goes from 598 ms to 562 ms at the median and goes from 1.29 s to 1.14 s at the 99th percentile.',
    )
  })

  it('says where every value loses some, and what stays', () => {
    const steps = sweep({ value: [1, 30], failed: [5, 5], latencyP50Ms: [999, 999], latencyP99Ms: [1020, 1020] })
    expect(timeSweepSentence('interval', steps)).toBe(
      'As interval goes from 1 to 30, the number of connections that fail stays 5: every value loses some; the programming latency stays 999 ms at the median and stays 1.02 s at the 99th percentile.',
    )
  })

  it('says in few words that none fails, without latencies where nothing changed', () => {
    const steps = sweep({ value: [1, 300], failed: [0, 0], latencyP50Ms: [NaN, NaN], latencyP99Ms: [NaN, NaN] })
    expect(timeSweepSentence('requests', steps)).toBe('No connection fails, whether requests is 1 or 300.')
  })
})
