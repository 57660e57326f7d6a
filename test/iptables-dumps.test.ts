/**
 * Two real dumps in the folder named by SVCSIM_DATA, an AKS node's and a campus firewall's: random packets through them by evaluate, by trace
 * and by this machine's kernel. What one of them cannot take is left out, line by line, and listed here.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { type KernelBackend, type KernelCounters, kernelFlow, type SentFlow } from '../src/app/kernel-replay.ts'
import { compareCounts } from '../src/app/verify/compare-counts.ts'
import { compareFlows } from '../src/app/verify/compare-flows.ts'
import { comparePolicies } from '../src/app/verify/compare-policies.ts'
import { kernelFlowResult } from '../src/app/verify/kernel-flow-result.ts'
import { knownGoals } from '../src/app/verify/known-goals.ts'
import { simulatedCounts } from '../src/app/verify/simulated-counts.ts'
import { formatIp } from '../src/net/ip.ts'
import type { HostView } from '../src/netfilter/host.ts'
import { settleUnknown } from '../src/netfilter/settle-unknown.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { iptablesEvaluator } from '../src/replay/flows/iptables-evaluator.ts'
import type { NodeEvaluator } from '../src/replay/flows/node-evaluator.ts'
import { backendsOf, type NodeRules } from '../src/replay/flows/node-rules.ts'
import { replayFlows } from '../src/replay/flows/replay-flows.ts'
import { steeredReplay } from '../src/replay/flows/steered-replay.ts'
import { topologyHost } from '../src/replay/flows/topology-host.ts'
import { traceEvaluator } from '../src/replay/flows/trace-evaluator.ts'
import { completeTables } from '../src/ruleset/complete-tables.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import type { Ruleset } from '../src/ruleset/ruleset.ts'
import { streamSeed } from '../src/sim/random.ts'
import { describeKernel } from './describe-kernel.ts'
import { type DumpWorld, dumpWorlds } from './dump-traffic.ts'
import { inKernel } from './in-kernel.ts'

const FOLDER = process.env['SVCSIM_DATA'] ?? '/nonexistent'
const WORLDS = 10
const PACKETS = 10_000

/** Lines that the kernel does not get, with how many there are of each. Without them it loads the dumps as they stand. */
const DUMPS = [
  {
    file: 'aks-npm-iptables-save-v2.txt',
    leftOut: [
      // Sets of addresses, which are not in the dump.
      { lines: /-m set --match-set/, count: 8 },
      // Who owns the socket of a packet is not modelled.
      { lines: /-m owner/, count: 1 },
    ],
  },
  {
    file: 'tum-net-iptables-save-2015-09-03.txt',
    leftOut: [
      // Masked addresses, which iptables-restore does not take.
      { lines: /--mac-source XX:XX:XX:XX:XX:XX/, count: 1653 },
      // Token buckets, which the kernel's clock refills while packets are on their way.
      { lines: /-m limit --limit 100\/min/, count: 3 },
    ],
  },
] as const

const present = DUMPS.filter(({ file }) => existsSync(join(FOLDER, file)))

describe('real dumps', () => {
  it.runIf(process.env['SVCSIM_DATA'] !== undefined)('are there', () => {
    expect(present).toHaveLength(DUMPS.length)
  })

  for (const { file } of present)
    describe(file, () => {
      // Sets are unknown, and so is what owns a packet: taken to hold never.
      const ruleset = settleUnknown(read(file, []), 'never')
      it.each(dumpWorlds(ruleset, file, WORLDS, PACKETS).map((world, i) => [i, world] as const))(
        'evaluate is trace, world %i',
        (i, world) => {
          const host = hostOf(ruleset, world)
          const seed = streamSeed(file, `${i}`)
          const [fast, slow] = [
            replay(right(iptablesEvaluator(ruleset, host, seed)), host, world),
            replay(right(traceEvaluator(ruleset, host, seed)), host, world),
          ]
          expect(slow.results).toEqual(fast.results)
          expect(slow.counters).toEqual(fast.counters)
        },
      )
    })
})

