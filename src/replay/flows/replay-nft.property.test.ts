/** Flows, with all that answers and refuses them, through random rules of nftables: the fast evaluator and its slow twin say the same. */

import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Flow } from '../../net/flow.ts'
import type { IpFamily } from '../../net/ip.ts'
import { ORIGIN } from '../../net/packet.ts'
import { makeHostView } from '../../netfilter/testing/make-rules.ts'
import { randomNft } from '../../netfilter/testing/random-nft.ts'
import { describeProblem, type Problem } from '../../problem/problem.ts'
import { TCP_FLAG } from '../../ruleset/ruleset.ts'
import { fastNftEvaluator } from './fast-nft-evaluator.ts'
import { nftEvaluator } from './nft-evaluator.ts'
import type { NodeEvaluator } from './node-evaluator.ts'
import { replayFlows } from './replay-flows.ts'
import { makeFlow } from './testing/make-flow.ts'

const RUNS = Number(process.env['SVCSIM_PROPERTY_RUNS'] ?? 300)
const SEED = { low: 5, high: 6 }

const ADDRESSES: Readonly<Record<IpFamily, readonly string[]>> = {
  4: ['10.96.0.0', '10.96.0.1', '10.96.0.3', '10.244.1.9', '10.244.2.9', '192.0.2.1', '198.51.100.7'],
  6: ['fd00:96::', 'fd00:96::1', 'fd00:96::3', 'fd00:244:1::9', 'fd00:244:2::9', '2001:db8:1::1', '2001:db8:9::7'],
}

const randomFlow = (family: IpFamily): fc.Arbitrary<Flow> =>
  fc
    .record({
      source: fc.constantFrom(...ADDRESSES[family]),
      destination: fc.constantFrom(...ADDRESSES[family]),
      origin: fc.constantFrom(ORIGIN.uplink, ORIGIN.pod, ORIGIN.node),
      protocol: fc.constantFrom('TCP', 'TCP', 'UDP', 'SCTP'),
      destinationPort: fc.constantFrom(80, 81, 53),
      firstSourcePort: fc.constantFrom(10_000, 80),
      connectionCount: fc.integer({ min: 1, max: 3 }),
      packetCount: fc.integer({ min: 1, max: 3 }),
      reply: fc.boolean(),
      delayUs: fc.constantFrom(0, 0, 6_000_000, 200_000_000),
      flags: fc.option(fc.constantFrom(TCP_FLAG.SYN, TCP_FLAG.ACK, TCP_FLAG.RST)),
    })
    .map(({ flags, ...words }) => makeFlow({ ...words, ...(flags === null ? {} : { tcpFlags: [flags] }) }))

describe.each([4, 6] as const)('flows through rules of nftables, IPv%i', family => {
  it(
    'come to the same by both evaluators, and count the same',
    () => {
      fc.assert(
        fc.property(
          randomNft(family),
          fc.array(randomFlow(family), { minLength: 1, maxLength: 8 }),
          (ruleset, flows) => {
            const host = makeHostView(family)
            const replay = (evaluator: NodeEvaluator) => ({
              results: replayFlows(evaluator, host, { topology: NOWHERE, flows }),
              counters: evaluator.counters(),
            })
            const fast = replay(right(fastNftEvaluator(ruleset, host, SEED)))
            expect(fast).toEqual(replay(right(nftEvaluator(ruleset, host, SEED))))
          },
        ),
        { numRuns: RUNS },
      )
    },
    120_000 + 100 * RUNS,
  )
})

/** The host is made by hand. */
const NOWHERE = { nodeIps: [], podPrefixes: [], localIps: [] }

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
