import { describe, expect, it } from 'vitest'
import { FIXED, type PassedRun, passTime } from '../../../test/run-time.ts'
import { CAUSE, CAUSES, OUTCOME, OUTCOMES } from './outcome.ts'
import { TimePasser, timeJobCount } from './pass-time.ts'
import { mergeTimeTallies, type TimeTallies } from './time-tallies.ts'

const WEB = { nodes: 1, workloads: [{ name: 'web', replicas: 3, service: { type: 'NodePort' } }] }

const tracked = (max: number, traffic: object, more: object = {}): PassedRun =>
  passTime({
    ...FIXED,
    cluster: WEB,
    proxy: { ...FIXED.proxy, conntrack: { maxPerCore: 1, cores: 1, min: max } },
    traffic: { packetsPerConnection: 1, sources: { outside: 1 }, ...traffic },
    ...more,
  })

const outcome = ({ windowOutcomes }: TimeTallies, wanted: number): number =>
  windowOutcomes.reduce((sum, n, cell) => (cell % OUTCOMES === wanted ? sum + n : sum), 0)

const lostToTables = ({ connections }: TimeTallies): number =>
  connections.reduce((sum, n, cell) => (cell % CAUSES === CAUSE.tableFull ? sum + n : sum), 0)

describe('connection tables over time', () => {
  it('take as many connections as they have room for within the two minutes that a closed one is remembered, and drop the others', () => {
    const { tallies } = tracked(1_000, { packets: 5_000 })
    expect(outcome(tallies, OUTCOME.delivered)).toBe(1_000)
    expect(outcome(tallies, OUTCOME.dropped)).toBe(4_000)
    expect(lostToTables(tallies)).toBe(4_000)
    expect([...tallies.nodes.peakEntries]).toEqual([1_000])
  })

  it('have no say while there is room', () => {
    const of = (proxy: object): TimeTallies =>
      passTime({
        ...FIXED,
        cluster: WEB,
        proxy: { ...FIXED.proxy, ...proxy },
        traffic: { packets: 5_000, sources: { outside: 1 } },
      }).tallies
    const { nodes, ...with_ } = of({ conntrack: {} })
    const { nodes: plain, ...without } = of({})
    expect(with_).toEqual(without)
    expect({ ...nodes, peakEntries: plain.peakEntries }).toEqual(plain)
    expect(nodes.peakEntries[0]).toBe(500)
  })

  it("obey Little's law: new connections a second times how long each is open and remembered", () => {
    const { tallies } = tracked(
      131_072,
      { packets: 20 * 600, connectionDuration: '60s', packetsPerConnection: 2, clients: 1_000 },
      { time: { ...FIXED.time, horizon: '600s' } },
    )
    // 10 a second; the collector comes every minute, so up to a minute more.
    expect(tallies.nodes.peakEntries[0]).toBeGreaterThan(10 * 180 - 4 * Math.sqrt(1_800))
    expect(tallies.nodes.peakEntries[0]).toBeLessThan(10 * 240 + 4 * Math.sqrt(2_400))
    expect(lostToTables(tallies)).toBe(0)
  })

  it('count a connection on both of its nodes: the one of the only endpoint fills, whoever sends', () => {
    const { tallies, plan } = tracked(
      300,
      { packets: 2_000, sources: { node: 1 } },
      { cluster: { nodes: 4, workloads: [{ name: 'web', replicas: 1, service: {} }] } },
    )
    expect(outcome(tallies, OUTCOME.delivered)).toBe(300)
    const peaks = [...tallies.nodes.peakEntries]
    expect(peaks.filter(p => p === 300).length).toBeGreaterThanOrEqual(1)
    expect(Math.max(...peaks)).toBe(300)
    expect(plan.nodes.count).toBe(4)
  })

  it('remember a datagram for half a minute only', () => {
    const udp = (seconds: number): number => {
      const { tallies } = tracked(
        131_072,
        { packets: 10 * seconds, clients: 1_000 },
        {
          time: { ...FIXED.time, horizon: `${seconds}s` },
          cluster: {
            nodes: 1,
            workloads: [
              { name: 'dns', replicas: 1, service: { type: 'NodePort', ports: [{ port: 53, protocol: 'UDP' }] } },
            ],
          },
        },
      )
      return tallies.nodes.peakEntries[0]
    }
    expect(udp(20)).toBe(200)
    // The mean of what is left is below a minute, so the collector comes sooner.
    expect(udp(600)).toBeLessThan(10 * 90 + 4 * 30)
  })

  it('are empty again on a machine that comes back', () => {
    const { tallies } = tracked(
      200,
      { packets: 6_000 },
      {
        cluster: {
          nodes: 2,
          workloads: [{ name: 'web', replicas: 4, service: { type: 'NodePort', externalTrafficPolicy: 'Local' } }],
        },
        actions: [
          { at: '20s', failNode: { node: '*-1' } },
          { at: '30s', recoverNode: { node: '*-1' } },
        ],
      },
    )
    // With policy Local a connection has one entry, and two tables hold 400 in this minute: what is more, the emptied one took.
    expect(outcome(tallies, OUTCOME.delivered) + outcome(tallies, OUTCOME.terminating)).toBeGreaterThan(400)
  })

  it('give the same for any order of jobs and any number of workers', () => {
    const { plan, tallies } = tracked(
      100,
      {
        packets: 20_000,
        keepAlive: { requests: 3, retries: 1 },
        packetsPerConnection: 20,
        sources: { pod: 1, outside: 1 },
      },
      {
        cluster: {
          nodes: 20,
          workloads: [
            { name: 'web', replicas: 5, service: { type: 'LoadBalancer', sessionAffinity: 'ClientIP' } },
            { name: 'dns', replicas: 5, service: { ports: [{ port: 53, protocol: 'UDP' }] } },
            { name: 'sig', replicas: 2, service: { ports: [{ port: 36412, protocol: 'SCTP' }] } },
          ],
        },
        churn: { podsPerSecond: 1 },
      },
    )
    const passers = [new TimePasser(plan), new TimePasser(plan)]
    for (let job = timeJobCount(plan) - 1; job >= 0; job--) passers[job % 2].pass(job)
    const parts = passers.map(p => p.tallies)
    expect(mergeTimeTallies(plan, parts)).toEqual(tallies)
    expect(lostToTables(tallies)).toBeGreaterThan(0)
    const sum = (column: Float64Array): number => column.reduce((a, b) => a + b, 0)
    expect(sum(tallies.packetsDelivered) + sum(tallies.packetsLost)).toBe(20_000)
  })
})
