/** How well nodes remembered the clients of Services with ClientIP affinity in a run over time. */
import { RECALL, RECALLS } from '../replay/time/recall.ts'
import type { TimeTallies } from '../replay/time/time-tallies.ts'

export interface AffinityHead {
  /** New connections whose client had been at the node within the timeout. */
  readonly returning: number
  /** Of those: to the endpoint whose list had the client. */
  readonly kept: number
  /** Its list had lost the client, and chance chose anew. */
  readonly forgotten: number
  /** The rules knew its endpoint no more. */
  readonly moved: number
}

/** undefined: no connection went to such a Service. */
export function affinityHead({ recalls }: Pick<TimeTallies, 'recalls'>): AffinityHead | undefined {
  const sum = (recall: number): number => {
    let total = 0
    for (let cell = recall; cell < recalls.length; cell += RECALLS) total += recalls[cell]
    return total
  }
  const [kept, forgotten, moved] = [sum(RECALL.kept), sum(RECALL.forgotten), sum(RECALL.moved)]
  const returning = kept + forgotten + moved
  return returning + sum(RECALL.stranger) === 0 ? undefined : { returning, kept, forgotten, moved }
}

export const affinityMetrics = ({ returning, kept, forgotten, moved }: AffinityHead): Record<string, number> => ({
  'affinity.returning': returning,
  'affinity.kept': kept,
  'affinity.forgotten': forgotten,
  'affinity.moved': moved,
  'affinity.forgottenShare': returning === 0 ? Number.NaN : forgotten / returning,
})
