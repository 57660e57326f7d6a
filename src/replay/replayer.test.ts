import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClusterShape, MadeCluster } from '../../test/make-replay-plan.ts'
import { makeCluster, makeServices } from '../../test/make-replay-plan.ts'
import type { IpFamily } from '../net/ip.ts'
import { DESTINATION, DESTINATION_WORDS } from '../workload/traffic.ts'
import { expectedShares } from './expected-shares.ts'
import type { Job } from './jobs.ts'
import { jobsOf } from './jobs.ts'
import type { IptablesPlan } from './replay-plan.ts'
import { finishReplay, newReplayer, replayJob } from './replayer.ts'
import type { RuleCounts, Tallies } from './tallies.ts'
import { mergeTallies } from './tallies.ts'

function replayJobs(plan: IptablesPlan, jobs: readonly Job[], remembers = true): Tallies {
  const replayer = newReplayer(plan, remembers)
  for (const job of jobs) replayJob(replayer, job)
  return finishReplay(replayer)
}

const replayAll = (plan: IptablesPlan, jobs: readonly Job[] = jobsOf(plan.traffic)): Tallies =>
  mergeTallies(plan, [replayJobs(plan, jobs)])

const total = (column: ArrayLike<number>): number => Array.from(column).reduce((a, b) => a + b, 0)

/** Connections delivered to each endpoint of a Service. */
function endpointConnections({ endpointOfDnat }: MadeCluster, tallies: Tallies, service: number, family: IpFamily = 4) {
  const counts: number[] = []
  endpointOfDnat[family].forEach(([s, e], dnat) => {
    if (s === service) counts[e] = (counts[e] ?? 0) + tallies.families[family]!.backendConnections[dnat]
  })
  return counts
}

describe('one connection', () => {
  const one = (more: Partial<ClusterShape>) =>
    replayAll(makeCluster({ packets: 5, packetsPerConnection: { kind: 'fixed', packets: 5 }, ...more }).plan)

  it('ends on its own node when the backend is there', () => {
    const tallies = one({ nodes: 1, services: [{ endpointNodes: [0] }] })
    expect(tallies.destinations).toMatchObject({
      connections: Float64Array.of(1),
      delivered: Float64Array.of(1),
      packets: Float64Array.of(5),
    })
    expect(tallies.families[4]!.backendPackets).toEqual(Float64Array.of(5))
    expect([tallies.firstHop.count, tallies.secondHop.count, tallies.total.count]).toEqual([1, 0, 1])
    expect(tallies.nodes.secondHopConnections).toEqual(Float64Array.of(0))
  })

  it('goes on to the backend’s node, NEW again, and walks its rules to the end', () => {
    const tallies = one({ nodes: 2, services: [{ endpointNodes: [1] }], detailNodes: [0, 1] })
    // The one connection starts on node 0: the first node gets what cannot be split.
    expect(tallies.nodes).toMatchObject({
      connections: Float64Array.of(1, 0),
      secondHopConnections: Float64Array.of(0, 1),
      endpointConnections: Float64Array.of(0, 1),
      endpointPackets: Float64Array.of(0, 5),
    })
    // Node 0: nat PREROUTING 1, SERVICES 1, SVC 2 (masquerade, endpoint), SEP 2, FORWARD 2 (NEW: SERVICES is empty), POSTROUTING 1, MASQ 1.
    // Node 1: nat PREROUTING 1, SERVICES 2 (the Service, node ports), FORWARD 2, POSTROUTING 1, MASQ 1.
    expect([tallies.firstHop.sum, tallies.secondHop.sum, tallies.total.sum]).toEqual([10, 7, 17])
    expect(tallies.nodes.rulesEvaluated).toEqual(Float64Array.of(10, 7))
    // Later packets: FORWARD 2, four times on each node.
    expect(tallies.nodes.laterRulesEvaluated).toEqual(Float64Array.of(8, 8))
    expect(tallies.destinations.rulesEvaluated).toEqual(Float64Array.of(10))
    const [first, second] = tallies.families[4]!.detail
    expect(total(first.evaluated)).toBe(10 + 8)
    expect(total(second.evaluated)).toBe(7 + 8)
    expect(total(tallies.families[4]!.rules.evaluated)).toBe(33)
  })

  it('is delivered to a host-network backend by that node’s own stack', () => {
    const tallies = one({ nodes: 2, services: [{ endpointNodes: [-3] }] })
    expect(tallies.destinations.delivered).toEqual(Float64Array.of(1))
    expect(tallies.nodes.endpointConnections).toEqual(Float64Array.of(0, 1))
  })

  it('is delivered to a backend that no node has as it leaves by the uplink', () => {
    const tallies = one({ services: [{ endpointNodes: [-1] }] })
    expect(tallies.destinations.delivered).toEqual(Float64Array.of(1))
    expect(tallies.families[4]!.backendPackets).toEqual(Float64Array.of(5))
    expect(total(tallies.nodes.endpointConnections)).toBe(0)
    expect(tallies.secondHop.count).toBe(0)
  })

  it('is rejected by a Service without endpoints, and sends one packet', () => {
    const { destinations, total: both } = one({ services: [{ endpointNodes: [] }] })
    expect(destinations).toMatchObject({
      rejected: Float64Array.of(1),
      delivered: Float64Array.of(0),
      packets: Float64Array.of(1),
    })
    expect(both.count).toBe(1)
  })

  it('is unmatched where a node port has no rule', () => {
    const services = [{ endpointNodes: [0], nodePort: 30_000 }]
    const { plan } = makeCluster({ services, classes: [{ origin: 'outside' }], packets: 30 })
    plan.traffic.destinations.words[DESTINATION_WORDS + DESTINATION.port] = 30_001
    const { destinations } = replayAll(plan)
    expect(total(destinations.unmatched)).toBe(total(destinations.connections))
    expect(total(destinations.connections)).toBe(10)
  })
})

