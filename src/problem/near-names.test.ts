import { describe, expect, it } from 'vitest'
import { didYouMean, nearNames } from './near-names.ts'

const SCENARIOS = ['smoke', 'large-cluster', 'endpoint-sweep', 'service-sweep', 'import', 'dashboard', 'web-shop']

describe('near names', () => {
  it.each([
    ['smok', ['smoke']],
    ['large', ['large-cluster']],
    ['sevice-sweep', ['service-sweep']],
    ['sweep', ['service-sweep', 'endpoint-sweep']],
    ['node', []],
    ['zzzzzzzz', []],
    ['x'.repeat(100_000), []],
  ])('%s', (wanted, near) => {
    expect(nearNames(wanted, SCENARIOS)).toEqual(near)
  })

  it('falls back to a sentence', () => {
    expect(didYouMean('zzzzzzzz', SCENARIOS, 'see --list')).toBe('see --list')
    expect(didYouMean('smke', SCENARIOS, 'see --list')).toBe('did you mean smoke?')
  })
})
