import fc from 'fast-check'
import { expect, it } from 'vitest'
import { instantText } from './instant-text.ts'
import { parseInstantUs } from './parse-instant.ts'

it.each([
  [0, '1970-01-01T00:00:00Z'],
  [500_000, '1970-01-01T00:00:00.5Z'],
  [1, '1970-01-01T00:00:00.000001Z'],
  [951_782_400_000_000, '2000-02-29T00:00:00Z'],
  [1_709_164_799_999_999, '2024-02-28T23:59:59.999999Z'],
  [4_107_542_400_000_000, '2100-03-01T00:00:00Z'],
])('%d', (us, text) => {
  expect(instantText(us)).toBe(text)
})

it('is read back', () => {
  fc.assert(
    fc.property(fc.nat({ max: 8_000_000_000_000_000 }), us => {
      expect(parseInstantUs(instantText(us))).toBe(us)
    }),
  )
})