describe('a replay', () => {
  const SHAPE: Partial<ClusterShape> = {
    nodes: 40,
    services: [...makeServices(30, 3, 40), { endpointNodes: [] }, { endpointNodes: [1, 5, -1], nodePort: 30_000 }],
    families: [4, 6],
    classes: [{ origin: 'pod', weight: 3 }, { origin: 'node' }, { origin: 'outside' }],
    packets: 6_000,
    packetsPerConnection: { kind: 'geometric', mean: 3 },
    detailNodes: [0, 1, 39],
  }

  it('does not depend on the order of jobs, on their size, or on who did them', () => {
    const { plan } = makeCluster(SHAPE)
    const whole = replayAll(plan)
    const jobs = jobsOf(plan.traffic)
    expect(jobs.length).toBeGreaterThan(2)
    expect(replayAll(plan, [...jobs].reverse())).toEqual(whole)
    const parts = Array.from({ length: 7 }, (_, part) => ({ fromNode: 0, toNode: 40, part, parts: 7 }))
    expect(replayAll(plan, parts)).toEqual(whole)
    const shared = [replayJobs(plan, parts.slice(3)), replayJobs(plan, parts.slice(0, 3))]
    expect(mergeTallies(plan, shared)).toEqual(whole)
  })

  it('counts each detail node’s rules as a replay would that had only this detail node', () => {
    const all = replayAll(makeCluster(SHAPE).plan)
    const none = replayAll(makeCluster({ ...SHAPE, detailNodes: [] }).plan)
    expect(all.families[4]!.rules).toEqual(none.families[4]!.rules)
    expect(all.families[6]!.rules).toEqual(none.families[6]!.rules)
    const last = replayAll(makeCluster({ ...SHAPE, detailNodes: [39] }).plan)
    expect(all.families[4]!.detail[2]).toEqual(last.families[4]!.detail[0])
  })

  it('adds up the detail nodes to the whole when every node is one', () => {
    const nodes = Array.from({ length: 40 }, (_, n) => n)
    const { rules, detail } = replayAll(makeCluster({ ...SHAPE, detailNodes: nodes }).plan).families[4]!
    const sum = (pick: (r: RuleCounts) => Float64Array, i: number) => detail.reduce((s, r) => s + pick(r)[i], 0)
    rules.evaluated.forEach((count, i) => {
      expect(sum(r => r.evaluated, i)).toBe(count)
    })
    rules.matched.forEach((count, i) => {
      expect(sum(r => r.matched, i)).toBe(count)
    })
  })

  it('changes which rules are evaluated, not where connections go, with the order of Services', () => {
    const shuffled = replayAll(makeCluster(SHAPE).plan)
    const sorted = replayAll(makeCluster({ ...SHAPE, shuffled: false }).plan)
    expect(sorted.families[4]!.backendConnections).toEqual(shuffled.families[4]!.backendConnections)
    expect(sorted.firstHop.sum).not.toBe(shuffled.firstHop.sum)
  })

  it('must not change', () => {
    const { destinations, firstHop, secondHop, nodes } = replayAll(
      makeCluster({ services: makeServices(4, 2, 3), packets: 120, families: [4] }).plan,
    )
    expect({
      connections: [...destinations.connections],
      rulesEvaluated: [...destinations.rulesEvaluated],
      endpointPackets: [...nodes.endpointPackets],
      hops: [firstHop.sum, firstHop.max, secondHop.count, secondHop.sum],
    }).toMatchInlineSnapshot(`
      {
        "connections": [
          11,
          10,
          13,
          6,
        ],
        "endpointPackets": [
          36,
          42,
          42,
        ],
        "hops": [
          481,
          14,
          24,
          240,
        ],
        "rulesEvaluated": [
          125,
          113,
          163,
          80,
        ],
      }
    `)
  })

  it('has nothing to count without connections, nodes or pods', () => {
    for (const more of [{ packets: 0 }, { nodes: 0, services: [], detailNodes: [] }, { podsPerNode: 0 }]) {
      const tallies = replayAll(makeCluster(more).plan)
      expect([total(tallies.destinations.connections), tallies.total.count]).toEqual([0, 0])
    }
  })

  it('drops what finds no ingress node before any rule sees it', () => {
    const services = [{ endpointNodes: [-1], nodePort: 30_000, local: true }]
    const { destinations, firstHop } = replayAll(makeCluster({ services, classes: [{ origin: 'outside' }] }).plan)
    expect([total(destinations.noTarget), total(destinations.dropped)]).toEqual([1_000, 1_000])
    expect([total(destinations.connections), firstHop.count]).toEqual([1_000, 0])
  })
})

