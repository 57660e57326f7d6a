/**
 * One pod while time passes: what its kubelet and the world know of it beside the object in the store. Instants that have not come, or never
 * will, are Infinity. A timer of a pod counts only while the instant it was set for still stands here: who changes their mind changes
 * the instant, and the old timer finds itself ignored.
 */
import type { EndpointLife } from '../../cluster/endpoint-lives.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { LiveBehaviour } from './pod-behaviour.ts'

export interface LivePod {
  /** In order of creation: the source of its timers and of its chance. */
  readonly number: number
  readonly key: string
  /** Of its workload; -1 without one. */
  readonly workload: number
  /** The template it was made of. */
  readonly revision: number
  readonly behaviour: LiveBehaviour
  node: string
  /** Runs of its process so far. */
  runs: number
  /** Restarts of a crashing container so far, and crashes still to come. */
  restarts: number
  crashesLeft: number
  crashRunUs: TimeUs
  startedDueUs: TimeUs
  readyDueUs: TimeUs
  unreadyDueUs: TimeUs
  exitDueUs: TimeUs
  endedDueUs: TimeUs
  removedDueUs: TimeUs
  /** This run of the process: the container's start, when it accepts connections, when it stops, when it has ended. */
  startUs: TimeUs
  upUs: TimeUs
  downUs: TimeUs
  goneUs: TimeUs
  /** When the API server had it Ready, in this run; Infinity while it is not. */
  readyUs: TimeUs
  /** The first such instant of this run, even when it has passed. */
  lifeReadyUs: TimeUs
  terminatingUs: TimeUs
  addresses: readonly string[]
  /** Its machine is gone. */
  isLost: boolean
  /** The object is deleted. */
  isRemoved: boolean
}

export const newLivePod = (
  fixed: Pick<LivePod, 'number' | 'key' | 'workload' | 'revision' | 'behaviour'>,
): LivePod => ({
  ...fixed,
  node: '',
  runs: 0,
  restarts: 0,
  crashesLeft: 0,
  crashRunUs: 0,
  startedDueUs: Infinity,
  readyDueUs: Infinity,
  unreadyDueUs: Infinity,
  exitDueUs: Infinity,
  endedDueUs: Infinity,
  removedDueUs: Infinity,
  startUs: Infinity,
  upUs: Infinity,
  downUs: Infinity,
  goneUs: Infinity,
  readyUs: Infinity,
  lifeReadyUs: Infinity,
  terminatingUs: Infinity,
  addresses: [],
  isLost: false,
  isRemoved: false,
})

/** Nothing more is to come of it. */
export const isLeaving = (pod: LivePod): boolean => pod.isRemoved || pod.terminatingUs < Infinity

/** This run of its process as others may know it; undefined when it never accepted a connection. */
export function lifeOf(pod: LivePod, cut: boolean): EndpointLife | undefined {
  if (!(pod.upUs < pod.goneUs) || pod.addresses.length === 0) return undefined
  return {
    pod: pod.key,
    nodeName: pod.node,
    addresses: pod.addresses,
    upUs: pod.upUs,
    readyUs: pod.lifeReadyUs,
    terminatingUs: pod.terminatingUs,
    downUs: Math.max(pod.upUs, pod.downUs),
    goneUs: pod.goneUs,
    cut,
  }
}
