/** How a packet's way through one node ends; both evaluators answer with these numbers. */
export const OUTCOME = {
  /** Sent on to a pod of this node. */
  toPod: 0,
  /** Sent out on the uplink. */
  toUplink: 1,
  /** Accepted by INPUT: delivered to the node's own stack. */
  toNode: 2,
  dropped: 3,
  rejected: 4,
} as const
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME]

export const OUTCOME_NAMES = ['toPod', 'toUplink', 'toNode', 'dropped', 'rejected'] as const
