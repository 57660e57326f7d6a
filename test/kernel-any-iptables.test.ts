/**
 * The kernel as judge of everything iptables can ask that is modelled: random rules of every table and random flows, here and in this
 * machine's kernel. No chance is involved, so every counter, of packets and of bytes, must be equal.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { type KernelBackend, type KernelCounters, kernelFlow } from '../src/app/kernel-replay.ts'
import type { IpFamily } from '../src/net/ip.ts'
import { formatIp } from '../src/net/ip.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { backendsOf, type NodeRules } from '../src/replay/flows/node-rules.ts'
import { replayRuleset } from '../src/replay/flows/replay-ruleset.ts'
import { completeTables } from '../src/ruleset/complete-tables.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { describeKernel } from './describe-kernel.ts'
import { inKernel, SMALL_WORLD } from './in-kernel.ts'
import { randomFlows, randomIptablesText } from './random-iptables-text.ts'

const CASES = Number(process.env['SVCSIM_KERNEL_CASES'] ?? 4)

const BACKENDS: readonly KernelBackend[] = ['iptables-legacy', 'iptables-nft']

for (const backend of BACKENDS)
  await describeKernel(backend, () => {
    it.each(Array.from({ length: 2 * CASES }, (_, n) => [n, n % 2 === 0 ? 4 : 6] as [number, IpFamily]))(
      'counts random rules as svcsim does: seed %i, IPv%i',
      async (seed, family) => {
        const text = randomIptablesText(seed, family)
        const ruleset = completeTables(right(parseIptables(text, { family })).ruleset)
        const rules: NodeRules = { mode: 'iptables', ruleset }
        const flows = randomFlows(seed, family)
        const { chains } = right(replayRuleset(rules, { topology: SMALL_WORLD, flows }, { seed: { low: 1, high: 2 } }))
        const answer = await inKernel({
          backend,
          podAddresses: backendsOf(rules).map(formatIp),
          steps: [{ load: [{ family, text }] }, { send: flows.map(kernelFlow) }, { count: true }],
        })
        const kernel = answer.steps[2] as KernelCounters
        const simulated = new Map(chains.map(chain => [`${chain.table} ${chain.chain}`, chain]))
        const ours = kernel.rules.map(({ table, chain, index, rule }) => {
          const { packets, bytes, evaluatedCount } = simulated.get(`${table} ${chain}`)!.rules[index]
          return `${table} ${chain} ${index}: evaluated ${evaluatedCount}, matched ${packets} [${bytes}] ${rule}`
        })
        const theirs = kernel.rules.map(
          ({ table, chain, index, evaluated, matched, bytes, rule }) =>
            `${table} ${chain} ${index}: evaluated ${evaluated}, matched ${matched} [${bytes}] ${rule}`,
        )
        expect(ours).toEqual(theirs)
        const policies = kernel.chains.filter(c => c.policy !== null)
        expect(policies.map(c => [c.table, c.chain, simulated.get(`${c.table} ${c.chain}`)!.policy!.packets])).toEqual(
          policies.map(c => [c.table, c.chain, c.packets]),
        )
      },
      60_000,
    )
  })

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
