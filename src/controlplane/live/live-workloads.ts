/**
 * The controllers of workloads over time. Whoever touches a workload or one of its pods wakes it: its controller looks at it a delay
 * later, once for all that happened until then, and does the next step of its strategy. What it decides is pure (rollout.ts,
 * ordered-step.ts); here it is carried out, and rollouts are watched for their progress.
 */
import type { Workload } from '../../cluster/objects.ts'
import { objectKey } from '../../cluster/objects.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { TimerQueue } from '../../sim/timer-queue.ts'
import type { ClusterStore } from '../cluster-store.ts'
import { kindKey } from '../cluster-store.ts'
import type { GeneratedNames } from '../generated-name.ts'
import type { HeldWorkload } from '../workload-controller.ts'
import { makePod, podTemplate, sameTemplate } from '../workload-pods.ts'
import { ACTOR, type Delays } from './delays.ts'
import type { LivePod } from './live-pod.ts'
import { isLeaving } from './live-pod.ts'
import type { LivePods } from './live-pods.ts'
import type { LiveWorkload, Rollout } from './live-workload.ts'
import { orderedStep } from './ordered-step.ts'
import type { LiveBehaviour } from './pod-behaviour.ts'
import { type RolloutPod, rolloutLimits, rolloutStep } from './rollout.ts'
import { TIMER } from './timer-kind.ts'

export class LiveWorkloads {
  readonly rollouts: Rollout[] = []
  readonly #store: ClusterStore
  readonly #queue: TimerQueue
  readonly #delays: Delays
  readonly #names: GeneratedNames
  readonly #pods: LivePods
  readonly #behaviourOf: (workload: Workload) => LiveBehaviour
  readonly #progressDeadlineUs: TimeUs
  readonly #all: LiveWorkload[] = []
  readonly #byKey = new Map<string, LiveWorkload>()

  constructor(parts: {
    readonly store: ClusterStore
    readonly queue: TimerQueue
    readonly delays: Delays
    readonly names: GeneratedNames
    readonly pods: LivePods
    readonly behaviourOf: (workload: Workload) => LiveBehaviour
    readonly progressDeadlineUs: TimeUs
  }) {
    this.#store = parts.store
    this.#queue = parts.queue
    this.#delays = parts.delays
    this.#names = parts.names
    this.#pods = parts.pods
    this.#behaviourOf = parts.behaviourOf
    this.#progressDeadlineUs = parts.progressDeadlineUs
  }

  get all(): readonly LiveWorkload[] {
    return this.#all
  }

