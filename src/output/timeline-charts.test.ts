import { describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { makeTime, type TimeOptions } from '../../test/make-time.ts'
import { timelineCharts } from './timeline-charts.ts'

const chartsOf = (options?: TimeOptions, inputs: Readonly<Record<string, unknown>> = {}) => {
  const { run, tables } = makeRun(options === undefined ? {} : { time: makeTime(options) }, { inputs })
  return timelineCharts(run, tables)
}

describe('a run over time', () => {
  it('shows failures by kind, lag and syncs, window by window', () => {
    const [failures, latency, syncs] = chartsOf({ failures: { refused: 7, reset: 2, notSent: 5 } })
    expect(failures.key.map(([, name]) => name)).toEqual(['refused', 'reset'])
    expect(failures.table.rows.slice(0, 3)).toEqual([
      ['0', '0', '0'],
      ['10', '7', '2'],
      ['20', '0', '0'],
    ])
    expect(latency.table.rows[0]).toEqual(['0', '1,500', '1,000', '500'])
    expect(latency.table.rows[5].slice(1)).toEqual(['–', '–', '–'])
    expect(syncs.table.rows[0]).toEqual(['0', '4', '1'])
  })

  it('says that nothing failed with a line on the ground', () => {
    const [failures] = chartsOf({})
    expect(failures.caption).toContain('0 of 6,000 in all (0 %)')
    expect(failures.svg.markup).toContain('refused at 0: 0')
  })

  it('marks what the scenario does, as far as it says when', () => {
    const inputs = {
      actions: [{ at: '12s', rollout: { workload: 'web-0' } }, { at: 30, drain: { node: 'a' } }, { at: {} }, null, 'x'],
    }
    const [failures] = chartsOf({}, inputs)
    expect(failures.svg.markup).toContain('Marked: rollout at 12; drain at 30.')
    const many = { actions: Array.from({ length: 50 }, (_, i) => ({ at: i, scale: {} })) }
    expect(chartsOf({}, many)[0].svg.markup).not.toContain('Marked')
    expect(chartsOf({}, { actions: 'none' })[0].svg.markup).not.toContain('Marked')
  })

  it('is nothing for a run without time', () => {
    expect(chartsOf()).toEqual([])
  })
})