/** Worlds that the kernel sees too. */
const KERNEL_WORLDS = { 'iptables-legacy': 3, 'iptables-nft': 1 } as const

for (const [backend, worlds] of present.length === 0
  ? []
  : (Object.entries(KERNEL_WORLDS) as ['iptables-legacy' | 'iptables-nft', number][]))
  await describeKernel(backend, () => {
    for (const { file, leftOut } of present) {
      const ruleset = read(file, leftOut)
      process.stdout.write(`${leftOutLines(file, leftOut)}\n`)
      it.each(dumpWorlds(ruleset, file, worlds, PACKETS).map((world, i) => [i, world] as const))(
        `${file} in the kernel is trace, world %i`,
        async (i, world) => {
          expect(await differences(backend, ruleset, world, streamSeed(file, `${i}`))).toEqual([])
        },
      )
    }
  })

async function differences(
  backend: KernelBackend,
  ruleset: Ruleset,
  world: DumpWorld,
  seed: ReturnType<typeof streamSeed>,
): Promise<unknown[]> {
  const rules: NodeRules = { mode: 'iptables', ruleset }
  const { interfaces, topology, flows } = world
  const answer = await inKernel({
    backend,
    topology,
    interfaces,
    podAddresses: backendsOf(rules).map(formatIp),
    steps: [{ load: [{ family: 4, text: printRuleset(ruleset) }] }, { send: flows.map(kernelFlow) }, { count: true }],
  })
  const [, sent, kernel] = answer.steps as readonly [null, readonly SentFlow[], KernelCounters]
  const host = hostOf(ruleset, world)
  const done = right(steeredReplay(rules, host, { topology, flows }, seed, knownGoals(sent)))
  const theirs = flows.map((flow, i) => kernelFlowResult(flow, sent[i]))
  // A packet that is translated and then dropped does not tell which backend it was for.
  expect(done.madeUpCount).toBeLessThan(flows.length / 100)
  expect(done.unresolved.size).toBe(0)
  return [
    ...compareFlows(theirs, done.flows),
    ...compareCounts(kernel.rules, simulatedCounts(rules, done.chains), done.spread),
    ...comparePolicies(kernel, done.chains, 4, done.spread),
  ]
    .filter(row => !row.equal && !row.withinChance)
    .map(row => JSON.stringify(row))
}

/** Every line that the kernel does not get, by number, under what it holds. */
function leftOutLines(file: string, leftOut: readonly { readonly lines: RegExp }[]): string {
  const lines = readFileSync(join(FOLDER, file), 'utf8').split('\n')
  return leftOut
    .map(({ lines: unwanted }) => {
      const numbers = lines.flatMap((line, i) => (unwanted.test(line) ? [i + 1] : []))
      return `${file}: left out for ${unwanted.source}, lines ${spans(numbers)}`
    })
    .join('\n')
}

/** 1-3, 7 */
function spans(numbers: readonly number[]): string {
  const found: [number, number][] = []
  for (const number of numbers) {
    const last = found.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else found.push([number, number])
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}

/** Without the lines that hold one of `leftOut`. */
function read(file: string, leftOut: readonly { readonly lines: RegExp; readonly count: number }[]): Ruleset {
  let lines = readFileSync(join(FOLDER, file), 'utf8').split('\n')
  for (const { lines: unwanted, count } of leftOut) {
    const kept = lines.filter(line => !unwanted.test(line))
    if (lines.length - kept.length !== count) throw new Error(`${lines.length - kept.length} lines hold ${unwanted}`)
    lines = kept
  }
  return completeTables(right(parseIptables(lines.join('\n'), { file, family: 4 })).ruleset)
}

const hostOf = (ruleset: Ruleset, { topology, interfaces }: DumpWorld): HostView =>
  topologyHost(topology, backendsOf({ mode: 'iptables', ruleset }), interfaces, 4)

function replay<A extends NodeEvaluator>(evaluator: A, host: HostView, { topology, flows }: DumpWorld) {
  return { results: replayFlows(evaluator, host, { topology, flows }), counters: evaluator.counters() }
}

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
