import { didYouMean } from '../problem/near-names.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'

/** The node that was asked for is not among those known. */
export const unknownNode = (wanted: string, known: readonly string[]): Problem =>
  badUsage(
    `there is no Node ${quoted(wanted)} among the objects`,
    known.length === 0
      ? 'add the Nodes: kubectl get nodes -o json'
      : didYouMean(wanted, known, `there are ${known.length} Nodes, the first is ${known[0]}`),
  )
