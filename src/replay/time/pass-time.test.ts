import { describe, expect, it } from 'vitest'
import { FIXED, passTime, planned } from '../../../test/run-time.ts'
import { syncAt } from '../../cluster/node-syncs.ts'
import { mean, mergeInto, newHistogram } from '../../metrics/histogram.ts'
import { jobReplayer } from '../job-replayer.ts'
import { jobsOf } from '../jobs.ts'
import { CAUSE_NAMES, CAUSES, OUTCOME, OUTCOME_NAMES, OUTCOMES } from './outcome.ts'
import { TimePasser, timeJobCount } from './pass-time.ts'
import { NodeSyncer } from './sync-node.ts'
import { mergeTimeTallies, type TimeTallies } from './time-tallies.ts'

const WEB = { nodes: 4, zones: 2, workloads: [{ name: 'web', count: 3, replicas: 5, service: {} }] }
const MIXED = {
  nodes: 4,
  zones: 2,
  workloads: [
    { name: 'web', replicas: 5, service: {} },
    { name: 'edge', replicas: 3, service: { type: 'NodePort', externalTrafficPolicy: 'Local' } },
    { name: 'own', replicas: 2, service: { internalTrafficPolicy: 'Local' } },
    { name: 'none', replicas: 0, service: {} },
    { name: 'near', replicas: 4, service: { trafficDistribution: 'PreferSameZone' } },
    { name: 'udp', replicas: 3, service: { ports: [{ port: 53, protocol: 'UDP' }] } },
  ],
}

