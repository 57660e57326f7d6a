import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../problem/problem.ts'
import { checkScenario } from './decode-scenario.ts'

const BASE = { name: 'x', question: 'y' }
const HORIZON = { horizon: '10m' }

const checked = (more: object) => {
  const result = checkScenario({ ...BASE, ...more }, { file: 'x.yaml' })
  if (E.isLeft(result)) throw new Error(describeProblem(result.left))
  return result.right
}

const refusal = (more: object): string => {
  const result = checkScenario({ ...BASE, ...more }, { file: 'x.yaml' })
  return E.isLeft(result) ? describeProblem(result.left) : 'accepted'
}

describe('time', () => {
  it('is absent unless asked for, and then has defaults for everything but the horizon', () => {
    expect(checked({}).time).toBeUndefined()
    const { time, proxy } = checked({ time: HORIZON })
    expect(time).toMatchObject({ horizon: 600_000_000, window: 10_000_000 })
    expect(time?.delays.appStart).toEqual({ kind: 'constant', us: 1_000_000 })
    expect(time?.delays.containerObserve).toEqual({ kind: 'uniform', minUs: 0, maxUs: 1_000_000 })
    expect(time?.controllers).toMatchObject({ nodeMonitorGracePeriod: 50_000_000, evictAfter: 300_000_000 })
    expect([proxy.minSyncPeriod, proxy.syncPeriod]).toEqual([1_000_000, 30_000_000])
  })

  it.each([
    ['1500ms', { kind: 'constant', us: 1_500_000 }],
    [0, { kind: 'constant', us: 0 }],
    [2.5, { kind: 'constant', us: 2_500_000 }],
    [{ uniform: ['1s', 2] }, { kind: 'uniform', minUs: 1_000_000, maxUs: 2_000_000 }],
    [{ normal: { mean: '1s', sd: '0s' } }, { kind: 'normal', meanUs: 1_000_000, sdUs: 0 }],
    [{ exponential: { mean: '10ms' } }, { kind: 'exponential', meanUs: 10_000 }],
    [
      {
        empirical: [
          [0, '1ms'],
          [1, '2ms'],
        ],
      },
      {
        kind: 'empirical',
        points: [
          { fraction: 0, us: 1_000 },
          { fraction: 1, us: 2_000 },
        ],
      },
    ],
  ])('reads the delay %j', (written, delay) => {
    expect(checked({ time: { ...HORIZON, delays: { watch: written } } }).time?.delays.watch).toEqual(delay)
  })

  it.each([
    ['time.horizon', { time: { horizon: 0 } }],
    ['time.horizon', { time: { horizon: '-5s' } }],
    ['time.horizon', { time: { horizon: '9999h' } }],
    ['time.delays.watch', { time: { ...HORIZON, delays: { watch: -1 } } }],
    ['time.delays.watch', { time: { ...HORIZON, delays: { watch: 'soon' } } }],
    ['time.delays.watch.uniform', { time: { ...HORIZON, delays: { watch: { uniform: ['1s', '-1s'] } } } }],
    ['time.delays.watch', { time: { ...HORIZON, delays: { watch: { uniform: ['2s', '1s'] } } } }],
    [
      'time.delays.watch.lognormal',
      { time: { ...HORIZON, delays: { watch: { lognormal: { median: '0s', p99: '1s' } } } } },
    ],
    [
      'time.delays.watch.lognormal',
      { time: { ...HORIZON, delays: { watch: { lognormal: { median: '2s', p99: '1s' } } } } },
    ],
    ['time.delays.watch.empirical', { time: { ...HORIZON, delays: { watch: { empirical: [[1.5, '1s']] } } } }],
    [
      'time.delays.watch.empirical',
      {
        time: {
          ...HORIZON,
          delays: {
            watch: {
              empirical: [
                [0.5, '2s'],
                [0.9, '1s'],
              ],
            },
          },
        },
      },
    ],
    ['time.controllers.nodeMonitorPeriod', { time: { ...HORIZON, controllers: { nodeMonitorPeriod: 0 } } }],
    ['pods.readiness.period', { time: HORIZON, pods: { readiness: { period: 0 } } }],
    ['pods.maxSurge', { time: HORIZON, pods: { maxSurge: '101%' } }],
    ['pods.preStop', { time: HORIZON, pods: { preStop: '-1s' } }],
    ['churn.podsPerSecond', { time: HORIZON, churn: { podsPerSecond: -1 } }],
    ['actions', { actions: [{ at: 0, drain: { node: 'node-0' } }] }],
    ['churn', { churn: { podsPerSecond: 1 } }],
    ['actions[0].at', { time: HORIZON, actions: [{ at: '11m', drain: { node: 'node-0' } }] }],
    ['actions[0].scale.replicas', { time: HORIZON, actions: [{ at: 1, scale: { workload: 'a', replicas: -1 } }] }],
    ['actions[0]', { time: HORIZON, actions: [{ at: 1, explode: {} }] }],
  ])('refuses %s of %j by its place', (place, more) => {
    const text = refusal(more)
    expect(text).toContain(`x.yaml: ${place}`)
    expect(text).not.toMatch(/undefined|\[object/)
  })
})