describe('conservation', () => {
  const arbitraryShape = fc.record({
    nodes: fc.integer({ min: 1, max: 6 }),
    podsPerNode: fc.integer({ min: 0, max: 3 }),
    services: fc.array(
      fc.record({
        endpointNodes: fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 4 }),
        nodePort: fc.constantFrom(0, 1),
        local: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    families: fc.constantFrom<IpFamily[]>([4], [6], [4, 6]),
    origins: fc.subarray<'pod' | 'node' | 'outside'>(['pod', 'node', 'outside'], { minLength: 1 }),
    packets: fc.integer({ min: 0, max: 400 }),
    mean: fc.constantFrom(1, 2.5),
    shuffled: fc.boolean(),
  })

  it('holds, whether hops are remembered or not: fates add up to connections, backends to delivered, histograms to hops, rules to their sums', () => {
    fc.assert(
      fc.property(arbitraryShape, ({ origins, mean, services, ...rest }) => {
        const { plan } = makeCluster({
          ...rest,
          services: services.map((s, i) => ({
            ...s,
            nodePort: s.nodePort * (30_000 + i),
            endpointNodes: s.endpointNodes.map(n => Math.min(n, rest.nodes - 1)),
          })),
          classes: origins.map(origin => ({ origin })),
          packetsPerConnection: { kind: 'geometric', mean },
          detailNodes: [0],
        })
        const tallies = replayAll(plan)
        expect(tallies).toEqual(mergeTallies(plan, [replayJobs(plan, jobsOf(plan.traffic), false)]))
        const { destinations: d, nodes, families, firstHop, secondHop, total: both } = tallies
        const sum = (pick: 'backendConnections' | 'backendPackets') =>
          total(families[4]?.[pick] ?? []) + total(families[6]?.[pick] ?? [])
        expect(total(d.connections)).toBe(plan.traffic.connections)
        d.connections.forEach((count, i) => {
          expect(d.delivered[i] + d.rejected[i] + d.dropped[i] + d.unmatched[i]).toBe(count)
        })
        expect(sum('backendConnections')).toBe(total(d.delivered))
        const lost = total(d.connections) - total(d.delivered)
        expect(sum('backendPackets') + lost).toBe(total(d.packets))
        const met = total(d.connections) - total(d.noTarget)
        expect([firstHop.count, both.count, total(nodes.connections)]).toEqual([met, met, met])
        expect(secondHop.count).toBe(total(nodes.secondHopConnections))
        expect(firstHop.sum + secondHop.sum).toBe(both.sum)
        for (const lane of tallies.modelledNs) {
          expect([lane.firstHop.count, lane.secondHop.count, lane.total.count]).toEqual([met, secondHop.count, met])
          // Each of the three is rounded to whole nanoseconds by itself.
          expect(Math.abs(lane.firstHop.sum + lane.secondHop.sum - lane.total.sum)).toBeLessThanOrEqual(1.5 * met)
        }
        expect(total(d.rulesEvaluated)).toBe(firstHop.sum)
        expect(total(nodes.rulesEvaluated)).toBe(both.sum)
        const evaluated = ([4, 6] as const).reduce((s, f) => s + total(families[f]?.rules.evaluated ?? []), 0)
        expect(evaluated).toBe(both.sum + total(nodes.laterRulesEvaluated))
      }),
      { numRuns: Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 150) },
    )
  })
})

