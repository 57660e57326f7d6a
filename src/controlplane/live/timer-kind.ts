/**
 * The kinds of timers of a moving cluster, in the order in which they come at one instant: first what the world does (machines, users),
 * then pods, nodes as they are seen, and controllers last, so that a controller sees all that happened by then.
 */
export const TIMER = {
  /** Source: position among the scenario's steps (steps.ts). */
  step: 0,
  /** Source: 0. A pod is replaced. */
  churn: 1,
  /** Sources: pod numbers. */
  podExit: 2,
  podUp: 3,
  podBound: 4,
  podStarted: 5,
  podReady: 6,
  podUnready: 7,
  podEnded: 8,
  podRemoved: 9,
  podEvicted: 10,
  /** Sources: node numbers. */
  nodeLost: 11,
  nodeFound: 12,
  nodeEvicts: 13,
  /** Source: workload number. */
  workload: 14,
  progressDeadline: 15,
  /** Source: Service number. */
  slices: 16,
} as const

export type TimerKind = (typeof TIMER)[keyof typeof TIMER]
