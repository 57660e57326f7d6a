/**
 * The scale of a load axis: linear while the loads are of one size, else symmetric-logarithmic, which shows both 0 and a hundred
 * thousand, with ticks at 0 and powers of ten.
 */
import type { ScaleOptions } from '@observablehq/plot'
import { countText } from './number-text.ts'

const LINEAR_UP_TO = 30

export function loadScale(loads: readonly number[]): ScaleOptions {
  const sorted = Float64Array.from(loads).sort()
  const most = sorted.at(-1) ?? 0
  const median = sorted[sorted.length >> 1] ?? 0
  if (most <= LINEAR_UP_TO * Math.max(1, median)) return { zero: true, tickFormat: countText, nice: true }
  const ticks = [0]
  for (let tick = 1; tick < 10 * most; tick *= 10) ticks.push(tick)
  return { type: 'symlog', zero: true, ticks, tickFormat: countText, domain: [0, ticks.at(-1)!] }
}
