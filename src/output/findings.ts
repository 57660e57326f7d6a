/**
 * What a run found, as plain text and numbers, before it is written for a terminal, Markdown or HTML: the answer in two or three
 * sentences, the three numbers to decide on, and the tables behind them. Made once a run, as half a second of a large cluster. Nothing here is
 * escaped; names are the user's.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import { affinitySentences, affinitySweepSentences } from './affinity-findings.ts'
import { budgetNumbers, budgetSentence } from './budget/budget-findings.ts'
import { numbersOf, tableNamed, totalOf } from './column-values.ts'
import { conntrackSentences, conntrackSweepSentences } from './conntrack-findings.ts'
import { type Evenness, evenness, SIGNIFICANCE } from './evenness.ts'
import { hintSentences } from './hint-findings.ts'
import { counted, countText, ratioText } from './number-text.ts'
import type { ReportTable } from './report-tables/report-table.ts'
import { reportTables } from './report-tables.ts'
import type { RunJson } from './run-json.ts'
import { shareSentences, shareSweepSentences, unevenSentences } from './share-findings.ts'
import { sweptRules } from './swept-rules.ts'
import type { TimeHead } from './time-columns.ts'
import { failedNumber, latencyNumber, losslessNumber, timeSentences, timeSweepSentence } from './time-findings.ts'

export interface Findings {
  /** Sentences. */
  readonly answer: readonly string[]
  readonly keyNumbers: readonly KeyNumber[]
  /** What stands behind it, in the order it is read. */
  readonly shown: readonly ReportTable[]
}

export interface KeyNumber {
  readonly value: string
  readonly label: string
  readonly note: string
}

export function findings(run: RunJson, tables: readonly ColumnTable[]): Findings {
  const spread = evenness(tables)
  return {
    answer: [...(run.time === null ? restSentences(run, tables, spread) : movingSentences(run, run.time, tables))],
    keyNumbers:
      run.time === null
        ? [
            ...(run.budget === null ? [rulesNumber(run), costNumber(run)] : budgetNumbers(run.budget)),
            evennessNumber(run, spread),
          ]
        : [failuresNumber(run, run.time, tables), latencyNumber(run.time), rulesNumber(run)],
    shown: reportTables(run, tables, spread),
  }
}

/** Along a sweep the value that loses nothing, where there is something to lose. */
const failuresNumber = ({ sweep }: RunJson, time: TimeHead, tables: readonly ColumnTable[]): KeyNumber =>
  (sweep === null ? undefined : losslessNumber(sweep.path, tableNamed(tables, 'sweep'))) ?? failedNumber(time)

/** A cluster at rest: what connections pay, and how evenly they fall. */
const restSentences = (run: RunJson, tables: readonly ColumnTable[], spread: Evenness): readonly string[] => [
  ...(run.sweep === null ? [] : [sweepSentence(run.sweep.path, tableNamed(tables, 'sweep'))]),
  ...hintSentences(run, tables),
  ...(run.budget === null ? [] : [budgetSentence(run.budget)]),
  ...(run.sweep === null ? [costSentence(run)] : []),
  ...loadSentence(run, spread),
  ...failureSentence(tables),
]

/** A cluster that moves: what fails, and who is how far behind. */
const movingSentences = (run: RunJson, time: TimeHead, tables: readonly ColumnTable[]): readonly string[] => [
  ...(run.sweep === null
    ? [
        ...affinitySentences(run.metrics),
        ...conntrackSentences(run.metrics),
        ...timeSentences(time, tables),
        ...shareSentences(run.metrics),
        ...unevenSentences(run.metrics),
      ]
    : [
        ...affinitySweepSentences(run.sweep.path, tableNamed(tables, 'sweep')),
        ...conntrackSweepSentences(time.horizonS, run.metrics, tableNamed(tables, 'sweep')),
        ...sweepOverTime(run.sweep.path, tableNamed(tables, 'sweep'), unevenSentences(run.metrics)),
      ]),
  ...hintSentences(run, tables),
  costSentence(run),
]

/** What fails comes first, unless nothing does. */
function sweepOverTime(path: string, sweep: ColumnTable, uneven: readonly string[]): readonly string[] {
  const failures = [timeSweepSentence(path, sweep)]
  const shares = [...shareSweepSentences(path, sweep), ...uneven]
  return totalOf(numbersOf(sweep, 'failed')) > 0 ? [...failures, ...shares] : [...shares, ...failures]
}

function costSentence(run: RunJson): string {
  const { total } = run.rulesEvaluated
  const { rulesByTable, proxyMode } = run.head
  const rules = `A node carries ${proxyMode === 'nftables' ? `${countText(rulesByTable['kube-proxy'] ?? 0)} rules of nftables` : `${countText(rulesByTable['nat'] ?? 0)} nat rules`}`
  if (total.connections === 0) return `${rules}; no connection was asked for.`
  return `${rules}; a new connection evaluates ${countText(total.p50)} rules at the median, ${countText(total.p99)} at the 99th percentile and ${countText(total.max)} at most, over both hops.`
}

