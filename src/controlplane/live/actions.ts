/**
 * What a scenario makes happen (its `actions`), as steps at instants. Targets are looked up when a step is performed; that they match
 * something at all is checked beforehand.
 */

import type { ClusterState } from '../../cluster/cluster-state.ts'
import type { Service } from '../../cluster/objects.ts'
import { objectKey } from '../../cluster/objects.ts'
import { badInput, type Problem, quoted } from '../../problem/problem.ts'
import type { Action } from '../../scenario/action-spec.ts'
import { syntheticNode } from '../../scenario/synthetic-cluster.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { TimerQueue } from '../../sim/timer-queue.ts'
import type { ControlPlaneInput } from '../control-plane.ts'
import type { LiveNodes } from './live-nodes.ts'
import type { LivePods } from './live-pods.ts'
import type { LiveWorkload } from './live-workload.ts'
import type { LiveWorkloads } from './live-workloads.ts'
import { namePattern } from './name-pattern.ts'
import { TIMER } from './timer-kind.ts'

export class Actions {
  readonly #state: ClusterState
  readonly #admit: (batch: readonly ControlPlaneInput[]) => void
  readonly #queue: TimerQueue
  readonly #pods: LivePods
  readonly #workloads: LiveWorkloads
  readonly #nodes: LiveNodes
  readonly #zones: number
  readonly #steps: (() => void)[] = []
  #joined = 0

  constructor(parts: {
    readonly state: ClusterState
    readonly admit: (batch: readonly ControlPlaneInput[]) => void
    readonly queue: TimerQueue
    readonly pods: LivePods
    readonly workloads: LiveWorkloads
    readonly nodes: LiveNodes
    readonly zones: number
  }) {
    this.#state = parts.state
    this.#admit = parts.admit
    this.#queue = parts.queue
    this.#pods = parts.pods
    this.#workloads = parts.workloads
    this.#nodes = parts.nodes
    this.#zones = parts.zones
  }

  /** Performs `step` at this instant; steps of one instant in the order in which they were given. */
  at(timeUs: TimeUs, step: () => void): void {
    this.#queue.set(timeUs, TIMER.step, this.#steps.length)
    this.#steps.push(step)
  }

  perform(number: number): void {
    this.#steps[number]()
  }

  /** A Problem when a target matches nothing that is there or may join. */
  schedule(actions: readonly Action[]): Problem | undefined {
    const mayJoin = actions.some(a => 'joinNodes' in a)
    for (const [i, action] of actions.entries()) {
      const missing = this.#missingTarget(action, mayJoin)
      if (missing !== undefined)
        return badInput(
          { field: `actions[${i}]` },
          `${quoted(missing)} matches nothing`,
          'svcsim get shows what there is',
        )
      this.at(action.at, () => this.#do(action))
    }
    return undefined
  }

  #missingTarget(action: Action, mayJoin: boolean): string | undefined {
    const [, target] = Object.entries(action).find(([verb]) => verb !== 'at') as [
      string,
      Readonly<Record<string, unknown>>,
    ]
    const { workload, node, service } = target
    if (typeof workload === 'string') return this.#workloadsLike(workload).length > 0 ? undefined : workload
    if (typeof node === 'string') return mayJoin || this.#nodesLike(node).length > 0 ? undefined : node
    if (typeof service === 'string') return this.#servicesLike(service).length > 0 ? undefined : service
    return undefined
  }

  #do(action: Action): void {
    if ('scale' in action)
      for (const workload of this.#workloadsLike(action.scale.workload))
        this.#workloads.scale(workload, action.scale.replicas)
    else if ('autoscale' in action)
      for (const workload of this.#workloadsLike(action.autoscale.workload)) this.#autoscale(workload, action.autoscale)
    else if ('rollout' in action)
      for (const workload of this.#workloadsLike(action.rollout.workload)) this.#workloads.restart(workload)
    else if ('crashLoop' in action) {
      const { runs, times, pods } = action.crashLoop
      for (const workload of this.#workloadsLike(action.crashLoop.workload))
        for (const pod of [...workload.pods].slice(0, pods)) this.#pods.crash(pod, runs, times)
    } else if ('drain' in action) {
      for (const name of this.#nodesLike(action.drain.node)) this.#drain(name, action.drain.interval)
    } else if ('uncordon' in action)
      for (const name of this.#nodesLike(action.uncordon.node)) this.#nodes.uncordon(name)
    else if ('failNode' in action) for (const name of this.#nodesLike(action.failNode.node)) this.#nodes.fail(name)
    else if ('recoverNode' in action)
      for (const name of this.#nodesLike(action.recoverNode.node)) this.#nodes.recover(name)
    else if ('removeNode' in action)
      for (const name of this.#nodesLike(action.removeNode.node)) this.#nodes.remove(name)
    else if ('joinNodes' in action) this.#join(action.joinNodes.count)
    else this.#deleteServices(action.deleteService.service)
  }

  /** One step of the way now, the next a period later. */
  #autoscale(workload: LiveWorkload, spec: AutoscaleSpec): void {
    const { replicas } = workload.template.workload
    if (workload.isGone || replicas === spec.replicas) return
    const most = Math.max(replicas + spec.pods, Math.floor(replicas * (1 + spec.percent / 100)))
    this.#workloads.scale(workload, spec.replicas < replicas ? spec.replicas : Math.min(spec.replicas, most))
    this.at(this.#queue.timeUs + spec.period, () => this.#autoscale(workload, spec))
  }

  #drain(name: string, intervalUs: TimeUs): void {
    this.#nodes.cordon(name)
    for (const [i, key] of this.#nodes.evictable(name).entries())
      if (intervalUs === 0) this.#nodes.evict(key)
      else this.at(this.#queue.timeUs + i * intervalUs, () => this.#nodes.evict(key))
  }

  #join(count: number): void {
    const batch = Array.from({ length: count }, () => {
      const object = syntheticNode(`joined-${this.#joined}`, this.#joined % this.#zones)
      this.#joined++
      return { timeUs: this.#queue.timeUs, type: 'ADDED' as const, object }
    })
    this.#admit(batch)
  }

  #deleteServices(pattern: string): void {
    const timeUs = this.#queue.timeUs
    const batch = this.#servicesLike(pattern).map(object => ({ timeUs, type: 'DELETED' as const, object }))
    if (batch.length > 0) this.#admit(batch)
  }

  #workloadsLike(pattern: string): readonly LiveWorkload[] {
    const matches = namePattern(pattern, 'namespaced')
    return this.#workloads.all.filter(w => matches(objectKey(w.template.workload)))
  }

  #nodesLike(pattern: string): readonly string[] {
    return [...this.#state.nodes.keys()].filter(namePattern(pattern, 'cluster'))
  }

  #servicesLike(pattern: string): readonly Service[] {
    const matches = namePattern(pattern, 'namespaced')
    return Array.from(this.#state.services.values(), s => s.object).filter(s => matches(objectKey(s)))
  }
}

type AutoscaleSpec = Extract<Action, { autoscale: unknown }>['autoscale']
