/** One workload while time passes: what it is told to be, the pods it has, and the rollout that is under way. */
import type { TimeUs } from '../../sim/time.ts'
import type { PodTemplate } from '../workload-pods.ts'
import type { LivePod } from './live-pod.ts'
import type { LiveBehaviour } from './pod-behaviour.ts'

export interface LiveWorkload {
  readonly number: number
  readonly key: string
  template: PodTemplate
  behaviour: LiveBehaviour
  /** Counts templates; a restart is a new one too. */
  revision: number
  isGone: boolean
  /** Its pods that are not being deleted, in order of creation, and those that are but still there. */
  readonly pods: Set<LivePod>
  readonly leaving: Set<LivePod>
  /** Its controller looks at it at this instant; Infinity: it has nothing to look at. */
  dueUs: TimeUs
  /** How often it has looked: numbers its delays. */
  looks: number
  rollout: Rollout | undefined
}

/** A change of a workload on its way. */
export interface Rollout {
  readonly workload: string
  readonly startUs: TimeUs
  /** The last instant at which it came closer: one more pod available, or one old pod less. */
  progressUs: TimeUs
  progress: number
  /** Since when it has made no progress for its deadline; Infinity: it never has. */
  stuckUs: TimeUs
  /** Infinity: not within the horizon. */
  endUs: TimeUs
  /** Another change came before it was complete. */
  isSuperseded: boolean
}
