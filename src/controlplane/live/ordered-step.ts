/**
 * The StatefulSet controller's decision with OrderedReady pods: one thing at a time. The lowest ordinal that is missing is made once all
 * below it are available; too many go from the highest down, and a new template replaces pods from the highest down, one by one, each
 * once all others are available and nothing is going away.
 */
export interface OrdinalPod {
  readonly number: number
  readonly ordinal: number
  readonly isNew: boolean
  readonly isAvailable: boolean
}

export interface OrderedStep {
  /** The ordinal to make; undefined: none now. */
  readonly create?: number
  /** The pod to delete. */
  readonly remove?: number
}

/** `leavingCount`: pods of it that are being deleted and still there. */
export function orderedStep(pods: readonly OrdinalPod[], replicas: number, leavingCount: number): OrderedStep {
  if (leavingCount > 0) return {}
  const byOrdinal = new Map(pods.map(p => [p.ordinal, p]))
  for (let ordinal = 0; ordinal < replicas; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (pod === undefined) return { create: ordinal }
    if (!pod.isAvailable && pod.isNew) return {}
  }
  const highest = pods.toSorted((a, b) => b.ordinal - a.ordinal)
  const surplus = highest.find(p => p.ordinal >= replicas)
  const last = surplus ?? highest.find(p => !p.isNew)
  return last === undefined ? {} : { remove: last.number }
}
