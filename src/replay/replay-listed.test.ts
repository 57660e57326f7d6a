import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inIptables } from '../../test/in-mode.ts'
import { FIXED, planned, rightOf } from '../../test/run-time.ts'
import { formatIp, type IpFamily, readIpWords } from '../net/ip.ts'
import { newPacket } from '../net/packet.ts'
import { PlainConntrack } from '../netfilter/conntrack/plain-conntrack.ts'
import { newTraceMemory } from '../netfilter/memory/trace-memory.ts'
import { orderedRuleset } from '../netfilter/ordered-ruleset.ts'
import { type TraceCounters, trace } from '../netfilter/trace.ts'
import { draw32 } from '../sim/random.ts'
import { drawFlow } from '../workload/draw-flow.ts'
import { arrivalState, startOf } from './flow-start.ts'
import { hostViews } from './host-table.ts'
import { jobsOf } from './jobs.ts'
import type { PlannedIptables } from './plan-run.ts'
import { finishReplay, newReplayer, replayJob } from './replayer.ts'
import { mergeTallies, type Tallies } from './tallies.ts'

interface Counted {
  /** Connections by `address port` of the backend. */
  readonly backends: Record<string, number>
  rulesEvaluated: number
}

/** All first hops of one family, each traced rule by rule with its node's lists, in order of time. */
function traced({ plan, families }: PlannedIptables, family: IpFamily, counters?: TraceCounters): Counted {
  const { traffic, affinity, ruleSeed, orderKeyOfNode } = plan
  const own = families[family]!
  const hosts = hostViews(own.plan.hosts)
  const counted: Counted = { backends: {}, rulesEvaluated: 0 }
  for (let node = 0; node < traffic.nodeCount; node++) {
    const ruleset = orderedRuleset(own.views.views[own.plan.viewOfNode[node]], orderKeyOfNode[node])
    const flows = traffic.classes.flatMap((kind, c) =>
      kind.family !== family
        ? []
        : Array.from({ length: kind.connectionsOfNode[node] }, (_, i) => {
            const flow = { packet: newPacket(family), destination: -1, packets: 0 }
            drawFlow(traffic, c, node, i, flow)
            return { flow, nowUs: startOf(arrivalState(affinity!.arrivalSeed, flow.packet), affinity!.withinUs) }
          }),
    )
    let memory = newTraceMemory(ruleset, new PlainConntrack(ruleSeed, true))
    for (const { flow, nowUs } of flows.sort((a, b) => a.nowUs - b.nowUs)) {
      // A connection table of its own: each connection is taken for a new one, whatever ports it shares with another.
      memory = { ...memory, nowUs, tracker: new PlainConntrack(ruleSeed, true) }
      const { flowLow, flowHigh } = flow.packet
      const draw = (n: number): number => draw32(ruleSeed.low, ruleSeed.high, flowLow, flowHigh, n)
      const way = rightOf(trace(ruleset, hosts[node], flow.packet, draw, { memory, ...(counters ? { counters } : {}) }))
      counted.rulesEvaluated += way.rulesEvaluated
      if (way.dnat?.verdict?.kind !== 'dnat') continue
      const backend = `${formatIp(way.dnat.verdict.address!)} ${way.dnat.verdict.port}`
      counted.backends[backend] = (counted.backends[backend] ?? 0) + 1
    }
  }
  return counted
}

function replayed({ plan }: PlannedIptables, workers: number): Tallies {
  const replayers = Array.from({ length: workers }, () => newReplayer(plan))
  jobsOf(plan.traffic).forEach((_, j, all) => {
    replayJob(replayers[j % workers], all[all.length - 1 - j])
  })
  return mergeTallies(plan, replayers.map(finishReplay))
}

function backendsOf({ families }: PlannedIptables, tallies: Tallies, family: IpFamily): Record<string, number> {
  const { dnatAddress, dnatPort } = families[family]!.plan.program
  const backends: Record<string, number> = {}
  tallies.families[family]!.backendConnections.forEach((connections, dnat) => {
    if (connections === 0) return
    const key = `${formatIp({ family, value: readIpWords(dnatAddress, 4 * dnat) })} ${dnatPort[dnat]}`
    backends[key] = (backends[key] ?? 0) + connections
  })
  return backends
}

const AFFINE = { sessionAffinity: 'ClientIP', affinityTimeoutSeconds: 5 }

