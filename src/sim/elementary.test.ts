import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exp, ln } from './elementary.ts'

const relativeError = (found: number, expected: number): number => Math.abs(found - expected) / Math.abs(expected)

describe('exp and ln', () => {
  it.each([
    [exp(0), 1],
    [exp(-746), 0],
    [exp(-Infinity), 0],
    [exp(710), Infinity],
    [exp(NaN), NaN],
    [ln(1), 0],
    [ln(0), -Infinity],
    [ln(-1), NaN],
    [ln(NaN), NaN],
    [ln(Infinity), Infinity],
  ])('has its exact values at the edges (%#)', (found, expected) => {
    expect(found).toBe(expected)
  })

  it('exp is within two units of the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 709, noNaN: true }), x => {
        expect(relativeError(exp(x), Math.exp(x))).toBeLessThan(5e-16)
      }),
    )
  })

  it('ln is within two units of the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: 5e-324, max: Number.MAX_VALUE, noNaN: true }), x => {
        fc.pre(x !== 1)
        expect(relativeError(ln(x), Math.log(x))).toBeLessThan(5e-16)
      }),
    )
  })

  it('keeps its bits', () => {
    expect([exp(-1.5), exp(0.1), exp(-300.25), ln(3), ln(1.1), ln(1e-300)]).toMatchInlineSnapshot(`
      [
        0.22313016014842982,
        1.1051709180756477,
        4.009422364622857e-131,
        1.0986122886681098,
        0.09531017980432493,
        -690.7755278982137,
      ]
    `)
  })
})
