import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { formatIp, parseIp, parsePrefix, prefixContains, readIpWords } from '../net/ip.ts'
import { newPacket } from '../net/packet.ts'
import { describeProblem } from '../problem/problem.ts'
import type { Flow } from './draw-flow.ts'
import { drawFlow } from './draw-flow.ts'
import { planTraffic } from './plan-traffic.ts'
import type { TrafficPlan } from './traffic.ts'
import type { TrafficClassRequest, TrafficDestination, TrafficRequest } from './traffic-request.ts'
import { zipfWeights } from './zipf-weights.ts'

const makeNodes = (count: number, pods: number) =>
  Array.from({ length: count }, (_, n) => ({
    addresses: [`192.168.0.${n + 1}`, `fd00::${n + 1}`],
    pods: Array.from({ length: pods }, (_, p) => [`10.0.${n}.${p + 1}`, `fd01::${n}:${p + 1}`]).flat(),
  }))

const makeDestination = (d: number, more: Partial<TrafficDestination> = {}): TrafficDestination => ({
  family: 4,
  address: `172.16.0.${d + 1}`,
  protocol: 6,
  port: 80 + d,
  ...more,
})

const makeClass = (more: Partial<TrafficClassRequest> = {}): TrafficClassRequest => ({
  origin: 'pod',
  weight: 1,
  destinations: [0],
  weights: [1],
  ...more,
})

const makeRequest = (more: Partial<TrafficRequest> = {}): TrafficRequest => ({
  seed: 'test',
  packets: 1_000,
  packetsPerConnection: { kind: 'fixed', packets: 1 },
  nodes: makeNodes(3, 2),
  destinations: [makeDestination(0)],
  classes: [makeClass()],
  ...more,
})

function planOf(more: Partial<TrafficRequest> = {}): TrafficPlan {
  const plan = planTraffic(makeRequest(more))
  if (E.isLeft(plan)) throw new Error(describeProblem(plan.left))
  return plan.right
}

interface Seen {
  readonly classIndex: number
  readonly node: number
  readonly source: string
  readonly to: string
  readonly destination: number
  readonly packets: number
}

function everyFlow(plan: TrafficPlan): Seen[] {
  const seen: Seen[] = []
  plan.classes.forEach((kind, classIndex) => {
    const flow: Flow = { packet: newPacket(kind.family), destination: -1, packets: 0 }
    const text = (words: Uint32Array) => formatIp({ family: kind.family, value: readIpWords(words, 0) })
    for (let node = 0; node < plan.nodeCount; node++)
      for (let i = 0; i < kind.connectionsOfNode[node]; i++) {
        drawFlow(plan, classIndex, node, i, flow)
        const { packet, destination, packets } = flow
        const to = `${text(packet.destination)} ${packet.destinationPort}`
        seen.push({ classIndex, node, source: text(packet.source), to, destination, packets })
      }
  })
  return seen
}

/** Pearson's statistic of counts against chances. */
function chiSquare(counts: readonly number[], chances: readonly number[]): number {
  const total = counts.reduce((a, b) => a + b, 0)
  return counts.reduce((sum, count, i) => sum + (count - total * chances[i]) ** 2 / (total * chances[i]), 0)
}

const countBy = (seen: readonly Seen[], size: number, key: (s: Seen) => number): number[] => {
  const counts = new Array<number>(size).fill(0)
  for (const s of seen) counts[key(s)]++
  return counts
}

