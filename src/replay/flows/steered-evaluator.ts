/** The evaluator of a replay whose outcome is known, for rules of either kind: one rule at a time, with the dice of the kernel. */
import * as E from 'fp-ts/lib/Either.js'
import type { HostView } from '../../netfilter/host.ts'
import { iptablesForks } from '../../netfilter/iptables-forks.ts'
import { nftForks } from '../../netfilter/nft/nft-forks.ts'
import type { ForkOf } from '../../netfilter/steered-draws.ts'
import type { Problem } from '../../problem/problem.ts'
import type { StreamSeed } from '../../sim/random.ts'
import { NftEvaluator, nftEvaluator } from './nft-evaluator.ts'
import type { NodeRules } from './node-rules.ts'
import { type Known, SteeredDice } from './steered-dice.ts'
import { TraceEvaluator, traceEvaluator } from './trace-evaluator.ts'

export interface SteeredEvaluator {
  readonly evaluator: TraceEvaluator | NftEvaluator
  readonly dice: SteeredDice
  /** Another one with the same dice, that remembers and has counted nothing. */
  readonly fresh: () => TraceEvaluator | NftEvaluator
}

/** `seed`: of draws that `known` does not decide. */
export function steeredEvaluator(
  rules: NodeRules,
  host: HostView,
  seed: StreamSeed,
  known: Known,
): E.Either<Problem, SteeredEvaluator> {
  const dice = new SteeredDice(forksOf(rules), known)
  const made: E.Either<Problem, TraceEvaluator | NftEvaluator> =
    rules.mode === 'iptables'
      ? traceEvaluator(rules.ruleset, host, seed, { dice })
      : nftEvaluator(rules.ruleset, host, seed, { dice })
  const fresh = (): TraceEvaluator | NftEvaluator =>
    rules.mode === 'iptables'
      ? new TraceEvaluator(rules.ruleset, host, seed, { dice })
      : new NftEvaluator(rules.ruleset, host, seed, { dice })
  return E.map((evaluator: SteeredEvaluator['evaluator']) => ({ evaluator, dice, fresh }))(made)
}

export const forksOf = ({ mode, ruleset }: NodeRules): ForkOf =>
  mode === 'iptables' ? iptablesForks(ruleset) : nftForks(ruleset)
