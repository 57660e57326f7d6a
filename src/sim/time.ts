/**
 * Simulated time: whole microseconds since the start of the simulation, as a number (exact up to 285 years).
 * It never meets wall time in one expression.
 */
export type TimeUs = number

export const SECOND_US = 1_000_000

const UNITS_US: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1_000,
  s: SECOND_US,
  m: 60 * SECOND_US,
  h: 3_600 * SECOND_US,
}

/** Reads `250ms`, `1.5s`, `10m`, `2h`, `7us` (sums such as `1m30s` too), a bare number being seconds; undefined when it is none. */
export function parseDurationUs(text: string): TimeUs | undefined {
  const trimmed = text.trim()
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * SECOND_US)
  const part = /(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)/y
  let sum = 0
  while (part.lastIndex < trimmed.length) {
    const match = part.exec(trimmed)
    if (match === null) return undefined
    sum += Number(match[1]) * UNITS_US[match[2]]
  }
  return trimmed === '' || !Number.isSafeInteger(Math.round(sum)) ? undefined : Math.round(sum)
}