describe('planTraffic', () => {
  it('turns the budget into connections by the mean of packets', () => {
    expect(planOf({ packets: 1_004, packetsPerConnection: { kind: 'fixed', packets: 10 } }).connections).toBe(100)
    expect(planOf({ packets: 4, packetsPerConnection: { kind: 'fixed', packets: 10 } }).connections).toBe(0)
    expect(planOf({ packets: 0 }).connections).toBe(0)
  })

  it('splits a pod class equally over the nodes that have pods', () => {
    const nodes = [...makeNodes(3, 1), { addresses: ['192.168.0.9'], pods: [] }]
    expect([...planOf({ nodes, packets: 10 }).classes[0].connectionsOfNode]).toEqual([4, 3, 3, 0])
  })

  it('splits connections over classes by weight', () => {
    const classes = [makeClass({ weight: 3 }), makeClass({ origin: 'node', weight: 1 })]
    expect(planOf({ classes, packets: 10 }).classes.map(c => c.connections)).toEqual([8, 2])
  })

  it('splits a dual-stack class by the weight of its destinations', () => {
    const destinations = [makeDestination(0), makeDestination(1, { family: 6, address: 'fd02::1' })]
    const plan = planOf({ destinations, classes: [makeClass({ destinations: [0, 1], weights: [1, 3] })] })
    expect(plan.classes.map(c => [c.family, c.connections])).toEqual([
      [4, 250],
      [6, 750],
    ])
    expect(everyFlow(plan).every(s => s.source.includes(':') === (s.classIndex === 1))).toBe(true)
  })

  it('says which classes cannot send, and gives their part to the others', () => {
    const nodes = [{ addresses: ['192.168.0.1'], pods: [] }]
    const classes = [makeClass(), makeClass({ origin: 'node' }), makeClass({ origin: 'node', weights: [0] })]
    const plan = planOf({ nodes, classes })
    expect(plan.silent).toEqual([
      { asked: 0, why: 'no node has a pod with an IPv4 address' },
      { asked: 2, why: 'it has no destination' },
    ])
    expect(plan.classes.map(c => [c.asked, c.connections])).toEqual([[1, 1_000]])
  })

  it('has no connections when nobody can send', () => {
    expect(planOf({ nodes: [] }).connections).toBe(0)
    expect(planOf({ classes: [] }).connections).toBe(0)
    expect(everyFlow(planOf({ nodes: [] }))).toEqual([])
  })

  it.each<[string, Partial<TrafficRequest>, RegExp]>([
    ['negative packets', { packets: -1 }, /^traffic\.packets: packets is -1; use/],
    ['NaN packets', { packets: NaN }, /^traffic\.packets: /],
    ['broken packets', { packets: 1.5 }, /^traffic\.packets: /],
    ['a negative class weight', { classes: [makeClass({ weight: -1 })] }, /^traffic\.sources\[0\]: /],
    ['a NaN weight', { classes: [makeClass(), makeClass({ weights: [NaN] })] }, /^traffic\.sources\[1\]: /],
    ['a flow number past 2^32', { packets: 1e13, nodes: makeNodes(1, 1) }, /^traffic\.packets: one node sends more/],
    ['bad packets per connection', { packetsPerConnection: { kind: 'fixed', packets: 0 } }, /PerConnection: /],
  ])('refuses %s', (_, more, message) => {
    const plan = planTraffic(makeRequest(more))
    expect(E.isLeft(plan) && describeProblem(plan.left)).toMatch(message)
  })
})

describe('flows', () => {
  it('come from the pods of their node, each as likely as the others', () => {
    const seen = everyFlow(planOf({ packets: 30_000, nodes: makeNodes(1, 10) }))
    const counts = countBy(seen, 10, s => Number(s.source.split('.')[3]) - 1)
    // 0.999 quantile of chi-square with 9 degrees of freedom.
    expect(chiSquare(counts, new Array(10).fill(0.1))).toBeLessThan(27.9)
  })

  it('of class node come from the node itself', () => {
    const seen = everyFlow(planOf({ classes: [makeClass({ origin: 'node' })], packets: 30 }))
    expect(seen.every(s => s.source === `192.168.0.${s.node + 1}`)).toBe(true)
  })

  it.each([0, 0.8, 1, 2])('follow Zipf(%d) over destinations', exponent => {
    const weights = [...zipfWeights(20, exponent)]
    const total = weights.reduce((a, b) => a + b, 0)
    const plan = planOf({
      packets: 100_000,
      destinations: weights.map((_, d) => makeDestination(d)),
      classes: [makeClass({ destinations: weights.map((_, d) => d), weights })],
    })
    const counts = countBy(everyFlow(plan), 20, s => s.destination)
    // 0.999 quantile of chi-square with 19 degrees of freedom.
    expect(
      chiSquare(
        counts,
        weights.map(w => w / total),
      ),
    ).toBeLessThan(43.8)
  })

  it('send as many packets as the budget, in the mean', () => {
    const seen = everyFlow(planOf({ packets: 200_000, packetsPerConnection: { kind: 'geometric', mean: 10 } }))
    const packets = seen.reduce((sum, s) => sum + s.packets, 0)
    // 20,000 connections with standard deviation 9.5 each: 1,342; four of them.
    expect(Math.abs(packets - 200_000)).toBeLessThan(5_400)
  })

  it('must not change', () => {
    const destinations = [makeDestination(0), makeDestination(1, { address: undefined, ingressNodes: [0, 2] })]
    const classes = [makeClass(), makeClass({ origin: 'outside', destinations: [1] })]
    const plan = planOf({ destinations, classes, packets: 18, packetsPerConnection: { kind: 'geometric', mean: 3 } })
    expect(everyFlow(plan)).toMatchInlineSnapshot(`
      [
        {
          "classIndex": 0,
          "destination": 0,
          "node": 0,
          "packets": 3,
          "source": "10.0.0.2",
          "to": "172.16.0.1 80",
        },
        {
          "classIndex": 0,
          "destination": 0,
          "node": 1,
          "packets": 1,
          "source": "10.0.1.2",
          "to": "172.16.0.1 80",
        },
        {
          "classIndex": 0,
          "destination": 0,
          "node": 2,
          "packets": 1,
          "source": "10.0.2.1",
          "to": "172.16.0.1 80",
        },
        {
          "classIndex": 1,
          "destination": 1,
          "node": 0,
          "packets": 1,
          "source": "203.0.113.172",
          "to": "192.168.0.1 81",
        },
        {
          "classIndex": 1,
          "destination": 1,
          "node": 0,
          "packets": 2,
          "source": "203.0.113.25",
          "to": "192.168.0.1 81",
        },
        {
          "classIndex": 1,
          "destination": 1,
          "node": 2,
          "packets": 1,
          "source": "203.0.113.64",
          "to": "192.168.0.3 81",
        },
      ]
    `)
  })
})

