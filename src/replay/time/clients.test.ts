import { describe, expect, it } from 'vitest'
import { FIXED, type PassedRun, passTime } from '../../../test/run-time.ts'
import { newPacket } from '../../net/packet.ts'
import { drawOf } from '../../sim/random.ts'
import { drawFlow } from '../../workload/draw-flow.ts'
import { arrivalState, startOf } from '../flow-start.ts'
import { delayOf } from './delay-table.ts'
import { OUTCOME, OUTCOMES } from './outcome.ts'

const HORIZON_S = 400
const SCALED_S = 100

/** Clients of one Service that has two pods, and four from 100 s on. */
const scaledUp = (keepAlive: object, parts: object = {}) => ({
  ...FIXED,
  time: { ...FIXED.time, horizon: `${HORIZON_S}s`, window: '10s' },
  cluster: { nodes: 4, workloads: [{ name: 'web', replicas: 2, service: {} }] },
  actions: [{ at: `${SCALED_S}s`, scale: { workload: 'web-0', replicas: 4 } }],
  // 1,000 clients, a request a second each.
  traffic: { packets: 1000 * HORIZON_S, packetsPerConnection: HORIZON_S, keepAlive },
  ...parts,
})

/** Share of the requests of a window that reach pods which were not there at first. */
function newcomersAt({ plan, tallies }: PassedRun, second: number): number {
  const { windowCount, podNames, windowUs } = plan
  const window = Math.floor((second * 1e6) / windowUs)
  let [all, ofNew] = [0, 0]
  podNames.forEach((_, pod) => {
    const row = tallies.podLoad.subarray(pod * windowCount, (pod + 1) * windowCount)
    all += row[window]
    if (row[2] === 0) ofNew += row[window]
  })
  return ofNew / all
}

describe('clients', () => {
  it('that open a connection a request give new pods their share at once', () => {
    const run = passTime(scaledUp({ requests: 1 }))
    expect(newcomersAt(run, 50)).toBe(0)
    for (const second of [150, 300]) expect(Math.abs(newcomersAt(run, second) - 0.5)).toBeLessThan(0.03)
  })

  it('that keep their connections for ever give them nothing', () => {
    const run = passTime(scaledUp({}))
    expect(newcomersAt(run, 390)).toBe(0)
  })

  it('that renew every 200 requests give them a share that grows in a straight line, and is whole after 200 s', () => {
    // Begun over 200 s, so renewals lie evenly.
    const run = passTime(
      scaledUp(
        { requests: 200, ramp: '200s' },
        {
          time: { ...FIXED.time, horizon: '800s', window: '10s' },
          actions: [{ at: '400s', scale: { workload: 'web-0', replicas: 4 } }],
          traffic: { packets: 1000 * 800, packetsPerConnection: 800, keepAlive: { maxAge: '200s', ramp: '200s' } },
        },
      ),
    )
    for (const [after, share] of [
      [50, 0.125],
      [100, 0.25],
      [150, 0.375],
      [250, 0.5],
      [390, 0.5],
    ])
      expect(Math.abs(newcomersAt(run, 400 + after) - share)).toBeLessThan(0.05)
  })

  it('that try again meet fewer failures', () => {
    const rolled = (retries: number): number => {
      const { tallies } = passTime(
        scaledUp(
          { requests: 1, retries },
          {
            pods: { preStop: '0s', terminationGracePeriod: '2s' },
            proxy: { ...FIXED.proxy, minSyncPeriod: '10s' },
            actions: [{ at: '100s', rollout: { workload: 'web-0' } }],
          },
        ),
      )
      return tallies.packetsLost.reduce((a, b) => a + b, 0)
    }
    const [without, withThree] = [rolled(0), rolled(3)]
    expect(without).toBeGreaterThan(100)
    expect(withThree).toBeLessThan(without / 4)
  })

  it('that lose a machine lose a request and go on elsewhere', () => {
    const run = passTime(
      scaledUp(
        {},
        {
          cluster: { nodes: 4, workloads: [{ name: 'web', replicas: 8, service: {} }] },
          actions: [{ at: '100s', failNode: { node: '*-1' } }],
          traffic: { packets: 400_000, packetsPerConnection: HORIZON_S, keepAlive: {}, sources: { node: 1 } },
        },
      ),
    )
    const blackholed = Array.from(
      { length: run.plan.windowCount },
      (_, w) => run.tallies.windowOutcomes[w * OUTCOMES + OUTCOME.blackholed],
    )
    expect(blackholed.reduce((a, b) => a + b, 0)).toBeGreaterThan(0)
    expect(run.tallies.packetsDelivered[0]).toBeGreaterThan(200_000)
  })

  it('that wait for answers ask a dead machine less often, by the time they wait', () => {
    const dying = (keepAlive: object) =>
      passTime(
        scaledUp(keepAlive, {
          cluster: { nodes: 8, workloads: [{ name: 'web', replicas: 8, service: {} }] },
          actions: [{ at: '100s', failNode: { node: '*-1' } }],
          traffic: {
            packets: 400_000,
            packetsPerConnection: HORIZON_S,
            keepAlive: { requests: 1, ...keepAlive },
            sources: { node: 1 },
          },
        }),
      ).tallies
    const sum = (column: Float64Array): number => column.reduce((a, b) => a + b, 0)
    const open = dying({})
    const notSent = 400_000 - sum(open.packetsDelivered) - sum(open.packetsLost)
    const closed = dying({ timeout: '8s' })
    // One of eight pods is dead: where a request a second goes out, a wait of 8 s after every eighth makes it one in two.
    expect(Math.abs(sum(closed.packetsLost) / sum(open.packetsLost) - 1 / 2)).toBeLessThan(0.06)
    expect(sum(closed.packetsDelivered) + sum(closed.packetsLost) + notSent).toBeLessThan(400_000)
    // What comes back in time is no reason to wait: without failures both loops are one.
    const [calm, waiting] = [{}, { timeout: '8s' }].map(k => passTime(scaledUp({ requests: 1, ...k })).tallies)
    expect(waiting).toEqual(calm)
  })

  it("that come and go obey Little's law: as many connections at a time as arrivals a second times seconds each", () => {
    const { plan } = passTime({
      ...FIXED,
      time: { ...FIXED.time, horizon: '200s' },
      cluster: { nodes: 2, workloads: [{ name: 'web', replicas: 2, service: {} }] },
      traffic: { packets: 200_000, packetsPerConnection: 10, connectionDuration: { exponential: { mean: '3s' } } },
    })
    const { traffic, horizonUs } = plan
    const flow = { packet: newPacket(4), destination: -1, packets: 0 }
    const spans: [number, number][] = []
    traffic.plan.classes.forEach((kind, c) => {
      kind.connectionsOfNode.forEach((count, node) => {
        for (let i = 0; i < count; i++) {
          drawFlow(traffic.plan, c, node, i, flow)
          const state = arrivalState(traffic.arrivalSeed, flow.packet)
          const startUs = startOf(state, horizonUs)
          spans.push([startUs, startUs + delayOf(traffic.duration, drawOf(state, 2))])
        }
      })
    })
    const instants = Array.from({ length: 100 }, (_, i) => (40 + 1.5 * i) * 1e6)
    const atOnce = instants.map(t => spans.filter(([from, to]) => from <= t && t < to).length)
    const mean = atOnce.reduce((a, b) => a + b, 0) / atOnce.length
    const perSecond = 20_000 / 200
    expect(Math.abs(mean / (perSecond * 3) - 1)).toBeLessThan(0.06)
  })
})
