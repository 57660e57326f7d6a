/**
 * Instants of the outside world, as dumps and watch streams carry them: RFC 3339 text -> whole microseconds since 1970-01-01T00:00:00Z.
 * They meet simulated time only as differences.
 */
export function parseInstantUs(text: string): number | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(
    text,
  )
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number)
  const [offsetHours, offsetMinutes] = parts.slice(9, 11).map(part => Number(part ?? 0))
  // A leap second is taken as the first of the next minute, as POSIX does.
  if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined
  if (day > daysIn(year, month) || offsetHours > 23 || offsetMinutes > 59) return undefined
  const offsetSeconds = (offsetHours * 3600 + offsetMinutes * 60) * (parts[8] === '-' ? -1 : 1)
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - offsetSeconds
  return seconds * 1_000_000 + Number((parts[7] ?? '').padEnd(6, '0').slice(0, 6))
}

const daysIn = (year: number, month: number): number => {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
