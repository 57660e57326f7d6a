/**
 * How many of a run's connections count as independent where the cost of rules is concerned. kube-proxy walks Services in an order of its own on
 * every node: all connections from one node to one Service share the place that was drawn for it, so they count as one draw. That is
 * nodes x Service ports, each weighed by its connections (Kish's effective size); with Services in sorted order no place is drawn at all.
 */
import type { ColumnTable } from '../../arrow/column-table.ts'
import { numbersOf, tableNamed } from '../column-values.ts'
import type { RunJson } from '../run-json.ts'

/** Share of the connections, above 0 and at most 1. */
export function independentShare(run: RunJson, tables: readonly ColumnTable[]): number {
  const { proxy } = run.inputs as { readonly proxy?: { readonly serviceOrder?: unknown } }
  const services = numbersOf(tableNamed(tables, 'services'), 'connections')
  const nodes = numbersOf(tableNamed(tables, 'nodes'), 'connections')
  const { connections } = run.rulesEvaluated.total
  if (proxy?.serviceOrder === 'sorted' || connections === 0) return 1
  return Math.min(1, (effectiveSize(services) * effectiveSize(nodes)) / connections)
}

function effectiveSize(weights: ArrayLike<number>): number {
  let sum = 0
  let squares = 0
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]
    squares += weights[i] * weights[i]
  }
  return squares === 0 ? 0 : (sum * sum) / squares
}
