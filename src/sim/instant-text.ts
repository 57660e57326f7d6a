/** Microseconds since 1970-01-01T00:00:00Z -> RFC 3339 text in UTC, with as many decimals as it takes: what parseInstantUs reads. */
export function instantText(us: number): string {
  const seconds = Math.floor(us / 1_000_000)
  const days = Math.floor(seconds / 86_400)
  const { year, month, day } = civilDate(days)
  const second = seconds - days * 86_400
  const clock = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60].map(n => padded(n, 2)).join(':')
  const decimals = padded(us - seconds * 1_000_000, 6).replace(/0+$/, '')
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}T${clock}${decimals === '' ? '' : `.${decimals}`}Z`
}

/** Gregorian date of a day, counted from 1970-01-01 (Hinnant's civil_from_days: eras of 400 years that begin in March). */
function civilDate(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const fromMarch0 = days + 719_468
  const era = Math.floor(fromMarch0 / 146_097)
  const dayOfEra = fromMarch0 - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

const padded = (n: number, width: number): string => String(n).padStart(width, '0')
