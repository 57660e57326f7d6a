/** The endpoint that a 32-bit word takes among `count` in iptables mode: by the thresholds of kube-proxy's own statistic rules. */
import { ruleProbability, runThresholds } from '../../netfilter/statistic-run.ts'
import { oneIn, rule } from '../../proxier/rule-parts.ts'

const known = new Map<number, Float64Array>()

/** `count` from 1. The last endpoint has no threshold: it takes what is left. */
export function takenEvenly(count: number, word: number): number {
  let thresholds = known.get(count)
  if (thresholds === undefined) {
    const choices = Array.from({ length: count - 1 }, (_, i) => count - i)
    thresholds = runThresholds(choices.map(left => ruleProbability(rule([oneIn(left)]))))
    known.set(count, thresholds)
  }
  // Guessed right at once but next to a boundary: shares are even to a 2^-31st.
  let i = Math.floor((word * count) / 0x1_0000_0000)
  while (i > 0 && word < thresholds[i - 1]) i--
  while (i < thresholds.length && word >= thresholds[i]) i++
  return i
}
