/**
 * A run: consecutive rules of a chain whose only matches are one `statistic` (and comments) and whose verdict is a jump, as kube-proxy
 * writes one per endpoint. A run takes ONE 32-bit draw u; rule i is taken iff u < C_i. Trace and evaluate share these thresholds.
 *
 * xt_statistic draws anew at every rule: rule i is reached and taken with p_i prod_{m<i} (1 - p_m). C_i is 2^32 times the chance that
 * one of the first i rules is taken, rounded, so the bias of a rule against independent draws is below 2^-32.
 */
import type { Rule } from '../ruleset/ruleset.ts'

/** C_1 … C_n of the kernel's integers p_m in 0 … 2^31: C_i = round(2^32 (1 - prod_{m<=i} (1 - p_m / 2^31))), never decreasing, at most 2^32. */
export function runThresholds(probabilities: readonly number[]): Float64Array {
  const thresholds = new Float64Array(probabilities.length)
  let missed = ONE
  for (let i = 0; i < probabilities.length; i++) {
    missed = (missed * BigInt(0x8000_0000 - probabilities[i])) >> 31n
    thresholds[i] = Number((ONE - missed + HALF_STEP) >> (FRACTION_BITS - 32n))
  }
  return thresholds
}

export function isRunRule({ verdict, matches }: Rule): boolean {
  if (verdict?.kind !== 'jump') return false
  let draws = 0
  for (const match of matches) {
    if (match.kind === 'comment') continue
    if (match.kind !== 'statistic' || match.negated) return false
    draws++
  }
  return draws === 1
}

/** The kernel's integer of a rule's statistic match. */
export function ruleProbability(rule: Rule): number {
  for (const match of rule.matches) if (match.kind === 'statistic') return match.threshold
  throw new Error('the rule has no statistic match')
}

/**
 * The product is kept with this many binary places, cut off after each factor. A tie of the rounding needs a product of at most 33 places,
 * and then all shorter products have no more, so ties are exact; otherwise i rules leave an error below i 2^-128 of a threshold step.
 */
const FRACTION_BITS = 160n
const ONE = 1n << FRACTION_BITS
const HALF_STEP = 1n << (FRACTION_BITS - 33n)
