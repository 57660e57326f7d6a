/**
 * Machines and the node lifecycle controller over time. A machine that is gone renews its lease no more; the controller, which looks
 * at all nodes once a period, calls it not ready when the lease is older than the grace period, and its pods with it; later their
 * tolerations end and they are deleted, which nobody on that machine will ever confirm. The phase of a kubelet's renewals and of the
 * controller's looks is drawn. Deviation: pods of DaemonSets tolerate it all, others tolerate it for the same time.
 */
import type { ClusterNode } from '../../cluster/objects.ts'
import { objectKey } from '../../cluster/objects.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { TimerQueue } from '../../sim/timer-queue.ts'
import type { ClusterStore } from '../cluster-store.ts'
import type { PodPlacement } from '../pod-placement.ts'
import { ACTOR, type Delays } from './delays.ts'
import type { LivePods } from './live-pods.ts'
import { TIMER } from './timer-kind.ts'

export interface NodeSettings {
  readonly monitorPeriodUs: TimeUs
  readonly monitorGraceUs: TimeUs
  readonly leaseRenewUs: TimeUs
  readonly evictAfterUs: TimeUs
}

/** When a machine was gone. */
export interface NodeOutage {
  readonly node: string
  readonly lostUs: TimeUs
  /** Infinity: not within the horizon. */
  foundUs: TimeUs
  /** When the API server had it not ready; Infinity: never. */
  notReadyUs: TimeUs
}

interface LiveNode {
  readonly name: string
  outage: NodeOutage | undefined
  lostDueUs: TimeUs
  evictDueUs: TimeUs
  foundDueUs: TimeUs
}

export class LiveNodes {
  readonly outages: NodeOutage[] = []
  readonly #store: ClusterStore
  readonly #placement: PodPlacement
  readonly #queue: TimerQueue
  readonly #delays: Delays
  readonly #pods: LivePods
  readonly #settings: NodeSettings
  readonly #isDaemon: (podKey: string) => boolean
  readonly #nodes: LiveNode[] = []
  readonly #numberOf = new Map<string, number>()

  constructor(
    parts: {
      readonly store: ClusterStore
      readonly placement: PodPlacement
      readonly queue: TimerQueue
      readonly delays: Delays
      readonly pods: LivePods
    },
    settings: NodeSettings,
    isDaemon: (podKey: string) => boolean,
  ) {
    this.#store = parts.store
    this.#placement = parts.placement
    this.#queue = parts.queue
    this.#delays = parts.delays
    this.#pods = parts.pods
    this.#settings = settings
    this.#isDaemon = isDaemon
  }

  fail(name: string): void {
    const number = this.#numberFor(name)
    const node = this.#nodes[number]
    if (node.outage !== undefined) return
    const nowUs = this.#store.nowUs
    node.outage = { node: name, lostUs: nowUs, foundUs: Infinity, notReadyUs: Infinity }
    node.foundDueUs = Infinity
    this.outages.push(node.outage)
    this.#pods.lose(name)
    const { leaseRenewUs, monitorGraceUs, monitorPeriodUs } = this.#settings
    const renewedUs = nowUs - Math.floor(this.#delays.fraction('lease phase', ACTOR.node, number, 0) * leaseRenewUs)
    const phaseUs = Math.floor(this.#delays.fraction('monitor phase', ACTOR.run, 0, 0) * monitorPeriodUs)
    const looks = Math.ceil((renewedUs + monitorGraceUs - phaseUs) / monitorPeriodUs)
    node.lostDueUs = Math.max(nowUs, phaseUs + looks * monitorPeriodUs)
    this.#queue.set(node.lostDueUs, TIMER.nodeLost, number)
  }

  recover(name: string): void {
    const number = this.#numberFor(name)
    const node = this.#nodes[number]
    if (node.outage === undefined) return
    node.outage.foundUs = this.#store.nowUs
    node.outage = undefined
    node.lostDueUs = node.evictDueUs = Infinity
    this.#pods.find(name)
    node.foundDueUs = this.#store.nowUs + this.#delays.us('apiCall', ACTOR.node, number, this.outages.length)
    this.#queue.set(node.foundDueUs, TIMER.nodeFound, number)
  }

  /** The controller calls the node not ready. */
  lost(number: number): void {
    const node = this.#nodes[number]
    const nowUs = this.#store.nowUs
    if (node.lostDueUs !== nowUs || node.outage === undefined) return
    node.outage.notReadyUs = nowUs
    this.#write(node.name, { ready: false })
    this.#pods.markUnready(node.name)
    node.evictDueUs = nowUs + this.#settings.evictAfterUs
    this.#queue.set(node.evictDueUs, TIMER.nodeEvicts, number)
  }

  evicts(number: number): void {
    const node = this.#nodes[number]
    if (node.evictDueUs === this.#store.nowUs) for (const key of this.evictable(node.name)) this.evict(key)
  }

  found(number: number): void {
    const node = this.#nodes[number]
    if (node.foundDueUs !== this.#store.nowUs) return
    this.#write(node.name, { ready: true })
    this.#pods.retryWaiting()
  }

  cordon(name: string): void {
    this.#write(name, { unschedulable: true })
  }

  uncordon(name: string): void {
    const node = this.#store.node(name)
    if (node === undefined) return
    const { unschedulable: _, ...open } = node
    this.#put(open)
    this.#pods.retryWaiting()
  }

  /** The Node object is deleted. */
  remove(name: string): void {
    const node = this.#store.node(name)
    if (node === undefined) return
    const number = this.#numberFor(name)
    this.#nodes[number].lostDueUs = this.#nodes[number].evictDueUs = Infinity
    this.#pods.drop(name)
    this.#placement.nodeRemoved(node)
    this.#store.remove(node)
  }

  /** Keys of the pods that a drain or an eviction takes. */
  evictable(name: string): readonly string[] {
    return this.#store
      .podsOn(name)
      .map(objectKey)
      .filter(key => !this.#isDaemon(key))
  }

  evict(key: string): void {
    const pod = this.#pods.byKey(key)
    if (pod !== undefined) this.#pods.remove(pod)
  }

  #write(name: string, change: Partial<ClusterNode>): void {
    const node = this.#store.node(name)
    if (node !== undefined) this.#put({ ...node, ...change })
  }

  #put(node: ClusterNode): void {
    this.#store.put(node)
    this.#placement.nodeChanged(node)
  }

  #numberFor(name: string): number {
    let number = this.#numberOf.get(name)
    if (number === undefined) {
      number = this.#nodes.length
      this.#nodes.push({ name, outage: undefined, lostDueUs: Infinity, evictDueUs: Infinity, foundDueUs: Infinity })
      this.#numberOf.set(name, number)
    }
    return number
  }
}
