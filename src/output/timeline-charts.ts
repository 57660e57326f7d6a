/**
 * A run over time, window by window: connections that failed, by what became of them; network programming latency; syncs of all nodes.
 * The scenario's actions are marked where they happen.
 */
import type { ColumnTable } from '../arrow/column-table.ts'
import { isFailure, OUTCOME, OUTCOME_NAMES, type TimedOutcome } from '../replay/time/outcome.ts'
import { parseDurationUs, SECOND_US } from '../sim/time.ts'
import type { SeriesColour } from './chart.ts'
import type { ChartFigure } from './chart-figure.ts'
import { numbersOf, tableNamed, totalOf } from './column-values.ts'
import { countText, percentText, ratioText } from './number-text.ts'
import type { RunJson } from './run-json.ts'
import { type SeriesChart, seriesChart } from './series-chart.ts'

/** Empty for a run without time. */
export function timelineCharts(run: RunJson, tables: readonly ColumnTable[]): readonly ChartFigure[] {
  if (run.time === null) return []
  const timeline = tableNamed(tables, 'timeline')
  const at = numbersOf(timeline, 'fromS')
  const column = (name: string): ArrayLike<number> => numbersOf(timeline, name)
  const time = {
    x: { label: 'simulated time, s', linear: true },
    instants: actionsOf(run),
  }
  return [
    failuresChart(run.time, time, at, column),
    latencyChart(run.time, time, at, column),
    syncsChart(run.time, time, at, column),
    ...shareChart(run.time, time, at, column),
  ]
}

type Time = NonNullable<RunJson['time']>
type OverTime = Pick<SeriesChart, 'x' | 'instants'>
type ColumnOf = (name: string) => ArrayLike<number>

/** Of a way to fail the same in every run. */
const COLOURS: Readonly<Partial<Record<TimedOutcome, SeriesColour>>> = {
  refused: 'c2',
  blackholed: 'c5',
  rejected: 'c1',
  dropped: 'c4',
  reset: 'c3',
  unmatched: 'c6',
  strayed: 'quiet',
}

const failuresChart = (
  { windowS, failed, connections }: Time,
  time: OverTime,
  x: ArrayLike<number>,
  column: ColumnOf,
) => {
  const names = OUTCOME_NAMES.filter(name => isFailure(OUTCOME[name]) && totalOf(column(name)) > 0)
  // With none at all the chart says so by a line at 0.
  const shown = names.length === 0 ? (['refused'] as const) : names
  return seriesChart({
    ...time,
    title: 'Connections that failed',
    caption: `By the time of their first packet, in windows of ${ratioText(windowS)} s; ${countText(failed)} of ${countText(connections)} in all (${percentText(failed / connections)}).`,
    y: { label: `connections in ${ratioText(windowS)} s`, text: countText },
    series: shown.map(name => ({ name, colour: COLOURS[name] ?? 'quiet', x, y: column(name), shape: 'stack' })),
  })
}

const latencyChart = ({ latencyMs }: Time, time: OverTime, x: ArrayLike<number>, column: ColumnOf) =>
  seriesChart({
    ...time,
    title: 'Network programming latency',
    caption: `From a change's trigger to the end of the sync that brings it to a node, over all nodes and changes of a window. In all: median ${ratioText(latencyMs.p50)} ms, p99 ${ratioText(latencyMs.p99)} ms.`,
    y: { label: 'latency, ms' },
    series: [
      { name: 'p99', colour: 'c2', x, y: column('latencyP99Ms') },
      { name: 'p90', colour: 'c4', x, y: column('latencyP90Ms') },
      { name: 'median', colour: 'c1', x, y: column('latencyP50Ms') },
    ],
  })

const syncsChart = ({ windowS, busyShare }: Time, time: OverTime, x: ArrayLike<number>, column: ColumnOf) =>
  seriesChart({
    ...time,
    title: 'Syncs of kube-proxy',
    caption: `Of all nodes together, by the time of their end. kube-proxy is syncing ${percentText(busyShare)} of the time.`,
    y: { label: `syncs in ${ratioText(windowS)} s`, linear: true, text: countText },
    series: [
      { name: 'partial', colour: 'c1', x, y: column('partialSyncs'), shape: 'steps' },
      { name: 'full', colour: 'c2', x, y: column('fullSyncs'), shape: 'steps' },
    ],
  })

/** Only where pods came while it ran. */
const shareChart = (
  { windowS }: Time,
  time: OverTime,
  x: ArrayLike<number>,
  column: ColumnOf,
): readonly ChartFigure[] =>
  Array.from(column('perNewPod')).every(Number.isNaN)
    ? []
    : [
        seriesChart({
          ...time,
          title: 'Load of a pod',
          caption: `Packets that reached a pod in ${ratioText(windowS)} s, mean over pods that were there for the whole window: those from the start, and those that came while it ran.`,
          y: { label: `packets in ${ratioText(windowS)} s`, linear: true, text: countText },
          series: [
            { name: 'from the start', colour: 'c1', x, y: column('perOldPod') },
            { name: 'new', colour: 'c2', x, y: column('perNewPod') },
          ],
        }),
      ]

/** More marks than this hide what they mark. */
const MARKED = 12

/** The actions of the scenario, as it was written; those that come again and again are not marked. */
function actionsOf({ inputs }: RunJson): NonNullable<SeriesChart['instants']> {
  const actions = Array.isArray(inputs['actions']) ? (inputs['actions'] as unknown[]) : []
  const marks = actions.flatMap(action => {
    if (action === null || typeof action !== 'object') return []
    const { at, ...verbs } = action as Record<string, unknown>
    const us = typeof at === 'number' ? at * SECOND_US : typeof at === 'string' ? parseDurationUs(at) : undefined
    return us === undefined ? [] : [{ at: us / SECOND_US, name: Object.keys(verbs)[0] ?? '' }]
  })
  return marks.length > MARKED ? [] : marks
}