describe('traffic from outside', () => {
  const outside = (more: Partial<TrafficClassRequest> = {}) => makeClass({ origin: 'outside', ...more })

  it('reaches a node port at the ingress node’s own address, from documentation addresses', () => {
    const destinations = [makeDestination(0, { address: undefined, port: 30_001, ingressNodes: [1, 2] })]
    const seen = everyFlow(planOf({ destinations, classes: [outside()] }))
    expect(seen).toHaveLength(1_000)
    const clients = parsePrefix('203.0.113.0/24')!
    for (const { node, to, source } of seen) {
      expect([1, 2]).toContain(node)
      expect(to).toBe(`192.168.0.${node + 1} 30001`)
      expect(prefixContains(clients, parseIp(source)!)).toBe(true)
    }
  })

  it('keeps to the clients it is given, IPv6 too', () => {
    const destinations = [makeDestination(0, { family: 6, address: 'fd02::1', ingressNodes: [0] })]
    const clients = ['2001:db8:1::7', '198.51.100.1', '2001:db8:1::9']
    const seen = everyFlow(planOf({ destinations, classes: [outside({ clients })] }))
    expect(new Set(seen.map(s => s.source))).toEqual(new Set(['2001:db8:1::7', '2001:db8:1::9']))
  })

  it('spreads over nodes and destinations as the weights and ingress nodes say', () => {
    const destinations = [[0, 1, 2], [2], [1, 2], [0, 1, 2]].map((ingressNodes, d) =>
      makeDestination(d, { ingressNodes }),
    )
    const weights = [3, 1, 2, 2]
    const classes = [outside({ destinations: [0, 1, 2, 3], weights })]
    const seen = everyFlow(planOf({ destinations, classes, packets: 100_000 }))
    const cells: number[] = []
    const chances: number[] = []
    destinations.forEach(({ ingressNodes }, d) => {
      for (const node of ingressNodes!) {
        cells.push(seen.filter(s => s.destination === d && s.node === node).length)
        chances.push(weights[d] / 8 / ingressNodes!.length)
      }
    })
    expect(cells.reduce((a, b) => a + b, 0)).toBe(100_000)
    // 0.999 quantile of chi-square with 8 degrees of freedom.
    expect(chiSquare(cells, chances)).toBeLessThan(26.1)
  })

  it('counts connections without an ingress node apart', () => {
    const destinations = [makeDestination(0, { ingressNodes: [] }), makeDestination(1, { ingressNodes: [0] })]
    const classes = [outside({ destinations: [0, 1], weights: [1, 3] })]
    const plan = planOf({ destinations, classes, packets: 4_000 })
    const reached = plan.classes[0].connectionsOfNode
    expect(reached[0] + plan.noTarget[0]).toBe(4_000)
    expect(Math.abs(plan.noTarget[0] - 1_000)).toBeLessThan(120)
    expect([reached[1], reached[2], plan.noTarget[1]]).toEqual([0, 0, 0])
  })

  it('loses everything when no destination has an ingress node', () => {
    const plan = planOf({ classes: [outside()] })
    expect([...plan.noTarget]).toEqual([1_000])
    expect(everyFlow(plan)).toEqual([])
  })

  it('leaves out ingress nodes without an address of a node port’s family', () => {
    const nodes = [
      { addresses: ['192.168.0.1'], pods: [] },
      { addresses: ['192.168.0.2', 'fd00::2'], pods: [] },
    ]
    const destinations = [makeDestination(0, { family: 6, address: undefined, ingressNodes: [0, 1] })]
    const plan = planOf({ nodes, destinations, classes: [outside()] })
    expect([...plan.classes[0].connectionsOfNode]).toEqual([0, 1_000])
  })

  it('shares tables among nodes with the same destinations', () => {
    const everywhere = Array.from({ length: 200 }, (_, n) => n)
    const destinations = Array.from({ length: 100 }, (_, d) => makeDestination(d, { ingressNodes: everywhere }))
    const classes = [outside({ destinations: destinations.map((_, d) => d), weights: destinations.map(() => 1) })]
    const plan = planOf({ nodes: makeNodes(200, 0), destinations, classes })
    expect([plan.classes[0].groupTables.length, plan.classes[0].destinationTables.length]).toEqual([1, 1])
  })
})
