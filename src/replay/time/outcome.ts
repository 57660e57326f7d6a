/** What may become of a connection over time, and why. */

export const OUTCOME_NAMES = [
  'delivered',
  'terminating',
  'refused',
  'blackholed',
  'rejected',
  'dropped',
  'reset',
  'unmatched',
  'strayed',
  'notSent',
] as const

export type TimedOutcome = (typeof OUTCOME_NAMES)[number]

export const OUTCOME = {
  /** All its packets reached the endpoint. */
  delivered: 0,
  /** The same, the endpoint being on its way out. */
  terminating: 1,
  /** Nobody listens there: the pod has closed its port, or is gone, or not up yet. */
  refused: 2,
  /** Nothing comes back: the machine is gone, or the node has no rules yet. */
  blackholed: 3,
  /** By a REJECT rule: the node knows of no endpoint. */
  rejected: 4,
  /** By a DROP rule: the node knows of none of its own. */
  dropped: 5,
  /** It stood, and its pod or machine went away before its last packet. */
  reset: 6,
  /** The node's rules know no such Service. */
  unmatched: 7,
  /** The address belongs to another pod by now, and that one answered. */
  strayed: 8,
  /** Whoever would have sent it was not there: the node has not joined yet, or is lost. Not part of any total. */
  notSent: 9,
} as const

export const OUTCOMES = OUTCOME_NAMES.length

export const CAUSE_NAMES = [
  '',
  'rules',
  'slices',
  'no endpoints',
  'no local endpoints',
  'no rules',
  'node lost',
  'outlived',
  'reused address',
  'conntrack',
  'no healthy target',
  'table full',
] as const

export const CAUSE = {
  none: 0,
  /** The EndpointSlice was right already; this node's rules were not. Lag: since the slice was written. */
  rules: 1,
  /** The EndpointSlice was not right yet. Lag: since the pod began to terminate, or stopped answering. */
  slices: 2,
  noEndpoints: 3,
  noLocalEndpoints: 4,
  /** The node's kube-proxy had not finished its first sync. */
  noRules: 5,
  /** The node where it came in was lost. Lag: since then. */
  nodeLost: 6,
  /** The connection lasted longer than its endpoint. */
  outlived: 7,
  reusedAddress: 8,
  /** A UDP entry led on to an endpoint that had gone. Lag: since it stopped answering. */
  conntrack: 9,
  /** The load balancer had none in service. */
  noTarget: 10,
  /** A node on its way had no room for another connection: `nf_conntrack: table full, dropping packet`. */
  tableFull: 11,
} as const

export const CAUSES = CAUSE_NAMES.length

/** Outcomes that a client would call a failure. */
export const isFailure = (outcome: number): boolean => outcome >= OUTCOME.refused && outcome !== OUTCOME.notSent