const MIXED = {
  nodes: 3,
  zones: 3,
  workloads: [
    { name: 'web', replicas: 4, service: { ...AFFINE, type: 'NodePort', ipFamilyPolicy: 'PreferDualStack' } },
    { name: 'edge', replicas: 3, service: { ...AFFINE, type: 'NodePort', externalTrafficPolicy: 'Local' } },
    { name: 'plain', replicas: 3, service: {} },
    { name: 'own', replicas: 3, service: { ...AFFINE, affinityTimeoutSeconds: 60, internalTrafficPolicy: 'Local' } },
  ],
  serviceCidrs: '10.96.0.0/16,fd00:96::/112',
  clusterCidrs: '10.244.0.0/16,fd00:244::/48',
  nodeCidrs: '172.18.0.0/16,fd00:18::/64',
}

const run = (more: object, traffic: object): PlannedIptables =>
  inIptables(planned({ ...FIXED, cluster: MIXED, traffic: { packetsPerConnection: 1, ...traffic }, ...more }).run)

describe('connections of clients that are remembered', () => {
  it('go where tracing them in order of time leads, whatever the clients, the seed, the horizon and the workers', () => {
    const shapes = fc.record({
      seed: fc.nat(1_000),
      clients: fc.constantFrom(1, 3, 99, 100, 101, 150, 400),
      horizon: fc.constantFrom('1s', '20s', '400s'),
      workers: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(shapes, ({ seed, clients, horizon, workers }) => {
        const made = run(
          { seed, time: { ...FIXED.time, horizon } },
          { packets: 1_200, clients, sources: { outside: 3, pod: 1, node: 1 } },
        )
        const tallies = replayed(made, workers)
        const ways = { 4: traced(made, 4), 6: traced(made, 6) }
        expect(backendsOf(made, tallies, 4)).toEqual(ways[4].backends)
        expect(backendsOf(made, tallies, 6)).toEqual(ways[6].backends)
        expect(tallies.firstHop.sum).toBe(ways[4].rulesEvaluated + ways[6].rulesEvaluated)
      }),
      { numRuns: 20 },
    )
  }, 120_000)

  it('count every rule as trace does, on one node', () => {
    const made = run(
      { cluster: { ...MIXED, nodes: 1 }, detailNodes: 1 },
      { packets: 2_000, sources: { outside: 1, pod: 1 } },
    )
    const { views } = made.families[4]!.views
    const counters: TraceCounters = { rules: new Map(), policies: new Map() }
    traced(made, 4, counters)
    const { matched, evaluated } = replayed(made, 1).families[4]!.rules
    const byRule = [...new Set(views.flatMap(v => v.tables.flatMap(t => [...t.chains.values()].flatMap(c => c.rules))))]
    const sumOf = (column: Float64Array): number => column.reduce((a, b) => a + b, 0)
    const counted = byRule.map(rule => counters.rules.get(rule) ?? { matched: 0, evaluated: 0 })
    expect(sumOf(matched)).toBe(counted.reduce((sum, c) => sum + c.matched, 0))
    expect(sumOf(evaluated)).toBe(counted.reduce((sum, c) => sum + c.evaluated, 0))
    expect(sumOf(evaluated)).toBeGreaterThan(0)
  })

  it('without time come one after the other at one instant: every client keeps its first endpoint', () => {
    const made = run({}, { packets: 3_000, clients: 1, sources: { outside: 1 } })
    const { plan } = made
    const still: PlannedIptables = { ...made, plan: { ...plan, affinity: { ...plan.affinity!, withinUs: 0 } } }
    const backends = backendsOf(still, replayed(still, 1), 4)
    // One client: of each affine Service at most one endpoint a node.
    const affine = Object.values(backends)
    expect(affine.reduce((a, b) => a + b, 0)).toBeGreaterThan(1_000)
    expect(affine.length).toBeLessThanOrEqual(2 * 3)
  })

  it('do not change what becomes of others', () => {
    const of = (service: object): Float64Array => {
      const made = run(
        {
          cluster: {
            nodes: 3,
            workloads: [
              { name: 'a', replicas: 3, service },
              { name: 'b', replicas: 5, service: {} },
            ],
          },
        },
        { packets: 5_000 },
      )
      return replayed(made, 1).families[4]!.backendConnections.subarray(3)
    }
    expect(of(AFFINE)).toEqual(of({}))
  })
})
