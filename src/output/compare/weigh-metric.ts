/** How much a difference in one metric weighs: which test is fit for it, or none. A table by the metric's name; the first row that fits counts. */
import { compareMeans, compareShares, type TestResult } from '../../metrics/two-samples.ts'
import { evenness } from '../evenness.ts'
import type { ComparedRun } from './compare-runs.ts'
import { above, type HopSample, momentsOf } from './hop-samples.ts'
import type { Weight } from './run-comparison.ts'

export interface HopSamples {
  readonly before: ReadonlyMap<string, HopSample>
  readonly after: ReadonlyMap<string, HopSample>
}

export function weighMetric(
  metric: string,
  before: ComparedRun,
  after: ComparedRun,
  samples: HopSamples,
): TestResult | Weight {
  for (const [pattern, weigh] of RULES) {
    const match = pattern.exec(metric)
    if (match !== null) return weigh(match, before, after, samples)
  }
  return { kind: 'untested', why: 'no test is known for it' }
}

type Weigh = (
  match: RegExpExecArray,
  before: ComparedRun,
  after: ComparedRun,
  samples: HopSamples,
) => TestResult | Weight

const RULES: readonly (readonly [RegExp, Weigh])[] = [
  // Functions of the inputs.
  [/^(cluster\.|rules\.|log\.|connections$|packets$|syncMs\.|api\.)/, () => ({ kind: 'exact' })],
  // Outcomes: shares of all connections.
  [
    /^connections\./,
    ([metric], { run: a }, { run: b }) =>
      compareShares(a.metrics[metric], a.metrics['connections'], b.metrics[metric], b.metrics['connections']),
  ],
  [
    /^time\.(failed|delivered|terminating|refused|blackholed|rejected|dropped|reset|unmatched|strayed)$/,
    ([metric], { run: a }, { run: b }) =>
      compareShares(a.metrics[metric], a.metrics['time.connections'], b.metrics[metric], b.metrics['time.connections']),
  ],
  [
    /^(rulesEvaluated\..*|modelledNs\..*)\.mean$/,
    ([metric, name], { run: a }, { run: b }, samples) =>
      ofBoth(samples, name, (sampleA, sampleB) =>
        compareMeans(momentsOf(sampleA, a.metrics[metric]), momentsOf(sampleB, b.metrics[metric])),
      ),
  ],
  // A percentile: as many above it in both?
  [
    /^(rulesEvaluated\..*|modelledNs\..*)\.p\d+$/,
    ([metric, name], { run: a }, { run: b }, samples) =>
      ofBoth(samples, name, (sampleA, sampleB) => {
        // Half way between the two: where the percentile of both together lies if they are alike.
        const limit = (a.metrics[metric] + b.metrics[metric]) / 2
        const inA = above(sampleA, limit)
        const inB = above(sampleB, limit)
        return compareShares(Math.round(inA.hits), Math.round(inA.count), Math.round(inB.hits), Math.round(inB.count))
      }),
  ],
  [
    /^time\./,
    () => ({
      kind: 'untested',
      why: 'many connections share the one change that made them fail: compare several seeds',
    }),
  ],
  [/^affinity\./, () => ({ kind: 'untested', why: 'connections of one client hang together: compare several seeds' })],
  [/\.max$/, () => ({ kind: 'untested', why: 'one connection decides it' })],
  [
    /^services\.pValueBelow0\.001$/,
    ([metric], a, b) =>
      compareShares(a.run.metrics[metric], evenness(a.tables).tested, b.run.metrics[metric], evenness(b.tables).tested),
  ],
  [/^(endpoints|services)\./, () => ({ kind: 'untested', why: 'follows from the load, which is tested as a whole' })],
]

function ofBoth(
  { before, after }: HopSamples,
  name: string,
  test: (before: HopSample, after: HopSample) => TestResult,
): TestResult | Weight {
  const [a, b] = [before.get(name), after.get(name)]
  return a === undefined || b === undefined ? { kind: 'untested', why: 'its distribution is not kept' } : test(a, b)
}
