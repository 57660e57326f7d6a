/** The fast evaluator of replayed flows and its slow twin: the same packets through the same rules, the same results and counters. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { iptablesEvaluator } from '../src/replay/flows/iptables-evaluator.ts'
import type { NodeEvaluator } from '../src/replay/flows/node-evaluator.ts'
import { replayFlows } from '../src/replay/flows/replay-flows.ts'
import { topologyHost } from '../src/replay/flows/topology-host.ts'
import { traceEvaluator } from '../src/replay/flows/trace-evaluator.ts'
import { streamSeed } from '../src/sim/random.ts'
import { CASE_INTERFACES, CASE_NODE, CASE_TOPOLOGY, kernelCase } from './random-kernel-case.ts'

describe('flows by trace and by evaluate', () => {
  it.each(Array.from({ length: 60 }, (_, i) => 10_000 + i))('case %i', seed => {
    const { family, state, config, flows } = kernelCase(seed, {
      family: seed % 2 === 0 ? 4 : 6,
      affinity: true,
      conversations: true,
      protocols: ['TCP', 'UDP', 'SCTP'],
    })
    const ruleset = iptablesRuleset(state, CASE_NODE, config, family)
    const host = topologyHost(CASE_TOPOLOGY, [], CASE_INTERFACES, family)
    const stream = streamSeed('replay-evaluators', 'flows')
    const evaluators: NodeEvaluator[] = [
      right(iptablesEvaluator(ruleset, host, stream)),
      right(traceEvaluator(ruleset, host, stream)),
    ]
    const [fast, slow] = evaluators.map(evaluator => ({
      results: replayFlows(evaluator, host, { topology: CASE_TOPOLOGY, flows }),
      counters: evaluator.counters(),
    }))
    expect(slow.results).toEqual(fast.results)
    expect(slow.counters).toEqual(fast.counters)
  })
})

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
