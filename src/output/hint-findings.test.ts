import { describe, expect, it } from 'vitest'
import { makeRun } from '../../test/make-run-json.ts'
import { makeSweep } from '../../test/make-run-result.ts'
import { hintSentences } from './hint-findings.ts'

const said = (asking: number, hinted: number): readonly string[] => {
  const { run, tables } = makeRun()
  const metrics = { ...run.metrics, 'hints.servicesAsking': asking, 'hints.servicesHinted': hinted }
  return hintSentences({ ...run, metrics }, tables)
}

const saidOfSweep = (asking: number[], hinted: number[]): readonly string[] => {
  const sweep = makeSweep(asking.map((_, i) => 3 + i))
  const { run, tables } = makeRun(
    {},
    { sweep: { ...sweep, servicesAskingHints: Float64Array.from(asking), servicesHinted: Float64Array.from(hinted) } },
  )
  return hintSentences(run, tables)
}

describe('topology hints, in words', () => {
  it('say who has them', () => {
    expect(said(0, 0)).toEqual([])
    expect(said(1, 1)).toEqual(['Topology hints are given to the Service that asks for them.'])
    expect(said(3, 3)).toEqual(['Topology hints are given to all 3 Services that ask for them.'])
    expect(said(3, 2)).toEqual(['Of 3 Services that ask for topology hints 2 have them.'])
  })

  it('say where along a sweep they are withheld', () => {
    expect(saidOfSweep([0, 0], [0, 0])).toEqual([])
    expect(saidOfSweep([1, 1, 1], [1, 0, 1])).toEqual([
      'Topology hints are given to all that ask for them where cluster.workloads[0].replicas is 3 and 5, withheld where cluster.workloads[0].replicas is 4.',
    ])
    expect(saidOfSweep([2, 2], [1, 0])).toEqual([
      'Topology hints are given to some that ask for them where cluster.workloads[0].replicas is 3, withheld where cluster.workloads[0].replicas is 4.',
    ])
  })
})
