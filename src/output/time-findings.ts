/** What a run over time found, in sentences. Nothing is escaped here. */
import type { ColumnTable } from '../arrow/column-table.ts'
import { numbersOf, tableNamed, textsOf, totalOf } from './column-values.ts'
import type { KeyNumber } from './findings.ts'
import { counted, countText, percentText, ratioText } from './number-text.ts'
import type { LatencyHead, TimeHead } from './time-columns.ts'

export function timeSentences(time: TimeHead, tables: readonly ColumnTable[]): readonly string[] {
  return [...failureSentence(time, tables), ...latencySentence(time)]
}

function failureSentence(time: TimeHead, tables: readonly ColumnTable[]): readonly string[] {
  const { connections, failed, outcomes } = time
  if (connections === 0) return []
  if (failed === 0) return [`None of ${counted(connections, 'connection')} failed${exits(outcomes)}.`]
  const kinds = Object.entries(outcomes)
    .filter(([name, n]) => n > 0 && !['delivered', 'terminating', 'notSent'].includes(name))
    .sort(([, a], [, b]) => b - a)
    .map(([name, n]) => `${countText(n)} ${name}`)
  return [
    `Of ${counted(connections, 'connection')} ${countText(failed)} failed (${percentText(failed / connections)}): ${kinds.join(', ')}; ${mainCause(tables)}.`,
  ]
}

const exits = ({ terminating }: TimeHead['outcomes']): string =>
  terminating > 0 ? `; ${countText(terminating)} of them went to a pod on its way out, which served them` : ''

const CAUSE_WORDS: Readonly<Record<string, string>> = {
  rules: 'the rules of a node were behind the EndpointSlices',
  slices: 'the EndpointSlices were behind the pods',
  'no endpoints': 'the Service had no endpoints',
  'no local endpoints': 'the node had no endpoints of its own',
  'no rules': 'the node had no rules yet',
  'node lost': 'the node where they came in was lost',
  outlived: 'the connection outlived its pod',
  conntrack: 'a conntrack entry led on to a pod that was gone',
  'reused address': 'the address had gone to another pod',
  'no healthy target': 'the load balancer had no target in service',
  'table full': 'the connection table of a node was full',
  '': 'no rule knew the Service',
}

/** The cause that most failures have. */
function mainCause(tables: readonly ColumnTable[]): string {
  const outcomes = tableNamed(tables, 'outcomes')
  const [names, causes] = [textsOf(outcomes, 'outcome'), textsOf(outcomes, 'cause')]
  const [counts, lag] = [numbersOf(outcomes, 'connections'), numbersOf(outcomes, 'meanLagMs')]
  const byCause = new Map<string, { connections: number; lagMs: number }>()
  let all = 0
  names.forEach((name, i) => {
    if (['delivered', 'terminating', 'notSent'].includes(name)) return
    const sum = byCause.get(causes[i]) ?? { connections: 0, lagMs: 0 }
    sum.connections += counts[i]
    sum.lagMs += counts[i] * lag[i]
    byCause.set(causes[i], sum)
    all += counts[i]
  })
  const [cause, { connections, lagMs }] = [...byCause].sort(([, a], [, b]) => b.connections - a.connections)[0]
  const behind = lagMs > 0 ? `, by ${msText(lagMs / connections)} on average` : ''
  return `in ${percentText(connections / all)} of them ${CAUSE_WORDS[cause]}${behind}`
}

function latencySentence({ latencyMs, partialSyncs, fullSyncs, busyShare }: TimeHead): readonly string[] {
  if (latencyMs.count === 0) return []
  return [
    `A change reached a node's rules within ${msText(latencyMs.p50)} at the median, ${msText(latencyMs.p90)} at the 90th and ${msText(latencyMs.p99)} at the 99th percentile; kube-proxies made ${counted(partialSyncs + fullSyncs, 'sync')}, ${percentText(busyShare)} of their time.`,
  ]
}

/** A sweep of runs over time: what fails along it, where nothing does, and how far nodes are behind. */
export function timeSweepSentence(path: string, sweep: ColumnTable): string {
  const [value, failed, p50, p99] = ['value', 'failed', 'latencyP50Ms', 'latencyP99Ms'].map(c => numbersOf(sweep, c))
  const last = value.length - 1
  const span = (column: ArrayLike<number>, text: (n: number) => string): string => {
    const [from, to] = [text(column[0]), text(column[last])]
    return from === to ? `stays ${from}` : `goes from ${from} to ${to}`
  }
  const latency = Number.isFinite(p50[0])
    ? `; the programming latency ${span(p50, msText)} at the median and ${span(p99, msText)} at the 99th percentile`
    : ''
  if (totalOf(failed) === 0)
    return `No connection fails, whether ${path} is ${ratioText(value[0])} or ${ratioText(value[last])}${latency}.`
  const step = losslessStep(value, failed)
  const verdict =
    step === undefined
      ? 'every value loses some'
      : `the ${step.which} value that loses none is ${ratioText(step.value)}`
  return `As ${path} goes from ${ratioText(value[0])} to ${ratioText(value[last])}, the number of connections that fail ${span(failed, countText)}: ${verdict}${latency}.`
}

/** The value to choose where some lose connections and some do not: the smallest that loses none, or the largest where more is worse. */
function losslessStep(
  value: ArrayLike<number>,
  failed: ArrayLike<number>,
): { readonly which: 'smallest' | 'largest'; readonly value: number } | undefined {
  const lossless = Array.from(value).filter((_, i) => failed[i] === 0)
  if (lossless.length === 0 || lossless.length === value.length) return undefined
  return failed[0] === 0 && failed[value.length - 1] > 0
    ? { which: 'largest', value: Math.max(...lossless) }
    : { which: 'smallest', value: Math.min(...lossless) }
}

/** Of a sweep in which some value loses connections and some does not: the one to choose. */
export function losslessNumber(path: string, sweep: ColumnTable): KeyNumber | undefined {
  const [value, failed] = ['value', 'failed'].map(c => numbersOf(sweep, c))
  const step = losslessStep(value, failed)
  if (step === undefined) return undefined
  const [from, to] = [0, value.length - 1].map(i => `${countText(failed[i])} fail at ${ratioText(value[i])}`)
  return {
    value: ratioText(step.value),
    label: `${step.which} ${path} that loses no connection`,
    note: `${from}, ${to}`,
  }
}

export const failedNumber = (time: TimeHead): KeyNumber => ({
  value: countText(time.failed),
  label: 'connections that failed',
  note: `of ${countText(time.connections)}; ${countText(time.packetsLost)} packets did not arrive`,
})

export const latencyNumber = ({ latencyMs }: TimeHead): KeyNumber => ({
  value: msText(latencyMs.p99),
  label: 'programming latency, 99th percentile',
  note: `median ${msText(latencyMs.p50)}, over ${counted(latencyMs.count, 'change')} on nodes`,
})

/** Milliseconds as people say them. */
export const msText = (ms: number): string =>
  Number.isNaN(ms) ? '–' : ms >= 1000 ? `${ratioText(ms / 1000)} s` : `${ratioText(ms)} ms`

export const spreadCells = (h: LatencyHead): readonly string[] => [
  countText(h.count),
  ...[h.mean, h.p50, h.p90, h.p99, h.max].map(msText),
]
