/** What ClientIP affinity made of a run over time, in sentences. Nothing is escaped here. */
import type { ColumnTable } from '../arrow/column-table.ts'
import { numbersOf } from './column-values.ts'
import { countText, percentText, ratioText } from './number-text.ts'

/** Nothing where no client came back to a Service with affinity. */
export function affinitySentences(metrics: Readonly<Record<string, number>>): readonly string[] {
  const [returning, forgotten, moved] = ['returning', 'forgotten', 'moved'].map(
    name => metrics[`affinity.${name}`] ?? 0,
  )
  if (returning === 0) return []
  const lost = [
    ...(forgotten > 0
      ? [`${countText(forgotten)} (${percentText(forgotten / returning)}) found their client forgotten`]
      : []),
    ...(moved > 0 ? [`${countText(moved)} found their endpoint gone`] : []),
  ]
  const verdict =
    lost.length === 0
      ? 'all went to the endpoint they had before'
      : `${lost.join(', ')}; the others went where they had been`
  return [
    `Of ${countText(returning)} connections whose client had been at the node within its affinity timeout, ${verdict}.`,
  ]
}

/** Along a sweep: how uneven the load is, and from where on clients are forgotten. */
export function affinitySweepSentences(path: string, sweep: ColumnTable): readonly string[] {
  if (!hasAffinity(sweep)) return []
  const [value, share, uneven] = ['value', 'affinityForgottenShare', 'podMaxOverMean'].map(c => numbersOf(sweep, c))
  const last = value.length - 1
  const first = Array.from(share).findIndex(s => s > 0)
  const memory =
    first < 0
      ? 'no client is forgotten'
      : `clients are forgotten from ${ratioText(value[first])} on${first === 0 ? '' : ` (not at ${ratioText(value[first - 1])})`}, at ${ratioText(value[last])} by ${percentText(share[last])} of the connections that come back`
  return [
    `With ClientIP affinity the busiest pod carries ${ratioText(uneven[0])} times the mean where ${path} is ${ratioText(value[0])} and ${ratioText(uneven[last])} times where it is ${ratioText(value[last])}; ${memory}.`,
  ]
}

export const hasAffinity = (sweep: ColumnTable): boolean => sweep.columns.some(c => c.name === 'affinityForgottenShare')
