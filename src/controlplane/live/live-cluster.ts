/**
 * The cluster that moves: actors that share one store and one timer queue, and the loop that gives each timer to its actor. After every
 * timer the EndpointSlice controller takes note of what changed.
 */
import type { ClusterEvent } from '../../cluster/cluster-event.ts'
import { LifeTracker } from '../../cluster/life-tracker.ts'
import { objectKey } from '../../cluster/objects.ts'
import { badInput, type Problem } from '../../problem/problem.ts'
import { TimerQueue } from '../../sim/timer-queue.ts'
import type { ControlPlane, ControlPlaneInput } from '../control-plane.ts'
import type { ControlPlaneConfig } from '../control-plane-config.ts'
import { Actions } from './actions.ts'
import { Churn } from './churn.ts'
import { Delays } from './delays.ts'
import { LiveNodes } from './live-nodes.ts'
import type { LivePod } from './live-pod.ts'
import { LivePods } from './live-pods.ts'
import { LiveSlices } from './live-slices.ts'
import { LiveWorkloads } from './live-workloads.ts'
import { namePattern } from './name-pattern.ts'
import { outcomeSentences } from './outcome-sentences.ts'
import { podBehaviour } from './pod-behaviour.ts'
import type { SimulatedCluster, TimedScenario } from './simulate-cluster.ts'
import { TIMER } from './timer-kind.ts'

export class LiveCluster {
  readonly #controlPlane: ControlPlane
  readonly #scenario: TimedScenario
  readonly #queue = new TimerQueue()
  readonly #pods: LivePods
  readonly #workloads: LiveWorkloads
  readonly #nodes: LiveNodes
  readonly #slices: LiveSlices
  readonly #actions: Actions
  readonly #churn: Churn | undefined
  /** Does this workload's pods take part in the churn? By its number. */
  readonly #isChurned: (workload: number) => boolean
  readonly #recorded = new LifeTracker()
  #problem: Problem | undefined
  #timers = 0

