/**
 * A delay to be drawn a hundred million times: its quantiles, 4,096 of them, so a draw is a look-up that stays in the nearest
 * cache. Exact but for the tail beyond the last quantile (one in 8,192), which is cut off.
 */
import { type Delay, delayAtUs } from '../../sim/delay.ts'
import type { TimeUs } from '../../sim/time.ts'

/** One value, or 4,096. */
export type DelayTable = Float64Array

const BITS = 12
const SIZE = 1 << BITS

export function delayTable(delay: Delay): DelayTable {
  const size = delay.kind === 'constant' ? 1 : SIZE
  const table = new Float64Array(new SharedArrayBuffer(8 * size))
  for (let i = 0; i < size; i++) table[i] = delayAtUs(delay, (i + 0.5) / size)
  return table
}

/** The value that a uniform 32-bit word draws. */
export const delayOf = (table: DelayTable, word: number): TimeUs => table[table.length === 1 ? 0 : word >>> (32 - BITS)]
