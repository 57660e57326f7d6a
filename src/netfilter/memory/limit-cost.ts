/**
 * What a packet costs a `-m limit` and what its bucket holds, in microseconds of credit. Models xt_limit of Linux 6.18 with its 32-bit
 * credits, which overflow for long intervals: `--limit 1/day --limit-burst 3` lets 1 packet through at once. Taken for a kernel of 250 or
 * 1000 jiffies a second, where a second is worth 32,000 credits.
 */
import type { RateUnit } from '../../ruleset/ruleset.ts'

export interface LimitCost {
  readonly costUs: number
  readonly capUs: number
}

export function limitCost({
  rate,
  per,
  burst,
}: {
  readonly rate: number
  readonly per: RateUnit
  readonly burst: number
}): LimitCost {
  // The interval between packets in ten-thousandths of a second, as libxt_limit writes it.
  const interval = Math.floor((SCALE * UNIT_SECONDS[per]) / rate)
  return { costUs: credits(interval) * CREDIT_US, capUs: credits(Math.imul(interval, burst) >>> 0) * CREDIT_US }
}

const SCALE = 10_000
const UNIT_SECONDS: Readonly<Record<RateUnit, number>> = { sec: 1, min: 60, hour: 3_600, day: 86_400 }
const CREDITS_PER_SECOND = 32_000
const CREDIT_US = 1_000_000 / CREDITS_PER_SECOND

/** user2credits. */
const credits = (interval: number): number =>
  interval > Math.floor(0xffff_ffff / CREDITS_PER_SECOND)
    ? Math.imul(Math.floor(interval / SCALE), CREDITS_PER_SECOND) >>> 0
    : Math.floor((interval * CREDITS_PER_SECOND) / SCALE)
