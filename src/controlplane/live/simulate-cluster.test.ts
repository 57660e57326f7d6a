import { describe, expect, it } from 'vitest'
import {
  endpointWord,
  FIXED_DELAYS,
  oneDeployment,
  podEvents,
  simulate,
  simulationProblem,
  sliceEvents,
} from '../../../test/run-simulation.ts'
import { emptyState, evolve } from '../../cluster/cluster-state.ts'

const S = 1_000_000
const seconds = (us: number): number => us / S

describe('a cluster over time', () => {
  it('stands still when nothing happens', () => {
    const { events, lives, timers } = simulate(oneDeployment(3))
    expect(events.every(e => e.timeUs === 0)).toBe(true)
    expect(timers).toBe(0)
    expect(lives).toHaveLength(3)
    expect(lives[0]).toMatchObject({ upUs: 0, readyUs: 0, terminatingUs: Infinity, downUs: Infinity, goneUs: Infinity })
  })

  it('scales up: created, bound, started, probed, and in the slice', () => {
    const { events } = simulate(oneDeployment(1, { actions: [{ at: 10, scale: { workload: 'web-0', replicas: 2 } }] }))
    const story = podEvents(events)
      .filter(e => e.timeUs > 0)
      .map(e => [seconds(e.timeUs), e.type, e.object.nodeName !== '', e.object.podIPs.length, e.object.ready])
    // Controller and write 0.11 s; scheduled and written 0.01 s; heard 0.05 s, started 2 s; noticed and written 0.51 s. Up 1 s after
    // the start at 12.17 s, probed at 22.17 s and written.
    expect(story).toEqual([
      [10.11, 'ADDED', false, 0, false],
      [10.12, 'MODIFIED', true, 0, false],
      [12.68, 'MODIFIED', true, 1, false],
      [22.18, 'MODIFIED', true, 1, true],
    ])
    const slices = sliceEvents(events).filter(e => e.timeUs > 0)
    expect(
      slices.map(e => [seconds(e.timeUs), seconds(e.object.lastChangeTriggerUs!), endpointWord(e.object)]),
    ).toEqual([
      [12.79, 12.68, 'Rn'],
      [22.29, 22.18, 'RR'],
    ])
  })

  it('scales down: terminating, gone, removed; the youngest goes', () => {
    const scenario = oneDeployment(2, {
      actions: [{ at: 10, scale: { workload: 'web-0', replicas: 1 } }],
      pods: { preStop: '5s', closeListener: '1s', exit: '2s' },
    })
    const { events, lives } = simulate(scenario)
    const gone = lives.find(l => l.terminatingUs < Infinity)!
    // Deleted at 10.11 s, heard at 10.16 s.
    expect([gone.terminatingUs, gone.downUs, gone.goneUs].map(seconds)).toEqual([10.11, 16.16, 17.16])
    const story = podEvents(events).filter(e => e.timeUs > 0)
    expect(story.map(e => [seconds(e.timeUs), e.type, e.object.terminating, e.object.phase])).toEqual([
      [10.11, 'MODIFIED', true, 'Running'],
      [17.67, 'MODIFIED', true, 'Succeeded'],
      [17.68, 'DELETED', true, 'Succeeded'],
    ])
    const slices = sliceEvents(events).filter(e => e.timeUs > 0)
    expect(slices.map(e => [seconds(e.timeUs), endpointWord(e.object)])).toEqual([
      [10.22, 'RT'],
      [17.78, 'R'],
    ])
  })

  it('rolls out within its limits, and says when it was done', () => {
    const { events, rollouts, state } = simulate(
      oneDeployment(4, {
        actions: [{ at: 5, rollout: { workload: 'web-*' } }],
        time: { horizon: '300s', delays: FIXED_DELAYS },
      }),
    )
    let pods = emptyState()
    let fewestReady = Infinity
    let most = 0
    for (const event of events) {
      pods = evolve(pods, event)
      if (event.timeUs === 0) continue
      const alive = [...pods.pods.values()].map(p => p.object).filter(p => !p.terminating)
      fewestReady = Math.min(fewestReady, alive.filter(p => p.ready).length)
      most = Math.max(most, alive.length)
    }
    expect([fewestReady, most]).toEqual([3, 5])
    expect(state.pods.size).toBe(4)
    expect(rollouts).toHaveLength(1)
    expect(rollouts[0]).toMatchObject({
      workload: 'Deployment/default/web-0',
      startUs: 5 * S,
      isSuperseded: false,
      stuckUs: Infinity,
    })
    expect(rollouts[0].endUs).toBeLessThan(60 * S)
  })

  it('calls a rollout stuck that finds no room, and ends all the same', () => {
    const { rollouts, pendingPods } = simulate(
      oneDeployment(4, {
        cluster: { nodes: 1, maxPodsPerNode: 4, workloads: [{ name: 'web', replicas: 4, service: {} }] },
        pods: { maxSurge: 1, maxUnavailable: 0 },
        actions: [{ at: 5, rollout: { workload: 'web-0' } }],
        time: { horizon: '120s', delays: FIXED_DELAYS, controllers: { progressDeadline: '30s' } },
      }),
    )
    expect(pendingPods).toBe(1)
    expect(rollouts[0].endUs).toBe(Infinity)
    expect(seconds(rollouts[0].stuckUs)).toBe(35.11)
  })

  it('loses a node: not ready after the grace period, its pods evicted, others in their place', () => {
    const { state, outages, lives, events } = simulate(
      oneDeployment(3, {
        actions: [{ at: 20, failNode: { node: 'node-1' } }],
        time: { horizon: '600s', delays: FIXED_DELAYS, controllers: { evictAfter: '100s' } },
      }),
    )
    expect(outages).toHaveLength(1)
    // The lease was up to 10 s old, the controller looks every 5 s.
    const noticedUs = outages[0].notReadyUs - 20 * S
    expect(noticedUs).toBeGreaterThan(40 * S)
    expect(noticedUs).toBeLessThanOrEqual(55 * S)
    const cut = lives.filter(l => l.cut)
    expect(cut).toMatchObject([{ nodeName: 'node-1', downUs: 20 * S, goneUs: 20 * S }])
    const evicted = podEvents(events).find(e => e.object.terminating)!
    expect(evicted.timeUs).toBe(outages[0].notReadyUs + 100 * S)
    const nodes = [...state.pods.values()].map(p => `${p.object.nodeName} ${p.object.terminating} ${p.object.ready}`)
    expect(nodes.sort()).toEqual(expect.arrayContaining(['node-1 true false']))
    expect(nodes.filter(n => n.endsWith('false true'))).toHaveLength(3)
    expect(endpointWord([...state.endpointSlices.values()][0].object)).toBe('RRRt')
  })

  it('takes a node back: its pods start again', () => {
    const { state, lives } = simulate(
      oneDeployment(3, {
        actions: [
          { at: 20, failNode: { node: 'node-1' } },
          { at: 100, recoverNode: { node: 'node-1' } },
        ],
      }),
    )
    expect([...state.nodes.values()].every(n => n.object.ready)).toBe(true)
    expect([...state.pods.values()].every(p => p.object.ready)).toBe(true)
    expect(lives.filter(l => l.nodeName === 'node-1').map(l => [l.cut, seconds(l.upUs), seconds(l.goneUs)])).toEqual([
      [true, 0, 20],
      [false, 103, Infinity],
    ])
  })

  it('drains a node, and does not go back there until it is told', () => {
    const { state } = simulate(oneDeployment(6, { actions: [{ at: 10, drain: { node: 'node-0', interval: '1s' } }] }))
    const places = [...state.pods.values()].map(p => p.object.nodeName)
    expect(places).toHaveLength(6)
    expect(places).not.toContain('node-0')
    expect(state.nodes.get('node-0')!.object.unschedulable).toBe(true)
    const again = simulate(
      oneDeployment(6, {
        actions: [
          { at: 10, drain: { node: 'node-0' } },
          { at: 50, uncordon: { node: 'node-0' } },
          { at: 60, scale: { workload: 'web-0', replicas: 9 } },
        ],
      }),
    )
    expect([...again.state.pods.values()].map(p => p.object.nodeName)).toContain('node-0')
    expect(again.state.nodes.get('node-0')!.object).not.toHaveProperty('unschedulable')
  })

  it('crashes in a loop, with the back-off between', () => {
    const { lives, state } = simulate(
      oneDeployment(1, {
        actions: [{ at: 10, crashLoop: { workload: 'web-0', runs: '5s', times: 3 } }],
        pods: { readiness: { period: '1s' } },
      }),
    )
    // Crash at 10; seen 0.5 s later, restarted at once: up at 11.5, crash at 15.5; then 10 s and 20 s of waiting.
    expect(lives.map(l => [l.upUs, l.goneUs].map(seconds))).toEqual([
      [0, 10],
      [11.5, 15.5],
      [27, 31],
      [52.5, Infinity],
    ])
    expect([...state.pods.values()][0].object.ready).toBe(true)
  })

  it('is not ready by the probe of a run that has crashed', () => {
    const { events } = simulate(
      oneDeployment(0, {
        actions: [
          { at: 10, scale: { workload: 'web-0', replicas: 1 } },
          { at: 15, crashLoop: { workload: 'web-0', times: 1 } },
        ],
      }),
    )
    // Without the crash it would be ready at 22.18 s; seen and restarted at 15.5 s, it is probed at 25.5 s.
    const ready = podEvents(events).filter(e => e.object.ready)
    expect(ready.map(e => seconds(e.timeUs))).toEqual([25.51])
  })

  it('uses room and addresses again and again; who waits for room gets it when somebody leaves', () => {
    const turns = Array.from({ length: 12 }, (_, i) => [
      { at: 10 + 40 * i, scale: { workload: 'web-0', replicas: i % 2 === 0 ? 0 : 3 } },
      { at: 11 + 40 * i, scale: { workload: 'web-1', replicas: i % 2 === 0 ? 3 : 0 } },
    ]).flat()
    const { state, pendingPods, rollouts } = simulate({
      cluster: { nodes: 1, maxPodsPerNode: 3, workloads: [{ name: 'web', count: 2, replicas: 0 }] },
      time: { horizon: '600s', delays: FIXED_DELAYS },
      actions: [{ at: 0, scale: { workload: 'web-0', replicas: 3 } }, ...turns],
    })
    expect(pendingPods).toBe(0)
    expect([...state.pods.values()].map(p => [p.object.labels['app'], p.object.ready])).toEqual(
      Array(3).fill(['web-0', true]),
    )
    expect(rollouts.filter(r => r.endUs === Infinity)).toEqual([])
    const waited = simulate({
      cluster: { nodes: 1, maxPodsPerNode: 2, workloads: [{ name: 'web', count: 2, replicas: 1 }] },
      time: { horizon: '200s', delays: FIXED_DELAYS },
      actions: [
        { at: 10, scale: { workload: 'web-1', replicas: 2 } },
        { at: 100, scale: { workload: 'web-0', replicas: 0 } },
      ],
    })
    const bound = podEvents(waited.events).find(
      e => e.timeUs > 0 && e.object.labels['app'] === 'web-1' && e.object.nodeName !== '',
    )
    // Told at 100.11 s, heard 0.05 s later, seen and written 0.51 s after that.
    expect(seconds(bound!.timeUs)).toBe(100.67)
  })

  it('joins and removes nodes; a DaemonSet follows', () => {
    const { state } = simulate({
      ...oneDeployment(0),
      cluster: { nodes: 2, workloads: [{ name: 'agent', kind: 'DaemonSet' }] },
      actions: [
        { at: 10, joinNodes: { count: 2 } },
        { at: 60, removeNode: { node: 'node-0' } },
      ],
    })
    expect([...state.pods.values()].map(p => [p.object.nodeName, p.object.ready])).toEqual([
      ['node-1', true],
      ['joined-0', true],
      ['joined-1', true],
    ])
  })

  it('scales a StatefulSet before its first pods have been ready for minReadySeconds of simulated time', () => {
    const { state } = simulate({
      cluster: { nodes: 3, workloads: [{ name: 'db', kind: 'StatefulSet', replicas: 2, service: {} }] },
      time: { horizon: '60s' },
      pods: { minReady: '5s' },
      actions: [{ at: '0s', scale: { workload: 'db-0', replicas: 4 } }],
    })
    expect([...state.pods.keys()]).toEqual(['default/db-0-0', 'default/db-0-1', 'default/db-0-2', 'default/db-0-3'])
  })

  it('rolls a StatefulSet from the highest ordinal down, one at a time', () => {
    const { events, rollouts } = simulate({
      ...oneDeployment(0),
      cluster: { nodes: 3, workloads: [{ name: 'db', kind: 'StatefulSet', replicas: 3, service: {} }] },
      actions: [{ at: 5, rollout: { workload: 'db-0' } }],
    })
    const deleted = podEvents(events).filter(e => e.type === 'DELETED')
    expect(deleted.map(e => e.object.name)).toEqual(['db-0-2', 'db-0-1', 'db-0-0'])
    expect(rollouts[0].endUs).toBeLessThan(Infinity)
  })

  it('is the fold of its events, in order of time, and the same every time', () => {
    const scenario = oneDeployment(5, {
      churn: { podsPerSecond: 1 },
      actions: [
        { at: 20, autoscale: { workload: 'web-0', replicas: 40 } },
        { at: 60, failNode: { node: 'node-2' } },
      ],
      time: { horizon: '200s' },
    })
    const { events, state, lives } = simulate(scenario)
    expect(events.map(e => e.sequence)).toEqual(events.map((_, i) => i))
    expect(events.every((e, i) => i === 0 || e.timeUs >= events[i - 1].timeUs)).toBe(true)
    expect(events.at(-1)!.timeUs).toBeLessThanOrEqual(200 * S)
    expect(events.reduce(evolve, emptyState())).toEqual(state)
    const again = simulate(scenario)
    expect(again.events).toEqual(events)
    expect(again.lives).toEqual(lives)
  })

  it.each([
    ['actions[0]', { actions: [{ at: 1, scale: { workload: 'wbe-0', replicas: 1 } }] }],
    ['actions[0]', { actions: [{ at: 1, failNode: { node: 'node-9' } }] }],
    ['actions[0]', { actions: [{ at: 1, deleteService: { service: 'web-9' } }] }],
    ['churn.workload', { churn: { podsPerSecond: 1, workload: 'nobody/*' } }],
  ])('refuses a target that is not there: %s of %j', (place, more) => {
    expect(simulationProblem(oneDeployment(1, more))).toContain(`${place}: `)
  })
})