/** Connections by outcome, `outcome/cause` where there is a cause; zeroes left out. */
function outcomesOf({ connections }: TimeTallies): Record<string, number> {
  const sums: Record<string, number> = {}
  connections.forEach((count, cell) => {
    if (count === 0) return
    const cause = CAUSE_NAMES[cell % CAUSES]
    const outcome = OUTCOME_NAMES[Math.floor(cell / CAUSES) % OUTCOMES]
    const name = cause === '' ? outcome : `${outcome}/${cause}`
    sums[name] = (sums[name] ?? 0) + count
  })
  return sums
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

describe('a cluster at rest', () => {
  it('treats every connection as the rules of the horizon do, Service by Service', () => {
    const { plan, run, tallies } = passTime({
      ...FIXED,
      cluster: MIXED,
      traffic: { packets: 20_000, packetsPerConnection: 2, sources: { pod: 2, node: 1, outside: 1 } },
    })
    const replayer = jobReplayer(run.plan)
    for (const job of jobsOf(run.plan.traffic)) replayer.replay(job)
    const { destinations } = replayer.finish()
    const byRow = (values: Float64Array): number[] => {
      const rows = new Array<number>(run.rows.length).fill(0)
      values.forEach((count, d) => {
        rows[run.rowOfDestination[d]] += count
      })
      return rows
    }
    const timed = (outcome: number): number[] =>
      run.rows.map((_, row) =>
        sum(tallies.connections.subarray((row * OUTCOMES + outcome) * CAUSES, (row * OUTCOMES + outcome + 1) * CAUSES)),
      )
    expect(timed(OUTCOME.delivered)).toEqual(byRow(destinations.delivered))
    expect(timed(OUTCOME.rejected)).toEqual(byRow(destinations.rejected))
    expect(timed(OUTCOME.dropped)).toEqual(byRow(destinations.dropped))
    expect(sum(destinations.rejected)).toBeGreaterThan(0)
    expect(sum(destinations.dropped)).toBeGreaterThan(0)
    expect(sum(tallies.nodes.outcomes)).toBe(plan.traffic.plan.connections)
    expect(sum(tallies.partialSync.counts)).toBe(0)
  })
})

describe('syncs', () => {
  it('wait minSyncPeriod from the end of the last one, and end after it began', () => {
    const { plan } = planned({ ...FIXED, cluster: WEB, churn: { podsPerSecond: 20 } })
    const syncs = new NodeSyncer(plan, plan.families[4]!).syncsOf(2)
    expect(syncs.endUs.length).toBeGreaterThan(20)
    for (let i = 1; i < syncs.endUs.length; i++) {
      expect(syncs.startUs[i] - syncs.endUs[i - 1]).toBeGreaterThanOrEqual(1_000_000)
      expect(syncs.endUs[i] - syncs.startUs[i]).toBe(20_000)
      expect(syncs.slicePosition[i]).toBeGreaterThan(syncs.slicePosition[i - 1])
    }
    expect(syncAt(syncs, 0)).toBe(0)
  })

  it('are behind by half their period, the watch and their own length, when changes are steady', () => {
    const { tallies } = passTime({
      ...FIXED,
      time: { ...FIXED.time, horizon: '300s' },
      proxy: { minSyncPeriod: '4s', syncDuration: { partial: '20ms' } },
      cluster: { ...WEB, workloads: [{ name: 'web', count: 20, replicas: 5, service: {} }] },
      churn: { podsPerSecond: 10 },
    })
    const all = newHistogram()
    for (const window of tallies.latency) mergeInto(all, window)
    // Trigger to API server 110 ms (controller and its call), watch 50 ms, half of the period of 4.02 s, the sync itself 20 ms.
    const expected = 110 + 50 + 4_020 / 2 + 20
    expect(Math.abs(mean(all) / 1000 / expected - 1)).toBeLessThan(0.02)
  })

  it('come at once without minSyncPeriod, one change each where changes are rare', () => {
    const { tallies } = passTime({
      ...FIXED,
      proxy: { minSyncPeriod: 0, syncDuration: { partial: '20ms' } },
      cluster: { nodes: 1, workloads: [{ name: 'web', replicas: 1, service: {} }] },
      actions: [{ at: '10s', scale: { workload: 'web-0', replicas: 2 } }],
    })
    const all = newHistogram()
    for (const window of tallies.latency) mergeInto(all, window)
    // A new pod, not ready yet, and then ready.
    expect([all.min, all.max]).toEqual([180_000, 180_000])
    expect(tallies.partialSync.count).toBe(all.count)
  })

  it('of a node that joins begin in full, and it has no rules until then', () => {
    const { plan, tallies } = passTime({
      ...FIXED,
      time: { ...FIXED.time, delays: { ...FIXED.time.delays, proxyStart: '3s' } },
      cluster: WEB,
      actions: [{ at: '20s', joinNodes: { count: 1 } }],
      traffic: { packets: 50_000, packetsPerConnection: 1, sources: { node: 1 } },
    })
    const syncs = new NodeSyncer(plan, plan.families[4]!).syncsOf(4)
    expect([syncs.startUs[0], syncs.endUs[0], syncs.isFull[0]]).toEqual([23_000_000, 23_100_000, 1])
    const { blackholed, notSent } = OUTCOME
    const of = (outcome: number): number => tallies.nodes.outcomes[4 * OUTCOMES + outcome]
    // 10,000 connections over 60 s: 20 s of no node, 3.1 s of no rules; within four standard deviations.
    expect(Math.abs(of(notSent) - (10_000 * 20) / 60)).toBeLessThan(4 * 47)
    expect(Math.abs(of(blackholed) - (10_000 * 3.1) / 60)).toBeLessThan(4 * 22)
    expect(outcomesOf(tallies)['blackholed/no rules']).toBe(of(blackholed))
  })
})

describe('outcomes', () => {
  const rolling = (pods: object) =>
    outcomesOf(
      passTime({
        ...FIXED,
        cluster: WEB,
        pods: { readiness: { period: '1s' }, ...pods },
        actions: [{ at: '10s', rollout: { workload: '*' } }],
        traffic: { packets: 60_000, packetsPerConnection: 1 },
      }).tallies,
    )

  it('of a rollout without preStop: refused while the node, or the slices, are behind; none with a preStop as long as both', () => {
    const without = rolling({ preStop: 0 })
    expect(without['refused/rules']).toBeGreaterThan(0)
    expect(without['refused/slices']).toBeGreaterThan(0)
    // What the rules lag is watch, wait and sync, 1.07 s at most; what slices lag is the controller and its call, less the kubelet's watch.
    const withPreStop = rolling({ preStop: '2s' })
    expect(withPreStop['refused/rules']).toBeUndefined()
    expect(withPreStop['refused/slices']).toBeUndefined()
    expect(withPreStop['terminating']).toBeGreaterThan(0)
    expect(withPreStop['delivered'] + withPreStop['terminating']).toBe(60_000)
  })

  it('of connections that outlive their pod are resets', () => {
    const { tallies } = passTime({
      ...FIXED,
      cluster: WEB,
      pods: { preStop: '5s' },
      actions: [{ at: '30s', rollout: { workload: '*' } }],
      traffic: { packets: 60_000, packetsPerConnection: 10, connectionDuration: '20s' },
    })
    const outcomes = outcomesOf(tallies)
    expect(outcomes['reset/outlived']).toBeGreaterThan(0)
    expect(sum(tallies.packetsDelivered) + sum(tallies.packetsLost)).toBe(60_000)
    expect(sum(tallies.packetsLost)).toBeGreaterThan(outcomes['reset/outlived'])
  })

  it('of a lost machine: its endpoints are black holes until the API server knows, its own pods send nothing', () => {
    const outcomes = outcomesOf(
      passTime({
        ...FIXED,
        time: { horizon: '120s', delays: FIXED.time.delays },
        cluster: WEB,
        actions: [{ at: '20s', failNode: { node: '*-1' } }],
        traffic: { packets: 60_000, packetsPerConnection: 1 },
      }).tallies,
    )
    expect(outcomes['blackholed/slices']).toBeGreaterThan(1_000)
    expect(outcomes['blackholed/rules']).toBeGreaterThan(0)
    expect(outcomes['notSent']).toBeGreaterThan(10_000)
  })

  it('of UDP: an entry stays with its dead endpoint until a sync finds others', () => {
    const lost = (replicas: number): number => {
      const { tallies } = passTime({
        ...FIXED,
        cluster: {
          nodes: 2,
          workloads: [
            { name: 'dns', replicas: 2, service: { ports: [{ port: 53, protocol: 'UDP' }] } },
            { name: 'client', replicas: 4 },
          ],
        },
        pods: { readiness: { period: '1s' } },
        actions: [
          { at: '20s', scale: { workload: 'dns-0', replicas: 0 } },
          { at: '40s', scale: { workload: 'dns-0', replicas } },
        ],
        traffic: { packets: 20_000, packetsPerConnection: 50, connectionDuration: '50s' },
      })
      expect(sum(tallies.packetsDelivered) + sum(tallies.packetsLost)).toBe(20_000)
      expect(outcomesOf(tallies)['refused/conntrack']).toBeGreaterThan(0)
      return sum(tallies.packetsLost)
    }
    expect(lost(2)).toBeGreaterThan(0)
    expect(lost(0)).toBeGreaterThan(1.2 * lost(2))
  })
})

describe('what cannot go on', () => {
  it('a node whose syncs never end keeps what it had, and its connections say so', () => {
    const { tallies } = passTime({
      ...FIXED,
      proxy: { syncDuration: { partial: '1h' } },
      cluster: WEB,
      pods: { readiness: { period: '1s' } },
      actions: [{ at: '10s', rollout: { workload: '*' } }],
      traffic: { packets: 6_000, packetsPerConnection: 1 },
    })
    expect(tallies.partialSync.count).toBe(0)
    expect(outcomesOf(tallies)['refused/rules']).toBeGreaterThan(1_000)
  })

  it('more windows than can be shown are refused', () => {
    expect(() => planned({ ...FIXED, time: { ...FIXED.time, window: '10ms' }, cluster: WEB })).toThrow(
      /time\.window: 6000 windows in the horizon are too many/,
    )
  })
})

describe('jobs', () => {
  it('add up to the same whatever their order and number of threads', () => {
    const { plan, tallies } = passTime({
      ...FIXED,
      cluster: { ...WEB, nodes: 40 },
      churn: { podsPerSecond: 5 },
      traffic: { packets: 10_000 },
    })
    const passers = [new TimePasser(plan), new TimePasser(plan)]
    for (let job = timeJobCount(plan) - 1; job >= 0; job--) passers[job % 2].pass(job)
    expect(
      mergeTimeTallies(
        plan,
        passers.map(p => p.tallies),
      ),
    ).toEqual(tallies)
  })
})
