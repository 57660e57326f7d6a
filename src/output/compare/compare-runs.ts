/** Compares two runs of one scenario: run-comparison.ts says what comes of it. A function of run.json and the tables it names. */
import * as E from 'fp-ts/lib/Either.js'
import type { ColumnTable } from '../../arrow/column-table.ts'
import { compareCounts, type TestResult } from '../../metrics/two-samples.ts'
import { badInput, type Problem, quoted } from '../../problem/problem.ts'
import { countText } from '../number-text.ts'
import type { RunJson } from '../run-json.ts'
import { compareInputs } from './compare-inputs.ts'
import { compareLoad } from './compare-load.ts'
import { aligned, type HopSample, hopSamples } from './hop-samples.ts'
import { independentShare } from './independent-connections.ts'
import { FAMILY_SIGNIFICANCE, type RunComparison, type Weight } from './run-comparison.ts'
import { weighMetric } from './weigh-metric.ts'

export interface ComparedRun {
  /** What it is called: a folder, or a variant. */
  readonly name: string
  readonly run: RunJson
  /** COMPARED_TABLES at least. */
  readonly tables: readonly ColumnTable[]
}

export const COMPARED_TABLES = ['endpoints', 'services', 'nodes', 'cost-histogram', 'modelled-cost']

export function compareRuns(before: ComparedRun, after: ComparedRun): E.Either<Problem, RunComparison> {
  if (before.run.scenario !== after.run.scenario)
    return E.left(
      badInput(
        {},
        `${before.name} is a run of ${quoted(before.run.scenario)}, ${after.name} of ${quoted(after.run.scenario)}`,
        'compare two runs of one scenario',
      ),
    )
  return E.right(comparison(before, after))
}

function comparison(before: ComparedRun, after: ComparedRun): RunComparison {
  const a = before.run
  const b = after.run
  const inputs = compareInputs(a.inputs, b.inputs)
  // Equal inputs, seed and mode: every draw is the same, and what differs, the program made different.
  const sameDraws = inputs.length === 0 && a.seed === b.seed
  const names = Object.keys(a.metrics).filter(name => Object.hasOwn(b.metrics, name))
  const samples = { before: samplesOf(before), after: samplesOf(after) }
  const metrics = names.map(metric => ({ metric, result: weighMetric(metric, before, after, samples) }))
  const distributions = [
    ...[...samples.before].flatMap(([name, sample]) => {
      const other = samples.after.get(name)
      return other === undefined ? [] : [{ name, what: 'of new connections', result: compareSamples(sample, other) }]
    }),
    loadDistribution(before.tables, after.tables),
  ]
  const tests = [...metrics, ...distributions].filter(t => isTest(t.result)).length
  const weigh = (result: TestResult | Weight): Weight => weightOf(result, sameDraws, tests)
  return {
    scenario: b.scenario,
    question: b.question,
    before: sideOf(before),
    after: sideOf(after),
    identical: a.digest === b.digest,
    inputs,
    metrics: metrics.map(({ metric, result }) => ({
      metric,
      before: a.metrics[metric],
      after: b.metrics[metric],
      weight: weigh(result),
    })),
    missing: [...alone(a, b, 'before'), ...alone(b, a, 'after')],
    distributions: distributions.map(({ name, what, result }) => ({ name, what, weight: weigh(result) })),
    tests: sameDraws ? 0 : tests,
  }
}

const samplesOf = ({ run, tables }: ComparedRun) => hopSamples(tables, independentShare(run, tables))

function compareSamples(before: HopSample, after: HopSample): TestResult | Weight {
  const [a, b] = aligned(before, after)
  return a.length === 1 ? { kind: 'exact' } : compareCounts(a, b)
}

function loadDistribution(before: readonly ColumnTable[], after: readonly ColumnTable[]) {
  const { result, tested, others, dependent } = compareLoad(before, after)
  const without = [
    ...(others === 0 ? [] : [`; ${countText(others)} with other endpoints are left out`]),
    ...(dependent === 0 ? [] : [`; ${countText(dependent)} with session affinity are left out`]),
  ].join('')
  return { name: 'load', what: `over the endpoints of ${countText(tested)} Service ports${without}`, result }
}

const isTest = (result: TestResult | Weight): boolean => 'pValue' in result && !Number.isNaN(result.pValue)

function weightOf(result: TestResult | Weight, sameDraws: boolean, tests: number): Weight {
  if (sameDraws) return { kind: 'exact' }
  if ('kind' in result) return result
  if (!isTest(result)) return { kind: 'untested', why: 'too few to test' }
  return { kind: 'tested', ...result, significant: result.pValue < FAMILY_SIGNIFICANCE / tests }
}

const sideOf = ({ name, run: { seed, digest, versions, head, modelledNs } }: ComparedRun) => ({
  name,
  seed,
  digest,
  versions,
  head,
  ownNs: Object.fromEntries(
    modelledNs.flatMap(({ backend, total }) =>
      (backend === 'nftables') === (head.proxyMode === 'nftables') ? [[backend, total.mean]] : [],
    ),
  ),
})

const alone = (own: RunJson, other: RunJson, side: 'before' | 'after') =>
  Object.keys(own.metrics)
    .filter(metric => !Object.hasOwn(other.metrics, metric))
    .map(metric => ({ metric, in: side }))
