/**
 * Scheduler and kubelets over time: a pod is created, gets a node, starts, is probed ready, crashes and is restarted, is deleted and goes
 * down. Every step is one timer; what the API server then knows is written to the store, what really happened becomes an EndpointLife.
 * Deviations: a pod without room waits until a pod leaves or a node comes; while a pod goes down its probe may only fail.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { EndpointLife } from '../../cluster/endpoint-lives.ts'
import type { Pod } from '../../cluster/objects.ts'
import { objectKey } from '../../cluster/objects.ts'
import { SECOND_US, type TimeUs } from '../../sim/time.ts'
import type { TimerQueue } from '../../sim/timer-queue.ts'
import type { ClusterStore } from '../cluster-store.ts'
import type { PodPlacement } from '../pod-placement.ts'
import { ACTOR, type DelayName, type Delays } from './delays.ts'
import { isLeaving, type LivePod, lifeOf, newLivePod } from './live-pod.ts'
import type { LiveBehaviour } from './pod-behaviour.ts'
import { crashBackOffUs, probedReadyUs, probedUnreadyUs, terminate } from './pod-clock.ts'
import { TIMER } from './timer-kind.ts'

/** kube-controller-manager's and the kubelet's own settings that pods wait for. */
export interface PodSettings {
  readonly crashBackOffUs: TimeUs
  readonly crashBackOffMaxUs: TimeUs
}

/** A sandbox without an address is tried again after this (the kubelet's sync period of a failing pod is about as long). */
const ADDRESS_RETRY_US = 10 * SECOND_US

/** Draws of one delay for the runs of one pod stand so far apart that the purposes below never meet. */
const PURPOSES = 16

export class LivePods {
  readonly lives: EndpointLife[] = []
  readonly #store: ClusterStore
  readonly #placement: PodPlacement
  readonly #queue: TimerQueue
  readonly #delays: Delays
  readonly #settings: PodSettings
  /** A pod's readiness, or that it is there at all, has changed. */
  readonly #changed: (pod: LivePod) => void
  readonly #pods: LivePod[] = []
  readonly #numberOf = new Map<string, number>()
  /** Numbers of pods that found no room, in the order of their failing. */
  readonly #waiting = new Set<number>()

  constructor(
    parts: {
      readonly store: ClusterStore
      readonly placement: PodPlacement
      readonly queue: TimerQueue
      readonly delays: Delays
      readonly settings: PodSettings
    },
    changed: (pod: LivePod) => void,
  ) {
    this.#store = parts.store
    this.#placement = parts.placement
    this.#queue = parts.queue
    this.#delays = parts.delays
    this.#settings = parts.settings
    this.#changed = changed
  }

