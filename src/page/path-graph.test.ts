import { describe, expect, it } from 'vitest'
import { makePathWorld, right } from '../../test/make-packet-paths.ts'
import { type PathGraph, pathGraph } from './path-graph.ts'
import { PathWalker } from './walk-path.ts'

const { paths } = await makePathWorld({
  cluster: { nodes: 2, workloads: [{ name: 'web', count: 2, replicas: 9, service: {} }] },
})
const walker = new PathWalker(paths)

function graphOf(sender: string, taken: readonly number[] = []): PathGraph {
  const { hops, forks } = right(walker.walk({ node: 0, sender, destination: 0, taken }))
  return pathGraph(hops[0], 0, forks)
}

describe('the graph of a walk', () => {
  // The first way would lead the pod to itself.
  const graph = graphOf(paths.nodes[0].pods[0].address, [1])

  it('has the chains in the order they were met, each right of the one that sent the packet there', () => {
    const taken = graph.boxes.filter(b => b.kind === 'base' || b.kind === 'chain')
    expect(taken.map(b => [b.column, b.name.replace(/-[A-Z2-7]{16}$/, '')])).toEqual([
      [0, 'nat PREROUTING'],
      [1, 'KUBE-SERVICES'],
      [2, 'KUBE-SVC'],
      [3, 'KUBE-SEP'],
      [0, 'filter FORWARD'],
      [1, 'KUBE-FORWARD'],
      [0, 'nat POSTROUTING'],
      [1, 'KUBE-POSTROUTING'],
    ])
    expect(graph.boxes.map(b => b.row)).toEqual([...graph.boxes.keys()])
  })

  it('has the ways that chance did not take beside the one it took; their chances add up to 1', () => {
    const others = graph.boxes.filter(b => b.kind === 'other')
    expect(others.length).toBe(6)
    expect(graph.boxes.filter(b => b.kind === 'rest').map(b => b.name)).toEqual(['2 more'])
    const fork = graph.edges.filter(e => e.chance !== undefined)
    expect(fork.filter(e => e.taken).length).toBe(1)
    expect(fork.reduce((sum, e) => sum + e.chance!, 0)).toBeCloseTo(1, 9)
    expect(new Set(fork.map(e => e.from)).size).toBe(1)
  })

  it('leads to the way that is chosen in it', () => {
    const { option } = graph.boxes.find(b => b.kind === 'other')!
    const next = graphOf(paths.nodes[0].pods[0].address, [option!.option])
    const name = graph.boxes.find(b => b.option?.option === option!.option)!.name
    expect(next.boxes.find(b => b.kind === 'chain' && b.name === name)?.column).toBe(3)
  })

  it('shows the mark of a packet that comes back to its sender', () => {
    expect(graphOf(paths.nodes[0].pods[0].address).boxes.map(b => b.name)).toContain('KUBE-MARK-MASQ')
  })

  it('begins at OUTPUT for what the node itself sends', () => {
    expect(graphOf('node').boxes[0].name).toBe('nat OUTPUT')
  })
})