  /** What stands when time begins. */
  adopt({ template, pods }: HeldWorkload): LiveWorkload {
    const known = this.#add(template.workload)
    for (const key of pods) {
      const object = this.#store.pod(key)!
      known.pods.add(this.#pods.adopt(object, known.number, known.revision, known.behaviour))
    }
    return known
  }

  /** The API server has the workload as `workload` says. */
  put(workload: Workload): void {
    const known = this.#byKey.get(kindKey(workload))
    if (known === undefined) {
      const added = this.#add(workload)
      this.#startRollout(added)
      this.#wake(added)
      return
    }
    const before = known.template.workload
    if (!sameTemplate(before, workload)) known.revision++
    const isChanged = before.replicas !== workload.replicas || !sameTemplate(before, workload) || known.isGone
    known.isGone = false
    known.template = podTemplate(workload)
    known.behaviour = this.#behaviourOf(workload)
    if (isChanged) this.#startRollout(known)
    this.#wake(known)
  }

  remove(workload: Workload): void {
    const known = this.#byKey.get(kindKey(workload))
    if (known === undefined) return
    known.isGone = true
    this.#wake(known)
  }

  scale(known: LiveWorkload, replicas: number): void {
    if (known.isGone || known.template.workload.kind === 'DaemonSet') return
    const workload = { ...known.template.workload, replicas }
    this.#store.put(workload)
    this.put(workload)
  }

  /** kubectl rollout restart: the same template, made anew. */
  restart(known: LiveWorkload): void {
    if (known.isGone) return
    known.revision++
    this.#startRollout(known)
    this.#wake(known)
  }

  nodesAdded(): void {
    for (const known of this.#all) if (known.template.workload.kind === 'DaemonSet') this.#wake(known)
  }

  podChanged(pod: LivePod): void {
    const known = this.#all[pod.workload]
    if (known === undefined) return
    if (pod.isRemoved) {
      known.pods.delete(pod)
      known.leaving.delete(pod)
    } else if (isLeaving(pod) && known.pods.delete(pod)) known.leaving.add(pod)
    this.#wake(known)
    // It counts as available only after it was ready for a while.
    const waitUs = known.behaviour.minReadyUs
    if (waitUs > 0 && pod.readyUs === this.#store.nowUs)
      this.#queue.set(this.#store.nowUs + waitUs, TIMER.workload, known.number)
  }

  look(number: number): void {
    const known = this.#all[number]
    known.dueUs = Infinity
    if (known.isGone) for (const pod of [...known.pods]) this.#pods.remove(pod)
    else if (known.template.workload.kind === 'StatefulSet') this.#stepOrdered(known)
    else if (known.template.workload.kind === 'DaemonSet') this.#stepDaemons(known)
    else this.#stepReplicated(known)
    this.#followRollout(known)
  }

  /** Nothing came of a rollout for its deadline: it is stuck, though it may yet go on. */
  checkProgress(number: number): void {
    const { rollout } = this.#all[number]
    if (rollout === undefined || rollout.stuckUs < Infinity) return
    const deadlineUs = rollout.progressUs + this.#progressDeadlineUs
    if (deadlineUs <= this.#store.nowUs) rollout.stuckUs = this.#store.nowUs
    else this.#queue.set(deadlineUs, TIMER.progressDeadline, number)
  }

  #add(workload: Workload): LiveWorkload {
    const known: LiveWorkload = {
      number: this.#all.length,
      key: kindKey(workload),
      template: podTemplate(workload),
      behaviour: this.#behaviourOf(workload),
      revision: 0,
      isGone: false,
      pods: new Set(),
      leaving: new Set(),
      dueUs: Infinity,
      looks: 0,
      rollout: undefined,
    }
    this.#all.push(known)
    this.#byKey.set(known.key, known)
    return known
  }

  #wake(known: LiveWorkload): void {
    if (known.dueUs < Infinity) return
    const nth = known.looks++
    known.dueUs =
      this.#store.nowUs +
      this.#delays.us('controller', ACTOR.workload, known.number, nth) +
      this.#delays.us('apiCall', ACTOR.workload, known.number, nth)
    this.#queue.set(known.dueUs, TIMER.workload, known.number)
  }

  #stepReplicated(known: LiveWorkload): void {
    const { replicas, kind } = known.template.workload
    const { maxSurge, maxUnavailable } = known.behaviour
    // A ReplicaSet never replaces pods for another template.
    const pods = this.#seen(known).map(p => (kind === 'ReplicaSet' ? { ...p, isNew: true } : p))
    const { createCount, remove } = rolloutStep(pods, rolloutLimits(replicas, maxSurge, maxUnavailable))
    for (const number of remove) this.#pods.remove(this.#pods.byNumber(number))
    for (let i = 0; i < createCount; i++) this.#create(known, 0, '')
  }

  #stepOrdered(known: LiveWorkload): void {
    const { workload } = known.template
    const prefix = `${objectKey(workload)}-`
    const pods = this.#seen(known).map(p => ({
      ...p,
      ordinal: Number(this.#pods.byNumber(p.number).key.slice(prefix.length)),
    }))
    const { create, remove } = orderedStep(pods, workload.replicas, known.leaving.size)
    if (remove !== undefined) this.#pods.remove(this.#pods.byNumber(remove))
    if (create !== undefined) this.#create(known, create, '')
  }

  /** A pod on every node; a new template replaces maxUnavailable of them at a time. */
  #stepDaemons(known: LiveWorkload): void {
    const covered = new Set([...known.pods, ...known.leaving].map(p => this.#store.pod(p.key)!.nodeName))
    for (const nodeName of this.#store.state.nodes.keys()) if (!covered.has(nodeName)) this.#create(known, 0, nodeName)
    const pods = this.#seen(known)
    const down = pods.filter(p => !p.isAvailable).length + known.leaving.size
    const { maxSurge, maxUnavailable } = rolloutLimits(pods.length, 0, known.behaviour.maxUnavailable)
    const old = pods.filter(p => !p.isNew)
    const unavailable = old.filter(p => !p.isAvailable)
    const available = old.filter(p => p.isAvailable).slice(0, Math.max(0, maxSurge + maxUnavailable - down))
    for (const { number } of [...unavailable, ...available]) this.#pods.remove(this.#pods.byNumber(number))
  }

  #seen(known: LiveWorkload): RolloutPod[] {
    const availableSinceUs = this.#store.nowUs - known.behaviour.minReadyUs
    return Array.from(known.pods, pod => ({
      number: pod.number,
      isNew: pod.revision === known.revision,
      isBound: pod.node !== '',
      isAvailable: pod.readyUs <= availableSinceUs,
      readyUs: pod.readyUs,
    }))
  }

  #create(known: LiveWorkload, ordinal: number, nodeName: string): void {
    const { pod: object } = makePod(known.template, ordinal, this.#names, key => this.#store.pod(key) !== undefined)
    const pod = this.#pods.create({ ...object, nodeName }, known.number, known.revision, known.behaviour)
    known.pods.add(pod)
  }

  #startRollout(known: LiveWorkload): void {
    const startUs = this.#store.nowUs
    if (known.rollout !== undefined) {
      known.rollout.endUs = startUs
      known.rollout.isSuperseded = true
    }
    known.rollout = {
      workload: known.key,
      startUs,
      progressUs: startUs,
      progress: -Infinity,
      stuckUs: Infinity,
      endUs: Infinity,
      isSuperseded: false,
    }
    this.rollouts.push(known.rollout)
    this.#queue.set(startUs + this.#progressDeadlineUs, TIMER.progressDeadline, known.number)
  }

  #followRollout(known: LiveWorkload): void {
    const { rollout } = known
    if (rollout === undefined) return
    const { kind, replicas } = known.template.workload
    const asked = kind === 'DaemonSet' ? this.#store.state.nodes.size : replicas
    const pods = this.#seen(known)
    const fresh = pods.filter(p => p.isNew && p.isAvailable).length
    const old = pods.length - pods.filter(p => p.isNew).length
    if (fresh - old > rollout.progress) {
      rollout.progress = fresh - old
      rollout.progressUs = this.#store.nowUs
    }
    if (fresh === asked && pods.length === asked) {
      rollout.endUs = this.#store.nowUs
      known.rollout = undefined
    }
  }
}
