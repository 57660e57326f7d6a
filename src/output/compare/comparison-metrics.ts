/** The flat numbers of a comparison, by the dotted names that `svcsim compare --threshold` compares (docs/cli.md lists them). */
import { isReal, type RunComparison, type Weight } from './run-comparison.ts'

export function comparisonMetrics(comparison: RunComparison): Readonly<Record<string, number>> {
  const { inputs, metrics, distributions } = comparison
  return {
    ...Object.assign(
      {},
      ...metrics.map(m => ({ ...changes(m.metric, m.before, m.after), ...pValue(m.metric, m.weight) })),
    ),
    ...Object.assign({}, ...distributions.map(d => pValue(`${d.name}.distribution`, d.weight))),
    'inputs.differing': inputs.length,
    'metrics.differing': metrics.filter(isReal).length,
    'digests.equal': comparison.identical ? 1 : 0,
  }
}

const changes = (metric: string, before: number, after: number): Record<string, number> => ({
  [`${metric}.before`]: before,
  [`${metric}.after`]: after,
  [`${metric}.difference`]: after - before,
  [`${metric}.ratio`]: ratioOf(before, after),
})

/** after / before; 1 where both are 0, or both not defined. */
export const ratioOf = (before: number, after: number): number =>
  before === after || Object.is(before, after) ? 1 : after / before

const pValue = (name: string, weight: Weight): Record<string, number> =>
  weight.kind === 'tested' ? { [`${name}.pValue`]: weight.pValue } : {}
