/** A length of simulated time as scenarios write it: `250ms`, `1m30s`, or a number of seconds. The checked value is in µs. */
import { z } from 'zod'
import { parseDurationUs, SECOND_US } from '../sim/time.ts'

const MOST_SECONDS = 365 * 24 * 3600

/** 0 or longer, at most a year. */
export const duration = z
  .union([z.string(), z.number()])
  .transform((value, check) => {
    const us = typeof value === 'number' ? Math.round(value * SECOND_US) : parseDurationUs(value)
    if (us !== undefined && us >= 0 && us <= MOST_SECONDS * SECOND_US) return us
    check.addIssue({ code: 'custom', message: NO_DURATION, input: value })
    return z.NEVER
  })
  .describe('250ms, 30s, 10m, 1m30s; a bare number counts seconds')

/** The same, above 0. */
export const positiveDuration = duration.refine(us => us > 0, { error: 'is no time at all; it must be above 0' })

const NO_DURATION = 'is no duration from 0 to a year, such as 250ms, 30s or 10m'
