import { describe, expect, it } from 'vitest'
import type { ColumnTable } from '../arrow/column-table.ts'
import { losslessNumber } from './time-findings.ts'

const sweepOf = (value: readonly number[], failed: readonly number[]): ColumnTable => {
  const column = (name: string, values: readonly number[]) =>
    ({ name, unit: '', description: '', type: 'float64', values: Float64Array.from(values) }) as const
  return {
    name: 'sweep',
    version: 1,
    description: '',
    rowCount: value.length,
    columns: [column('value', value), column('failed', failed)],
  }
}

describe('the number that a sweep over time is decided on', () => {
  it('is the smallest value that loses none', () => {
    expect(losslessNumber('pods.preStop', sweepOf([0, 1, 2, 30], [1_152, 70, 0, 0]))).toEqual({
      value: '2',
      label: 'smallest pods.preStop that loses no connection',
      note: '1,152 fail at 0, 0 fail at 30',
    })
  })

  it('is there only where some value loses connections and some does not', () => {
    expect(losslessNumber('x', sweepOf([0, 1], [0, 0]))).toBeUndefined()
    expect(losslessNumber('x', sweepOf([0, 1], [5, 3]))).toBeUndefined()
    expect(losslessNumber('x', sweepOf([], []))).toBeUndefined()
  })
})
