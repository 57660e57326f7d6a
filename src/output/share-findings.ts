/** How soon pods that came while it ran carry their share of the load, in sentences. Nothing is escaped here. */
import type { ColumnTable } from '../arrow/column-table.ts'
import { numbersOf } from './column-values.ts'
import { counted, percentText, ratioText } from './number-text.ts'

/** Nothing where no pod came, or load by pod was not kept. */
export function shareSentences(metrics: Readonly<Record<string, number>>): readonly string[] {
  const pods = metrics['newPods.count'] ?? 0
  const share = metrics['newPods.shareAtEnd'] ?? Number.NaN
  if (pods === 0 || Number.isNaN(share)) return []
  const seconds = metrics['newPods.secondsToShare'] ?? Number.NaN
  const reached = Number.isNaN(seconds)
    ? 'never carried 90 % of an equal share'
    : `carried 90 % of an equal share ${ratioText(seconds)} s after the last of them was up`
  return [
    `${counted(pods, 'pod')} that came while it ran ${reached}; at the end ${pods === 1 ? 'it carries' : 'they carry'} ${percentText(share)} of one.`,
  ]
}

/** The busiest pod, where one stands out at either end. */
export function unevenSentences(metrics: Readonly<Record<string, number>>): readonly string[] {
  const [start, end] = ['Start', 'End'].map(at => metrics[`podLoad.maxOverMeanAt${at}`] ?? Number.NaN)
  if (!(start > STANDS_OUT || end > STANDS_OUT)) return []
  // No pod was there for the whole of such a window, or nothing was sent in it.
  const first = Number.isNaN(start) ? undefined : `${ratioText(start)} times the mean in the first window`
  const last = Number.isNaN(end)
    ? undefined
    : `${ratioText(end)} times ${first === undefined ? 'the mean ' : ''}in the last`
  return [`The busiest pod carries ${[first, last].filter(part => part !== undefined).join(' and ')}.`]
}

const STANDS_OUT = 1.2

/** The same along a sweep, step by step. */
export function shareSweepSentences(path: string, sweep: ColumnTable): readonly string[] {
  const [value, share, seconds] = ['value', 'newShareAtEnd', 'secondsToShare'].map(c => numbersOf(sweep, c))
  if (value.length === 0 || Array.from(share).every(Number.isNaN)) return []
  const steps = Array.from(value, (v, i) =>
    Number.isNaN(seconds[i])
      ? `never with ${ratioText(v)} (${percentText(share[i])} at the end)`
      : `${ratioText(seconds[i])} s with ${ratioText(v)}`,
  )
  return [`A new pod carries 90 % of an equal share after: ${steps.join(', ')} (${path}).`]
}
