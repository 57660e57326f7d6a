import { describe, expect, it } from 'vitest'
import { SCENARIO } from './scenario.ts'
import { syntheticObjects } from './synthetic-cluster.ts'

const makeCluster = (cluster: object) => SCENARIO.parse({ name: 'x', question: 'x?', cluster }).cluster

describe('synthetic objects', () => {
  it('makes the clusterloader2 load preset', () => {
    const cluster = makeCluster({
      namespaces: 50,
      workloads: [
        { name: 'big', count: 3, replicas: 250, service: { every: 2 } },
        { name: 'medium', count: 25, replicas: 30, service: { every: 2 } },
        { name: 'small', count: 300, replicas: 5, service: { every: 2 } },
      ],
    })
    const objects = syntheticObjects(cluster, 5000)
    const byKind = Map.groupBy(objects, o => o.kind)
    expect(byKind.get('Node')).toHaveLength(5000)
    expect(byKind.get('Service')).toHaveLength(8250)
    const replicas = new Map(
      objects.flatMap(o => (o.kind === 'Deployment' ? [[`${o.namespace}/${o.name}`, o.replicas] as const] : [])),
    )
    expect([...replicas.values()].reduce((a, b) => a + b)).toBe(150_000)
    expect(byKind.get('Service')!.reduce((sum, s) => sum + replicas.get(`${s.namespace}/${s.name}`)!, 0)).toBe(82_000)
  })

  it('names nodes so that they sort, and spreads them over zones in turn', () => {
    const nodes = syntheticObjects(makeCluster({ zones: 3 }), 11)
    expect(nodes.map(n => n.name)).toEqual(nodes.map(n => n.name).toSorted())
    expect(nodes.slice(0, 4).map(n => n.labels['topology.kubernetes.io/zone'])).toEqual([
      'zone-a',
      'zone-b',
      'zone-c',
      'zone-a',
    ])
  })

  it('makes nothing out of nothing', () => {
    expect(syntheticObjects(makeCluster({}), 0)).toEqual([])
  })

  it('zones go on after z', () => {
    const zones = syntheticObjects(makeCluster({ zones: 28 }), 28).map(n => n.labels['topology.kubernetes.io/zone'])
    expect(zones.slice(25)).toEqual(['zone-z', 'zone-aa', 'zone-ab'])
    expect(new Set(zones).size).toBe(28)
  })
})