  get count(): number {
    return this.#pods.length
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  byNumber(number: number): LivePod {
    return this.#pods[number]
  }

  byKey(key: string): LivePod | undefined {
    const number = this.#numberOf.get(key)
    return number === undefined ? undefined : this.#pods[number]
  }

  /** A pod that stands when time begins; its probe has been running for a random part of its period. */
  adopt(object: Pod, workload: number, revision: number, behaviour: LiveBehaviour): LivePod {
    const pod = this.#register(object, workload, revision, behaviour)
    pod.node = object.nodeName
    pod.addresses = object.hostNetwork ? [] : object.podIPs
    pod.startUs = -Math.floor(this.#delays.fraction('probe phase', ACTOR.pod, pod.number, 0) * behaviour.probe.periodUs)
    pod.upUs = 0
    if (object.ready) {
      // For long enough to be available: nobody would look at it again otherwise.
      pod.readyUs = -behaviour.minReadyUs
      pod.lifeReadyUs = 0
    }
    return pod
  }

  /** The API server has a new Pod; `object` names its node only when it must be on that one. */
  create(object: Pod, workload: number, revision: number, behaviour: LiveBehaviour): LivePod {
    const pod = this.#register(object, workload, revision, behaviour)
    this.#store.put(object)
    const boundUs = this.#now + this.#us('schedule', pod, 0) + this.#us('apiCall', pod, 0)
    this.#queue.set(boundUs, TIMER.podBound, pod.number)
    return pod
  }

  /** The API server is asked to delete it. */
  remove(pod: LivePod): void {
    if (isLeaving(pod)) return
    pod.terminatingUs = this.#now
    pod.readyDueUs = Infinity
    if (pod.node === '') this.#removeObject(pod)
    else {
      this.#store.put({ ...this.#object(pod), terminating: true })
      if (!pod.isLost) this.#goDown(pod, this.#now + this.#us('watch', pod, 2))
    }
    this.#changed(pod)
  }

  /** Its container crashes now and `times - 1` times more, each after it ran for `runUs`. */
  crash(pod: LivePod, runUs: TimeUs, times: number): void {
    if (isLeaving(pod) || pod.isLost || pod.startUs > this.#now) return
    pod.crashRunUs = runUs
    pod.crashesLeft = times
    this.#crashNow(pod)
  }

  /** The machine of `node` is gone, and every process on it. */
  lose(node: string): void {
    for (const pod of this.#onNode(node)) {
      if (pod.isLost || pod.isRemoved) continue
      pod.isLost = true
      const wasAlive = pod.goneUs > this.#now
      this.#endRun(pod, Math.min(pod.downUs, this.#now), Math.min(pod.goneUs, this.#now), wasAlive)
      pod.startedDueUs = pod.readyDueUs = pod.exitDueUs = Infinity
      pod.unreadyDueUs = pod.endedDueUs = pod.removedDueUs = Infinity
    }
  }

  /** The node controller no longer believes in the pods of `node`: not ready, by its own word. */
  markUnready(node: string): void {
    for (const pod of this.#onNode(node)) if (!pod.isRemoved) this.#writeUnready(pod)
  }

  /** The machine is back: what was to go is gone, everything else starts anew under its old address. */
  find(node: string): void {
    for (const pod of this.#onNode(node)) {
      if (!pod.isLost || pod.isRemoved) continue
      pod.isLost = false
      if (pod.terminatingUs < Infinity) this.#due(pod, 'endedDueUs', TIMER.podEnded, this.#us('apiCall', pod, 3))
      else {
        this.#due(pod, 'unreadyDueUs', TIMER.podUnready, this.#us('apiCall', pod, 4))
        this.#startRun(pod, this.#now + this.#us('podStart', pod, 0))
      }
    }
  }

  /** The Node object is gone, and the garbage collector with it takes its pods. */
  drop(node: string): void {
    this.lose(node)
    for (const pod of this.#onNode(node)) {
      if (pod.isRemoved) continue
      if (pod.node !== '') this.#placement.release(this.#object(pod))
      this.#removeObject(pod)
      this.#changed(pod)
    }
  }

  /** Somebody else has deleted the object: an input of the run. */
  vanish(key: string): void {
    const pod = this.byKey(key)
    if (pod === undefined) return
    this.#endRun(pod, Math.min(pod.downUs, this.#now), Math.min(pod.goneUs, this.#now), false)
    pod.isRemoved = true
    this.#waiting.delete(pod.number)
    this.#numberOf.delete(key)
    this.#changed(pod)
  }

  /** There may be room again. */
  retryWaiting(): void {
    for (const number of this.#waiting) {
      if (!this.#placement.hasReadyRoom) return
      this.#waiting.delete(number)
      this.bound(number)
    }
  }

  bound(number: number): void {
    const pod = this.#pods[number]
    if (isLeaving(pod)) return
    const object = this.#placement.bind(this.#object(pod))
    if (object === undefined) {
      this.#waiting.add(number)
      return
    }
    pod.node = object.nodeName
    this.#store.put(object)
    this.#startRun(pod, this.#now + this.#us('watch', pod, 0) + this.#us('podStart', pod, 0))
  }

  started(number: number): void {
    const pod = this.#pods[number]
    if (pod.startedDueUs !== this.#now || isLeaving(pod)) return
    if (pod.addresses.length === 0) {
      const object = this.#placement.start(this.#object(pod), {})
      if (E.isLeft(object)) {
        this.#startRun(pod, this.#now + ADDRESS_RETRY_US)
        return
      }
      this.#store.put(object.right)
      if (!object.right.hostNetwork) pod.addresses = object.right.podIPs
    }
  }

  ready(number: number): void {
    const pod = this.#pods[number]
    if (pod.readyDueUs !== this.#now || isLeaving(pod)) return
    pod.readyUs = this.#now
    pod.lifeReadyUs = Math.min(pod.lifeReadyUs, this.#now)
    this.#store.put({ ...this.#object(pod), ready: true })
    this.#changed(pod)
  }

  unready(number: number): void {
    const pod = this.#pods[number]
    if (pod.unreadyDueUs === this.#now && !pod.isRemoved) this.#writeUnready(pod)
  }

  exited(number: number): void {
    const pod = this.#pods[number]
    if (pod.exitDueUs === this.#now && !isLeaving(pod)) this.#crashNow(pod)
  }

  /** The kubelet says that all its containers have ended. */
  ended(number: number): void {
    const pod = this.#pods[number]
    if (pod.endedDueUs !== this.#now) return
    this.#endRun(pod, pod.downUs, pod.goneUs, false)
    const object = this.#object(pod)
    this.#placement.release(object)
    this.#store.put({ ...object, phase: 'Succeeded', ready: false })
    this.#due(pod, 'removedDueUs', TIMER.podRemoved, this.#us('apiCall', pod, 5))
    this.retryWaiting()
  }

  removed(number: number): void {
    const pod = this.#pods[number]
    if (pod.removedDueUs !== this.#now || pod.isRemoved) return
    this.#removeObject(pod)
    this.#changed(pod)
  }

  /** Runs that have not ended: they go on past the horizon. */
  closeAll(): void {
    for (const pod of this.#pods) if (!pod.isLost) this.#endRun(pod, pod.downUs, pod.goneUs, false)
  }

  get #now(): TimeUs {
    return this.#store.nowUs
  }

  #us(name: DelayName, pod: LivePod, purpose: number): TimeUs {
    return this.#delays.us(name, ACTOR.pod, pod.number, pod.runs * PURPOSES + purpose)
  }

  #due(
    pod: LivePod,
    what: 'startedDueUs' | 'readyDueUs' | 'unreadyDueUs' | 'exitDueUs' | 'endedDueUs' | 'removedDueUs',
    kind: number,
    inUs: TimeUs,
  ): void {
    pod[what] = this.#now + inUs
    this.#queue.set(pod[what], kind, pod.number)
  }

  #object(pod: LivePod): Pod {
    return this.#store.pod(pod.key)!
  }

  *#onNode(node: string): Generator<LivePod> {
    for (const { namespace, name } of this.#store.podsOn(node)) {
      const pod = this.byKey(objectKey({ namespace, name }))
      if (pod !== undefined) yield pod
    }
  }

  #register(object: Pod, workload: number, revision: number, behaviour: LiveBehaviour): LivePod {
    const key = objectKey(object)
    const pod = newLivePod({ number: this.#pods.length, key, workload, revision, behaviour })
    this.#pods.push(pod)
    this.#numberOf.set(key, pod.number)
    return pod
  }

  /** The container starts at `startUs`; the kubelet's word on it follows. */
  #startRun(pod: LivePod, startUs: TimeUs): void {
    pod.runs++
    pod.startUs = startUs
    pod.upUs = startUs + this.#us('appStart', pod, 0)
    pod.downUs = pod.goneUs = pod.lifeReadyUs = Infinity
    const toldUs = startUs + this.#us('containerObserve', pod, 0) + this.#us('apiCall', pod, 1)
    this.#due(pod, 'startedDueUs', TIMER.podStarted, toldUs - this.#now)
    if (pod.crashesLeft > 0) this.#due(pod, 'exitDueUs', TIMER.podExit, startUs + pod.crashRunUs - this.#now)
    const readyUs = probedReadyUs(pod.behaviour.probe, startUs, pod.upUs)
    if (pod.crashesLeft === 0 || readyUs < pod.exitDueUs)
      this.#due(pod, 'readyDueUs', TIMER.podReady, Math.max(toldUs, readyUs + this.#us('apiCall', pod, 2)) - this.#now)
  }

  #crashNow(pod: LivePod): void {
    this.#endRun(pod, this.#now, this.#now, false)
    pod.crashesLeft--
    pod.readyDueUs = pod.exitDueUs = Infinity
    const seenUs = this.#us('containerObserve', pod, 1)
    this.#due(pod, 'unreadyDueUs', TIMER.podUnready, seenUs + this.#us('apiCall', pod, 4))
    const waitUs = crashBackOffUs(pod.restarts++, this.#settings.crashBackOffUs, this.#settings.crashBackOffMaxUs)
    this.#startRun(pod, this.#now + seenUs + waitUs)
  }

  #goDown(pod: LivePod, heardUs: TimeUs): void {
    const { behaviour } = pod
    pod.exitDueUs = Infinity
    if (pod.startUs >= heardUs) {
      pod.startUs = pod.upUs = Infinity
      this.#due(pod, 'endedDueUs', TIMER.podEnded, heardUs + this.#us('apiCall', pod, 3) - this.#now)
      return
    }
    const { downUs, goneUs } = terminate(
      heardUs,
      behaviour,
      this.#delays.of(behaviour.closeListener, 'closeListener', ACTOR.pod, pod.number, pod.runs),
      this.#delays.of(behaviour.exit, 'exit', ACTOR.pod, pod.number, pod.runs),
    )
    pod.downUs = Math.min(pod.downUs, downUs)
    pod.goneUs = Math.min(pod.goneUs, goneUs)
    const toldUs = goneUs + this.#us('containerObserve', pod, 2) + this.#us('apiCall', pod, 3)
    const unreadyUs = probedUnreadyUs(behaviour.probe, pod.startUs, pod.downUs) + this.#us('apiCall', pod, 4)
    if (unreadyUs < toldUs) this.#due(pod, 'unreadyDueUs', TIMER.podUnready, Math.max(0, unreadyUs - this.#now))
    this.#due(pod, 'endedDueUs', TIMER.podEnded, toldUs - this.#now)
  }

  #endRun(pod: LivePod, downUs: TimeUs, goneUs: TimeUs, cut: boolean): void {
    pod.downUs = downUs
    pod.goneUs = goneUs
    const life = lifeOf(pod, cut)
    if (life !== undefined) this.lives.push(life)
    pod.upUs = Infinity
  }

  #writeUnready(pod: LivePod): void {
    pod.readyUs = Infinity
    const object = this.#object(pod)
    if (!object.ready) return
    this.#store.put({ ...object, ready: false })
    this.#changed(pod)
  }

  #removeObject(pod: LivePod): void {
    pod.isRemoved = true
    this.#waiting.delete(pod.number)
    this.#numberOf.delete(pod.key)
    this.#store.remove(this.#object(pod))
  }
}
