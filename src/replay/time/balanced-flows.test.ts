import { describe, expect, it } from 'vitest'
import { FIXED, type PassedRun, passTime } from '../../../test/run-time.ts'
import { CAUSE, CAUSES, OUTCOME, OUTCOMES } from './outcome.ts'

const LOCAL = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }

/** Two nodes; the pods of `front` come through a load balancer. */
const behind = (provider: string, parts: object = {}, service: object = LOCAL) => ({
  ...FIXED,
  time: { ...FIXED.time, horizon: '400s', window: '1s' },
  cluster: {
    nodes: 2,
    loadBalancer: { provider },
    workloads: [{ name: 'front', replicas: 2, service }],
  },
  traffic: { packets: 20_000, packetsPerConnection: 1, sources: { pod: 0, outside: 1 } },
  ...parts,
})

const totalOf = ({ tallies }: PassedRun, outcome: number, cause?: number): number => {
  let sum = 0
  for (let cell = 0; cell < tallies.connections.length; cell++)
    if (Math.floor(cell / CAUSES) % OUTCOMES === outcome && (cause === undefined || cell % CAUSES === cause))
      sum += tallies.connections[cell]
  return sum
}

/** Second of the last window with such an outcome; -1: none. */
const lastWindow = ({ tallies, plan }: PassedRun, outcome: number): number => {
  for (let w = plan.windowCount - 1; w >= 0; w--) if (tallies.windowOutcomes[w * OUTCOMES + outcome] > 0) return w
  return -1
}

describe('connections through a load balancer', () => {
  it.each(['instant', 'aws-nlb', 'aws-clb', 'gcp', 'azure', 'metallb'])(
    'all arrive while nothing changes (%s)',
    provider => {
      const run = passTime(behind(provider))
      expect(totalOf(run, OUTCOME.delivered)).toBe(20_000)
    },
  )

  it('reach all nodes evenly, with Local those that have pods', () => {
    const atNode = (run: PassedRun): number[] =>
      run.run.nodes.map((_, n) => run.tallies.nodes.outcomes[n * OUTCOMES + OUTCOME.delivered])
    const [a, b] = atNode(passTime(behind('gcp')))
    // Binomial: four standard deviations.
    expect(Math.abs(a - b)).toBeLessThan(4 * Math.sqrt(20_000))
    const lone = behind('gcp', {
      cluster: {
        nodes: 2,
        loadBalancer: { provider: 'gcp' },
        workloads: [{ name: 'front', replicas: 1, service: LOCAL }],
      },
    })
    expect(atNode(passTime(lone)).sort((x, y) => x - y)).toEqual([0, 20_000])
  })

  it('go on to a dead node behind an NLB for about 90 s: three checks of 30 s', () => {
    const run = passTime(behind('aws-nlb', { actions: [{ at: '100s', failNode: { node: 'node-1' } }] }))
    const lastsFor = lastWindow(run, OUTCOME.blackholed) - 100
    expect(lastsFor).toBeGreaterThanOrEqual(68)
    expect(lastsFor).toBeLessThanOrEqual(100)
    expect(totalOf(run, OUTCOME.blackholed, CAUSE.nodeLost)).toBeGreaterThan(1000)
    const azure = passTime(behind('azure', { actions: [{ at: '100s', failNode: { node: 'node-1' } }] }))
    expect(lastWindow(azure, OUTCOME.blackholed) - 100).toBeLessThanOrEqual(15)
  })

  it('are dropped on a node without pods until its health check has failed often enough', () => {
    const gone = { actions: [{ at: '100s', scale: { workload: 'front-0', replicas: 1 } }] }
    const dropped = (provider: string): number => totalOf(passTime(behind(provider, gone)), OUTCOME.dropped)
    expect(dropped('instant')).toBe(0)
    const [azure, clb] = ['azure', 'aws-clb'].map(dropped)
    expect(azure).toBeGreaterThan(0)
    // 6 checks of 10 s against 2 of 5 s.
    expect(clb).toBeGreaterThan(2 * azure)
    expect(dropped('gcp')).toBeLessThan(clb)
  })

  it('have nowhere to go without any pod, unless it fails open', () => {
    const none = { actions: [{ at: '100s', scale: { workload: 'front-0', replicas: 0 } }] }
    expect(totalOf(passTime(behind('instant', none)), OUTCOME.dropped, CAUSE.noTarget)).toBeGreaterThan(10_000)
    const nlb = passTime(behind('aws-nlb', none))
    expect(totalOf(nlb, OUTCOME.dropped, CAUSE.noTarget)).toBe(0)
    expect(totalOf(nlb, OUTCOME.dropped) + totalOf(nlb, OUTCOME.rejected)).toBeGreaterThan(10_000)
  })

  it('with policy Cluster go anywhere, and on to pods of other nodes', () => {
    const run = passTime(
      behind('gcp', {
        cluster: {
          nodes: 3,
          loadBalancer: { provider: 'gcp' },
          workloads: [{ name: 'front', replicas: 1, service: { type: 'LoadBalancer' } }],
        },
      }),
    )
    expect(totalOf(run, OUTCOME.delivered)).toBe(20_000)
    const atNode = run.run.nodes.map((_, n) => run.tallies.nodes.outcomes[n * OUTCOMES + OUTCOME.delivered])
    for (const n of atNode) expect(Math.abs(n - 20_000 / 3)).toBeLessThan(4 * Math.sqrt((20_000 * 2) / 9))
  })
})