  constructor(controlPlane: ControlPlane, config: ControlPlaneConfig, scenario: TimedScenario) {
    const { store, placement, names } = controlPlane
    const { time, churn } = scenario
    const { controllers } = time
    const queue = this.#queue
    const delays = new Delays(config.seed, time.delays)
    this.#controlPlane = controlPlane
    this.#scenario = scenario
    store.nowUs = 0
    store.dirtyServices.clear()
    this.#pods = new LivePods(
      {
        store,
        placement,
        queue,
        delays,
        settings: { crashBackOffUs: controllers.crashBackOff, crashBackOffMaxUs: controllers.crashBackOffMax },
      },
      pod => this.#podChanged(pod),
    )
    this.#workloads = new LiveWorkloads({
      store,
      queue,
      delays,
      names,
      pods: this.#pods,
      behaviourOf: workload => podBehaviour(scenario, workload),
      progressDeadlineUs: controllers.progressDeadline,
    })
    this.#nodes = new LiveNodes(
      { store, placement, queue, delays, pods: this.#pods },
      {
        monitorPeriodUs: controllers.nodeMonitorPeriod,
        monitorGraceUs: controllers.nodeMonitorGracePeriod,
        leaseRenewUs: controllers.nodeLeaseRenewPeriod,
        evictAfterUs: controllers.evictAfter,
      },
      key => this.#isDaemon(key),
    )
    this.#slices = new LiveSlices(controlPlane, queue, delays, controllers.endpointUpdatesBatchPeriod)
    this.#actions = new Actions({
      state: store.state,
      admit: batch => this.#admit(batch),
      queue,
      pods: this.#pods,
      workloads: this.#workloads,
      nodes: this.#nodes,
      zones: scenario.cluster.zones,
    })
    this.#churn = churn === undefined ? undefined : new Churn(churn, time.horizon, delays)
    const churned = namePattern(churn?.workload ?? '', 'namespaced')
    this.#isChurned = number => {
      const workload = this.#workloads.all[number]?.template.workload
      return workload !== undefined && churned(objectKey(workload))
    }
    this.#takeOver()
  }

  /** Puts the actions, the churn and the inputs that come later on the queue. */
  schedule(later: readonly (readonly ControlPlaneInput[])[]): Problem | undefined {
    for (const batch of later)
      if (batch[0].timeUs <= this.#scenario.time.horizon) this.#actions.at(batch[0].timeUs, () => this.#admit(batch))
    const first = this.#churn?.nextUs(undefined)
    if (first !== undefined) this.#queue.set(first, TIMER.churn, 0)
    const targeted = this.#scenario.churn?.workload
    if (targeted !== undefined && !this.#workloads.all.some(w => this.#isChurned(w.number)) && later.length === 0)
      return badInput({ field: 'churn.workload' }, `"${targeted}" matches no workload`, 'name one, or use */*')
    return this.#actions.schedule(this.#scenario.actions)
  }

  /** Pods that come with a status of their own are not simulated here: of those only what the events say is known. */
  observe(event: ClusterEvent): void {
    if (event.object.kind === 'Pod' && this.#pods.byKey(objectKey(event.object)) === undefined)
      this.#recorded.observe(event)
  }

  run(): Problem | undefined {
    const { store } = this.#controlPlane
    const horizonUs = this.#scenario.time.horizon
    const queue = this.#queue
    while (queue.nextUs <= horizonUs && this.#problem === undefined) {
      queue.take()
      this.#timers++
      store.nowUs = queue.timeUs
      this.#give(queue.kind, queue.source)
      this.#slices.follow()
    }
    return this.#problem
  }

  result(): SimulatedCluster {
    this.#pods.closeAll()
    return {
      state: this.#controlPlane.store.state,
      warnings: [
        ...this.#controlPlane.warnings,
        ...outcomeSentences(this.#workloads.rollouts, this.#pods.waitingCount),
      ],
      horizonUs: this.#scenario.time.horizon,
      lives: [...this.#pods.lives, ...this.#recorded.lives()],
      outages: this.#nodes.outages,
      rollouts: this.#workloads.rollouts,
      pendingPods: this.#pods.waitingCount,
      timers: this.#timers,
    }
  }

  #give(kind: number, source: number): void {
    switch (kind) {
      case TIMER.step:
        return this.#actions.perform(source)
      case TIMER.churn:
        return this.#beat()
      case TIMER.podExit:
        return this.#pods.exited(source)
      case TIMER.podBound:
        return this.#pods.bound(source)
      case TIMER.podStarted:
        return this.#pods.started(source)
      case TIMER.podReady:
        return this.#pods.ready(source)
      case TIMER.podUnready:
        return this.#pods.unready(source)
      case TIMER.podEnded:
        return this.#pods.ended(source)
      case TIMER.podRemoved:
        return this.#pods.removed(source)
      case TIMER.nodeLost:
        return this.#nodes.lost(source)
      case TIMER.nodeFound:
        return this.#nodes.found(source)
      case TIMER.nodeEvicts:
        return this.#nodes.evicts(source)
      case TIMER.workload:
        return this.#workloads.look(source)
      case TIMER.progressDeadline:
        return this.#workloads.checkProgress(source)
      case TIMER.slices:
        return this.#slices.look(source)
      default:
        throw new Error(`no actor takes timers of kind ${kind}`)
    }
  }

  #admit(batch: readonly ControlPlaneInput[]): void {
    this.#problem ??= this.#controlPlane.admit(batch)
  }

  #beat(): void {
    const churn = this.#churn!
    const pod = churn.choose()
    if (pod !== undefined) this.#pods.remove(pod)
    const next = churn.nextUs(this.#queue.timeUs)
    if (next !== undefined) this.#queue.set(next, TIMER.churn, 0)
  }

  /** From the controllers that follow at once to those that take their time. */
  #takeOver(): void {
    const { store, workloads } = this.#controlPlane
    for (const held of workloads.handOver()) {
      const { pods } = this.#workloads.adopt(held)
      for (const pod of pods) this.#followChurn(pod)
    }
    for (const [key, { object }] of store.state.pods) {
      if (this.#pods.byKey(key) !== undefined) continue
      if (this.#controlPlane.placement.isPlaced(object))
        this.#pods.adopt(object, -1, 0, podBehaviour(this.#scenario, undefined))
      else this.#recorded.observe({ sequence: 0, timeUs: 0, type: 'ADDED', object })
    }
    this.#controlPlane.follower = {
      workloadPut: workload => {
        if (!workloads.isSupplied(workload)) this.#workloads.put(workload)
      },
      workloadRemoved: workload => this.#workloads.remove(workload),
      podRemoved: key => this.#pods.vanish(key),
      nodesAdded: () => {
        this.#workloads.nodesAdded()
        this.#pods.retryWaiting()
      },
      reconcile: () => undefined,
    }
  }

  #podChanged(pod: LivePod): void {
    this.#workloads.podChanged(pod)
    this.#followChurn(pod)
  }

  #followChurn(pod: LivePod): void {
    if (this.#churn !== undefined && this.#isChurned(pod.workload)) this.#churn.follow(pod)
  }

  #isDaemon(podKey: string): boolean {
    const workload = this.#pods.byKey(podKey)?.workload ?? -1
    return this.#workloads.all[workload]?.template.workload.kind === 'DaemonSet'
  }
}
