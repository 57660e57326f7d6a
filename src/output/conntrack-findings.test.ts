import { describe, expect, it } from 'vitest'
import { makeSweepTable } from '../../test/make-sweep-table.ts'
import { conntrackSentences, conntrackSweepSentences } from './conntrack-findings.ts'

const metrics = (dropped: number) => ({
  'conntrack.max': 131_072,
  'conntrack.peakEntries': 1_000,
  'conntrack.dropped': dropped,
  'conntrack.droppedShare': dropped / 1_000,
})

describe('what connection tables made of a run', () => {
  it('is nothing where they never fill', () => {
    expect(conntrackSentences({})).toEqual([])
    expect(conntrackSweepSentences(300, {}, makeSweepTable({ connections: [1] }))).toEqual([])
  })

  it('says how full they were and what was lost', () => {
    expect(conntrackSentences(metrics(0))[0]).toMatch(/room for 131,072 entries; .* 1,000 at a time, and nothing/)
    expect(conntrackSentences(metrics(500))[0]).toMatch(/500 connections \(50 %\) lost a packet to a full one\.$/)
  })

  it('finds the rate at which one fills, whatever the order of the steps', () => {
    const of = (connections: number[], conntrackDroppedShare: number[]): string =>
      conntrackSweepSentences(300, metrics(1), makeSweepTable({ connections, conntrackDroppedShare }))[0]
    expect(of([750_000, 150_000, 240_000, 270_000], [0.5, 0, 0, 0.02])).toBe(
      "A node's connection table has room for 131,072 entries: it fills at 900 new connections a second (at 800 it does not), and at 2,500 50 % of them are lost.",
    )
    expect(of([300, 600], [0, 0])).toMatch(/: it never fills, up to 2 new connections a second\.$/)
    expect(of([600, 300], [0.2, 0.1])).toMatch(
      /: it fills at 1 new connections a second, and at 2 20 % of them are lost\.$/,
    )
  })
})
