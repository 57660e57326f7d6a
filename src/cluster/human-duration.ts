/**
 * A duration as kubectl prints it in AGE columns: two units at most, fewer as it grows (k8s.io/apimachinery/pkg/util/duration,
 * HumanDuration). Units are cut, never rounded.
 */
import { SECOND_US, type TimeUs } from '../sim/time.ts'

export function humanDuration(durationUs: TimeUs): string {
  const seconds = Math.trunc(durationUs / SECOND_US)
  // kubectl forgives clocks that differ by a second; simulated ones do not, but the text stays the same.
  if (seconds < -1) return '<invalid>'
  if (seconds <= 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return twoUnits(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return twoUnits(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (hours < 192) return twoUnits(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.trunc(days / 365)
  return days < 2920 ? twoUnits(years, 'y', days % 365, 'd') : `${years}y`
}

const twoUnits = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