function loadSentence(
  run: RunJson,
  { tested, canBeUneven, significant, significantByChance, moreThanChance, worst, idleEndpoints }: Evenness,
): readonly string[] {
  if (run.rulesEvaluated.total.connections === 0) return []
  const idle = idleText(run, idleEndpoints)
  if (worst.length === 0) return ['No connection reached an endpoint.']
  if (!canBeUneven) return ['No Service port has two endpoints, so no load can be uneven.']
  if (tested === 0) return [`Too few connections per endpoint to tell uneven load from chance; ${idle}.`]
  const where = run.sweep === null ? 'The' : 'At the last step the'
  const verdict = `${where} load ${moreThanChance ? 'strays from the shares the rules give' : 'is as even as chance allows around the shares the rules give'}`
  const figures =
    tested === 1
      ? `p = ${ratioText(worst[0].pValue)} in the one Service port tested`
      : `${countText(significant)} of ${counted(tested, 'Service port')} tested have p < ${SIGNIFICANCE}, where chance gives ${ratioText(significantByChance)}`
  const busiest = `the busiest endpoint of ${worst[0].service} has ${ratioText(worst[0].maxOverMean)} times the mean of its Service`
  return [`${verdict} (${figures}); ${busiest}, and ${idle}.`]
}

function failureSentence(tables: readonly ColumnTable[]): readonly string[] {
  const services = tableNamed(tables, 'services')
  const total = (name: string): number => totalOf(numbersOf(services, name))
  const parts = (['rejected', 'dropped', 'unmatched'] as const).flatMap(outcome => {
    const n = total(outcome)
    return n === 0 ? [] : [`${countText(n)} ${outcome === 'unmatched' ? 'matched no rule' : `were ${outcome}`}`]
  })
  return parts.length === 0 ? [] : [`Of ${counted(total('connections'), 'connection')} ${parts.join(', ')}.`]
}

function sweepSentence(path: string, sweep: ColumnTable): string {
  const { column, long } = sweptRules(sweep)
  const value = numbersOf(sweep, 'value')
  const ends = (name: string): string => {
    const values = numbersOf(sweep, name)
    return value.length === 1
      ? ratioText(values[0])
      : `${ratioText(values[0])} to ${ratioText(values[value.length - 1])}`
  }
  return `As ${path} goes from ${ends('value')}, the rules a new connection evaluates go from ${ends('meanRulesEvaluated')} on average (p99 from ${ends('p99RulesEvaluated')}), and the ${long} from ${ends(column)}${unevenText(value, numbersOf(sweep, 'maxOverMean'), path)}.`
}

/** How uneven the steps are, and the worst of them. */
function unevenText(value: ArrayLike<number>, maxOverMean: ArrayLike<number>, path: string): string {
  const known = Array.from(maxOverMean, (uneven, i) => ({ uneven, value: value[i] })).filter(s => s.uneven > 0)
  if (known.length < 2) return ''
  const [worst] = known.toSorted((a, b) => b.uneven - a.uneven)
  const least = Math.min(...known.map(s => s.uneven))
  return `; the busiest endpoint carries ${ratioText(least)} to ${ratioText(worst.uneven)} times the mean, most where ${path} is ${ratioText(worst.value)}`
}

function rulesNumber({ head }: RunJson): KeyNumber {
  const sizes = `for ${counted(head.servicePorts, 'Service port')} and ${counted(head.endpoints, 'endpoint')}`
  return head.proxyMode === 'nftables'
    ? { value: countText(head.rulesByTable['kube-proxy'] ?? 0), label: 'rules of nftables on a node', note: sizes }
    : {
        value: countText(head.rulesByTable['nat'] ?? 0),
        label: 'nat rules on a node',
        note: `${countText(head.kubeProxyNatRules)} as kube-proxy's own metric counts them, ${sizes}`,
      }
}

const costNumber = ({ rulesEvaluated: { firstHop, secondHop, total } }: RunJson): KeyNumber => ({
  value: countText(total.p50),
  label: 'rules a new connection evaluates, median',
  note: `p99 ${countText(total.p99)}, at most ${countText(total.max)}; first hop ${countText(firstHop.p50)}, second hop ${countText(secondHop.p50)} at the median`,
})

function evennessNumber(run: RunJson, { worst, idleEndpoints }: Evenness): KeyNumber {
  const [first] = worst
  return {
    value: first === undefined ? '–' : `${ratioText(first.maxOverMean)}×`,
    label: 'busiest endpoint over mean, in the worst Service',
    note:
      first === undefined
        ? 'no connection reached an endpoint'
        : `${first.service}, p = ${ratioText(first.pValue)}; ${idleText(run, idleEndpoints)}`,
  }
}

const idleText = ({ head }: RunJson, idle: number): string =>
  idle === 0 ? 'every endpoint got some' : `${countText(idle)} of ${counted(head.endpoints, 'endpoint')} got nothing`
