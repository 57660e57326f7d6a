import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statisticThreshold } from '../ruleset/ruleset.ts'
import { isRunRule, runThresholds } from './statistic-run.ts'
import { commented, jumpTo, makeRule, protocolIs, withChance } from './testing/make-rules.ts'

/** The kernel's integers of the n - 1 rules kube-proxy writes for n endpoints, from its text `%0.10f`. */
const kubeProxyRun = (n: number): number[] =>
  Array.from({ length: n - 1 }, (_, i) => statisticThreshold(Number((1 / (n - i)).toFixed(10))))

/** The definition with exact fractions: C_i = round(2^32 (1 - prod (1 - p / 2^31))), halves up. */
function exactThresholds(probabilities: readonly number[]): number[] {
  let numerator = 1n
  return probabilities.map((p, i) => {
    numerator *= BigInt(0x8000_0000 - p)
    const denominator = 1n << BigInt(31 * (i + 1))
    return Number((2n * (denominator - numerator) * (1n << 32n) + denominator) / (2n * denominator))
  })
}

describe('thresholds of a statistic run', () => {
  it('are those of exact fractions', () => {
    const probability = fc.oneof(
      fc.constantFrom(0, 1, 2, 0x4000_0000, 0x2000_0000, 0x7fff_ffff, 0x8000_0000),
      fc.integer({ min: 0, max: 0x8000_0000 }),
    )
    fc.assert(
      fc.property(fc.array(probability, { maxLength: 40 }), run => {
        expect([...runThresholds(run)]).toEqual(exactThresholds(run))
      }),
      { numRuns: 300 },
    )
    for (const n of [2, 3, 7, 50, 300])
      expect([...runThresholds(kubeProxyRun(n))]).toEqual(exactThresholds(kubeProxyRun(n)))
  })

  it('never fall, and stay within 2^32', () => {
    const thresholds = [...runThresholds(kubeProxyRun(5_000))]
    expect(thresholds).toEqual([...thresholds].sort((a, b) => a - b))
    expect(thresholds.at(-1)).toBeLessThanOrEqual(2 ** 32)
  })

  it('leave each of n endpoints 2^32 / n words, to the kernel’s rounding', () => {
    for (const n of [2, 3, 7, 50, 1_000]) {
      const thresholds = [0, ...runThresholds(kubeProxyRun(n)), 2 ** 32]
      for (let i = 0; i < n; i++) expect(Math.abs(thresholds[i + 1] - thresholds[i] - 2 ** 32 / n)).toBeLessThan(3)
    }
  })

  it('know never and always', () => {
    expect([...runThresholds([])]).toEqual([])
    expect([...runThresholds([statisticThreshold(0.0000000002), statisticThreshold(0.9999999999), 5])]).toEqual([
      0,
      2 ** 32,
      2 ** 32,
    ])
  })

  it('must not change', () => {
    expect([2, 3, 5].map(n => [...runThresholds(kubeProxyRun(n))])).toMatchInlineSnapshot(`
      [
        [
          2147483648,
        ],
        [
          1431655766,
          2863311531,
        ],
        [
          858993460,
          1717986919,
          2576980378,
          3435973837,
        ],
      ]
    `)
  })
})

describe('a rule of a run', () => {
  const chance = withChance(1)
  it.each([
    ['one statistic match and a jump', makeRule(jumpTo('a'), chance), true],
    ['a comment too', makeRule(jumpTo('a'), commented(), chance), true],
    ['no statistic match', makeRule(jumpTo('a'), commented()), false],
    ['two of them', makeRule(jumpTo('a'), chance, chance), false],
    ['another match', makeRule(jumpTo('a'), protocolIs('tcp'), chance), false],
    ['another verdict', makeRule({ kind: 'accept' }, chance), false],
    ['a goto', makeRule({ kind: 'goto', chain: 'a' }, chance), false],
    ['no verdict', makeRule(undefined, chance), false],
  ])('%s', (_, rule, expected) => {
    expect(isRunRule(rule)).toBe(expected)
  })
})
