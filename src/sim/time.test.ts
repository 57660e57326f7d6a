import { expect, it } from 'vitest'
import { parseDurationUs } from './time.ts'

it.each([
  ['90s', 90_000_000],
  ['1m30s', 90_000_000],
  ['250ms', 250_000],
  ['1.5s', 1_500_000],
  ['7us', 7],
  ['7µs', 7],
  ['2h', 7_200_000_000],
  ['3', 3_000_000],
  ['0', 0],
  ['', undefined],
  ['-1s', undefined],
  ['s', undefined],
  ['1x', undefined],
  ['1s junk', undefined],
  ['1e400h', undefined],
  [`${'9'.repeat(40)}h`, undefined],
])('%s', (text, us) => {
  expect(parseDurationUs(text)).toBe(us)
})
