/** Numbers as people read them; the same text on every machine (no locale). What is not defined is shown as a dash. */

/** `1,234,567`; fractions are rounded away. */
export function countText(value: number): string {
  if (!Number.isFinite(value)) return notANumber(value)
  const digits = Math.round(Math.abs(value)).toFixed(0)
  return (value < 0 ? '-' : '') + digits.replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 node`, `2 nodes`. */
export const counted = (value: number, noun: string): string => `${countText(value)} ${noun}${value === 1 ? '' : 's'}`

/** Three significant digits up to 1,000, whole numbers above: `0.0123`, `1.62`, `4,201`. */
export function ratioText(value: number): string {
  if (!Number.isFinite(value)) return notANumber(value)
  const size = Math.abs(value)
  if (size >= 999.5) return countText(value)
  if (size !== 0 && size < 1e-4) return value.toExponential(1)
  const text = value.toPrecision(3)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** `12.3 %` of a share. */
export function percentText(share: number): string {
  if (!Number.isFinite(share)) return notANumber(share)
  return share > 0 && share < 0.0001 ? '< 0.01 %' : `${ratioText(share * 100)} %`
}

const notANumber = (value: number): string => (value === Infinity ? '∞' : value === -Infinity ? '-∞' : '–')

/** `a, b and c`. */
export const listText = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`