describe('expected shares', () => {
  it('are 1/n by clusterIP, and 25/25/50 by node port with Local on 2 + 1 pods', () => {
    const services = [{ endpointNodes: [0, 0, 1], nodePort: 30_000, local: true }]
    const inside = makeCluster({ services, packets: 300, packetsPerConnection: { kind: 'fixed', packets: 1 } })
    const outside = makeCluster({
      services,
      classes: [{ origin: 'outside' }],
      packets: 400,
      packetsPerConnection: { kind: 'fixed', packets: 1 },
    })
    const sharesOf = ({ plan, endpointOfDnat }: MadeCluster): number[] => {
      const { dnat, backendConnections } = expectedShares(plan)
      const shares: number[] = []
      dnat.forEach((id, i) => {
        shares[endpointOfDnat[4][id][1]] = backendConnections[i]
      })
      return shares.map(s => Math.round(s * 1e6) / 1e6)
    }
    expect(sharesOf(inside)).toEqual([100, 100, 100])
    expect(sharesOf(outside)).toEqual([100, 100, 200])
  })

  it('agree with a run within the multinomial band, both families and all origins', () => {
    const made = makeCluster({
      nodes: 5,
      services: [
        { endpointNodes: [0, 1, 1, 4], nodePort: 30_000, local: true },
        { endpointNodes: [2, 3, 4, 0, 1], nodePort: 30_001 },
        { endpointNodes: [] },
      ],
      families: [4, 6],
      classes: [{ origin: 'pod' }, { origin: 'node' }, { origin: 'outside', weight: 2 }],
      packets: 60_000,
      packetsPerConnection: { kind: 'fixed', packets: 1 },
    })
    const tallies = replayAll(made.plan)
    const expected = expectedShares(made.plan)
    const { words, count } = made.plan.traffic.destinations
    for (const f of [4, 6] as const) {
      const sums = new Float64Array(tallies.families[f]!.backendConnections.length)
      for (let d = 0; d < count; d++) {
        if (words[DESTINATION_WORDS * d + DESTINATION.family] !== f) continue
        for (let i = expected.start[d]; i < expected.start[d + 1]; i++)
          sums[expected.dnat[i]] += expected.backendConnections[i]
      }
      let chiSquare = 0
      sums.forEach((sum, id) => {
        chiSquare += (tallies.families[f]!.backendConnections[id] - sum) ** 2 / sum
      })
      // 9 endpoints; 0.999 quantile of chi-square with 9 degrees of freedom.
      expect(sums).toHaveLength(9)
      expect(chiSquare).toBeLessThan(27.9)
    }
    expected.connections.forEach((sum, d) => {
      expect(Math.abs(tallies.destinations.connections[d] - sum)).toBeLessThan(4 * Math.sqrt(sum))
    })
  })

  it('are the same where the plan spares the look at every view', () => {
    const services = [...makeServices(5, 3, 4), { endpointNodes: [0, 1, 1], nodePort: 30_000, local: true }]
    const { plan } = makeCluster({ nodes: 4, services, classes: [{ origin: 'pod' }, { origin: 'outside' }] })
    const expected = expectedShares(plan)
    const sameOnEveryNode = Uint8Array.of(1, 1, 1, 1, 1, 1, 0)
    const spared = expectedShares({ ...plan, sameOnEveryNode })
    expect([spared.start, spared.dnat]).toEqual([expected.start, expected.dnat])
    spared.backendConnections.forEach((sum, i) => {
      expect(sum).toBeCloseTo(expected.backendConnections[i], 9)
    })
  })

  it('give every Service’s endpoints alike chances to 2^-32', () => {
    const made = makeCluster({ services: [{ endpointNodes: Array.from({ length: 50 }, (_, e) => e % 3) }] })
    const { backendConnections, connections } = expectedShares(made.plan)
    for (const expected of backendConnections)
      expect(Math.abs(expected / connections[0] - 1 / 50)).toBeLessThan(50 * 2 ** -31)
    expect(endpointConnections(made, replayAll(made.plan), 0)).toHaveLength(50)
  })
})
