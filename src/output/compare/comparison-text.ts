/** What a comparison says, as plain sentences and tables of texts, before they are written as Markdown. Names are the user's; nothing here is escaped. */
import { countText, percentText, ratioText } from '../number-text.ts'
import { ratioOf } from './comparison-metrics.ts'
import {
  FAMILY_SIGNIFICANCE,
  isReal,
  type MetricDifference,
  type RunComparison,
  type RunSide,
  type Weight,
} from './run-comparison.ts'

/** The answer in sentences: what an operator asks of a change first. */
export function comparisonAnswer(comparison: RunComparison): readonly string[] {
  if (comparison.identical)
    return ['The two runs have the same digest: every number of every result table is the same.']
  const metric = new Map(comparison.metrics.map(m => [m.metric, m]))
  const sentences = HEADLINES.flatMap(([name, words]) => {
    const found = metric.get(name)
    return found === undefined || Number.isNaN(found.before) || Number.isNaN(found.after)
      ? []
      : [sentence(found, words)]
  })
  const modelled = comparison.metrics.filter(
    m => /^modelledNs\..*\.total\.mean$/.test(m.metric) && !Number.isNaN(m.after),
  )
  const load = comparison.distributions.find(d => d.name === 'load')
  const { before, after } = comparison
  return [
    ...sentences,
    ...(before.head.proxyMode === after.head.proxyMode
      ? modelled.map(m => sentence(m, `Its modelled time in ${m.metric.split('.')[1]} is`))
      : modesSentence(before, after)),
    ...(load?.weight.kind === 'tested'
      ? [
          `The load of the endpoints ${load.weight.significant ? 'differs by more than chance' : 'is the same up to chance'} (${weightText(load.weight)}).`,
        ]
      : []),
  ]
}

const HEADLINES: readonly (readonly [metric: string, words: string])[] = [
  ['time.failed', 'The connections that fail are'],
  ['programmingLatencyMs.p99', 'The programming latency at the 99th percentile, in ms, is'],
  ['syncMs.full.mean', 'The mean length of a full sync, in ms, is'],
  ['syncMs.partial.mean', 'The mean length of a partial sync, in ms, is'],
  ['rules.nat.perNode', 'The nat rules of a node are'],
  ['rules.nft.perNode', 'The rules of nftables of a node are'],
  ['rulesEvaluated.total.mean', 'The rules a new connection evaluates on average are'],
  ['connections.delivered', 'The connections that reach an endpoint are'],
  ['time.failedShare', 'The share of connections that fail over time is'],
  ['affinity.forgottenShare', 'The share of connections that come back and find their client forgotten is'],
]

/** Two modes are compared by what each costs where its own rules are loaded, not by what one would cost in the other. */
function modesSentence(before: RunSide, after: RunSide): readonly string[] {
  const costs = ({ ownNs }: RunSide): string =>
    Object.entries(ownNs)
      .map(([backend, ns]) => `${ratioText(ns / 1000)} µs with ${backend}`)
      .join(' and ')
  return [before, after].every(side => Object.keys(side.ownNs).length > 0)
    ? [`Its modelled time is ${costs(after)}, from ${costs(before)}.`]
    : []
}

function sentence(difference: MetricDifference, words: string): string {
  const { before, after } = difference
  if (before === after) return `${words} the same (${numberText(after)}).`
  const what = `${words} ${numberText(after)}, from ${numberText(before)} (${changeText(before, after)}; ${weightText(difference.weight)})`
  return difference.weight.kind !== 'tested' || isReal(difference) ? `${what}.` : `${what}: no more than chance.`
}

export interface TextTable {
  readonly title: string
  readonly note: string
  readonly columns: readonly { readonly title: string; readonly numeric: boolean }[]
  readonly rows: readonly (readonly string[])[]
}

const text = (title: string) => ({ title, numeric: false })
const number = (title: string) => ({ title, numeric: true })

