import { describe, expect, it } from 'vitest'
import { makeCluster } from '../../test/make-replay-plan.ts'
import { jobsOf } from './jobs.ts'

const jobsFor = (nodes: number, connections: number, podsPerNode = 1) =>
  jobsOf(
    makeCluster({
      nodes,
      podsPerNode,
      services: [{ endpointNodes: [0] }],
      packets: connections,
      packetsPerConnection: { kind: 'fixed', packets: 1 },
    }).plan.traffic,
  )

describe('jobsOf', () => {
  it('takes 16 nodes a job', () => {
    expect(jobsFor(40, 4_000)).toEqual([
      { fromNode: 0, toNode: 16, part: 0, parts: 1 },
      { fromNode: 16, toNode: 32, part: 0, parts: 1 },
      { fromNode: 32, toNode: 40, part: 0, parts: 1 },
    ])
  })

  it('takes fewer nodes where they send much', () => {
    expect(jobsFor(4, 40_000).map(j => [j.fromNode, j.toNode])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ])
  })

  it('cuts a busy node into parts', () => {
    expect(jobsFor(2, 80_000)).toEqual(
      [0, 1].flatMap(n => [0, 1, 2].map(part => ({ fromNode: n, toNode: n + 1, part, parts: 3 }))),
    )
  })

  it('has no job for nodes that send nothing', () => {
    expect(jobsFor(40, 0)).toEqual([])
    expect(jobsFor(40, 100, 0)).toEqual([])
    expect(jobsFor(40, 2).map(j => [j.fromNode, j.toNode])).toEqual([[0, 16]])
  })
})
