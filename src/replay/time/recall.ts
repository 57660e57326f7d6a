/** What a node knew of the client of a new connection to a Service with ClientIP affinity. */
export const RECALL = {
  /** The Service has no affinity, or nothing was chosen. */
  none: 0,
  /** It was not there within the timeout. */
  stranger: 1,
  /** It went to an endpoint whose list had it. */
  kept: 2,
  /** It was there within the timeout and its endpoint still is, but the list had lost it: chance decided anew. */
  forgotten: 3,
  /** The rules know its endpoint no more. */
  moved: 4,
} as const

export const RECALLS = 5