/** Tables, the ones without rows left out. */
export function comparisonTables(comparison: RunComparison): readonly TextTable[] {
  const { before, after, inputs, metrics, distributions, missing, tests } = comparison
  const differing = metrics.filter(m => !Object.is(m.before, m.after))
  const rowOf = (m: MetricDifference): readonly string[] => [
    m.metric,
    numberText(m.before),
    numberText(m.after),
    changeText(m.before, m.after),
    weightText(m.weight),
  ]
  const columns = [text('metric'), number('before'), number('after'), number('change'), text('weight')]
  const same = metrics.length - differing.length
  return [
    {
      title: 'What differs',
      note: `Not by chance; of ${countText(metrics.length)} metrics ${countText(same)} are the same.`,
      columns,
      rows: differing.filter(isReal).map(rowOf),
    },
    {
      title: 'What differs by no more than chance, or is not tested',
      note: '',
      columns,
      rows: differing.filter(m => !isReal(m)).map(rowOf),
    },
    {
      title: 'Distributions',
      note: '',
      columns: [text('distribution'), text('of what'), text('weight')],
      rows: distributions.map(d => [d.name, d.what, weightText(d.weight)]),
    },
    {
      title: 'Inputs that differ',
      note: '',
      columns: [text('key'), text('before'), text('after')],
      rows: inputs.map(i => [i.path, i.before ?? 'not set', i.after ?? 'not set']),
    },
    {
      title: 'In one run alone',
      note: '',
      columns: [text('metric'), text('run')],
      rows: missing.map(m => [m.metric, m.in]),
    },
    {
      title: 'The two runs',
      note: weighingNote(tests),
      columns: [text(''), text('before'), text('after')],
      rows: [
        ['run', before.name, after.name],
        ['proxy mode', before.head.proxyMode, after.head.proxyMode],
        ['seed', before.seed, after.seed],
        ...SIZES.map(size => [size, countText(before.head[size]), countText(after.head[size])]),
        ...Object.keys({ ...before.versions, ...after.versions }).map(v => [
          v,
          before.versions[v] ?? '',
          after.versions[v] ?? '',
        ]),
        ['digest', before.digest.slice(0, 12), after.digest.slice(0, 12)],
      ],
    },
  ].filter(table => table.rows.length > 0)
}

const SIZES = ['nodes', 'services', 'endpoints', 'connections', 'packets'] as const

const weighingNote = (tests: number): string =>
  tests === 0
    ? 'Equal inputs and seed draw the same numbers: whatever differs, the program made different.'
    : `Exact: follows from the inputs, without chance. Tested: as two independent samples (of rules and nanoseconds, connections from one node to one Service count as one, as they share the place that was drawn for it in the chain), means with the normal test, counts, percentiles and distributions with chi-square, rare counts with the exact binomial test; a difference is called significant when p < ${FAMILY_SIGNIFICANCE} / ${tests}, as ${tests} tests were made.`

export function weightText(weight: Weight): string {
  if (weight.kind === 'exact') return 'exact'
  if (weight.kind === 'untested') return `not tested: ${weight.why}`
  const { test, statistic, degreesOfFreedom, pValue, significant } = weight
  const figure =
    test === 'normal'
      ? `z = ${ratioText(statistic)}`
      : test === 'chi-square'
        ? `χ² = ${ratioText(statistic)}, df ${countText(degreesOfFreedom)}`
        : test
  return `${figure}, ${pText(pValue)}${significant ? ', significant' : ''}`
}

const pText = (p: number): string => (p < 1e-9 ? 'p < 1e-9' : `p = ${ratioText(p)}`)

export function changeText(before: number, after: number): string {
  const ratio = ratioOf(before, after)
  if (!Number.isFinite(ratio)) return Number.isNaN(ratio) ? '–' : `+${numberText(after - before)}`
  const change = ratio - 1
  return change === 0
    ? 'none'
    : ratio >= 10
      ? `${ratioText(ratio)}×`
      : `${change > 0 ? '+' : '-'}${percentText(Math.abs(change))}`
}

/** Whole numbers whole, others to three digits and at least their whole part. */
const numberText = (value: number): string => (Number.isInteger(value) ? countText(value) : ratioText(value))
