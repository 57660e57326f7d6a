import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseInstantUs } from './parse-instant.ts'

it.each([
  ['1970-01-01T00:00:00Z', 0],
  ['1970-01-01T00:00:01.5Z', 1_500_000],
  ['1970-01-01T00:00:00.0000019Z', 1],
  ['1970-01-01T01:00:00+01:00', 0],
  ['1970-01-01 00:00:00-00:30', 1_800_000_000],
  ['2024-02-29T12:00:00Z', 1_709_208_000_000_000],
  ['2016-12-31T23:59:60Z', 1_483_228_800_000_000],
])('%s', (text, us) => {
  expect(parseInstantUs(text)).toBe(us)
})

it.each([
  '',
  '2026-01-01',
  '2026-01-01T00:00:00',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '1900-02-28T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:00+24:00',
  ' 2026-01-01T00:00:00Z',
])('refuses %j', text => {
  expect(parseInstantUs(text)).toBeUndefined()
})

it('agrees with the clock of the language', () => {
  const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  fc.assert(
    fc.property(date, instant => {
      expect(parseInstantUs(instant.toISOString())).toBe(instant.getTime() * 1000)
    }),
  )
})
