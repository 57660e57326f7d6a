/**
 * The kernel as judge of the simulator: random clusters and random traffic through the same rules here and there. The simulator is told
 * which backends the kernel chose; then every connection's fate and every rule's counters must be equal. How often the kernel chose what is
 * judged apart, by chi-square.
 */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import {
  type KernelBackend,
  type KernelCounters,
  type KernelStep,
  kernelFlow,
  type SentFlow,
} from '../src/app/kernel-replay.ts'
import { compareCounts } from '../src/app/verify/compare-counts.ts'
import { kernelFlowResult } from '../src/app/verify/kernel-flow-result.ts'
import { knownGoals } from '../src/app/verify/known-goals.ts'
import { simulatedCounts } from '../src/app/verify/simulated-counts.ts'
import type { Flow } from '../src/net/flow.ts'
import type { IpFamily } from '../src/net/ip.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { replayFlows } from '../src/replay/flows/replay-flows.ts'
import { topologyHost } from '../src/replay/flows/topology-host.ts'
import { type TraceEvaluator, traceEvaluator } from '../src/replay/flows/trace-evaluator.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { type Rule, type Ruleset, type Table, TCP_FLAG } from '../src/ruleset/ruleset.ts'
import { streamSeed } from '../src/sim/random.ts'
import { describeKernel } from './describe-kernel.ts'
import { inKernel } from './in-kernel.ts'
import { CASE_INTERFACES, CASE_NODE, CASE_TOPOLOGY, type CaseOptions, kernelCase } from './random-kernel-case.ts'

/** Cases of one request, which share their namespaces. */
const BATCH = 20
const BATCHES: Readonly<Partial<Record<KernelBackend, number>>> = { 'iptables-legacy': 4, 'iptables-nft': 4 }
const OPTIONS: Omit<CaseOptions, 'family'> = { affinity: true, conversations: true, protocols: ['TCP', 'UDP', 'SCTP'] }

interface Case {
  readonly seed: number
  readonly family: IpFamily
  readonly flows: readonly Flow[]
  /** The same connections go on. */
  readonly later: readonly Flow[]
  readonly rules: Ruleset
  /** What replaces the rules under them. */
  readonly nextRules: Ruleset
}

for (const [backend, batches] of Object.entries(BATCHES) as [KernelBackend, number][])
  await describeKernel(backend, () => {
    it.each(Array.from({ length: batches }, (_, i) => i * BATCH))('random cases %i and on', async first => {
      // One family a batch, so that the other's tools need not run.
      const family = first % (2 * BATCH) === 0 ? 4 : 6
      const cases = Array.from({ length: BATCH }, (_, i) => makeCase(first + i, family))
      const answer = await inKernel({
        backend,
        topology: CASE_TOPOLOGY,
        interfaces: CASE_INTERFACES,
        sysctls: { 'net.ipv4.conf.all.route_localnet': 1 },
        steps: cases.flatMap(stepsOf),
      })
      const sizes = cases.map(c => stepsOf(c).length)
      const differences = cases.flatMap((c, i) => {
        const from = sizes.slice(0, i).reduce((sum, n) => sum + n, 0)
        return differencesOf(c, answer.steps.slice(from, from + sizes[i]))
      })
      expect(differences).toEqual([])
    })
  })

const NO_RULES = ['mangle', 'nat', 'filter'].map(table => `*${table}\nCOMMIT\n`).join('')

/** Nothing is left of the case before: rules, lists of clients, connections. */
function stepsOf({ family, flows, later, rules, nextRules }: Case): KernelStep[] {
  const load = (text: string): KernelStep => ({ load: [{ family, text }] })
  return [
    load(NO_RULES),
    { forget: true },
    load(printRuleset(rules)),
    { send: flows.map(kernelFlow) },
    { count: true },
    load(printRuleset(nextRules)),
    { send: later.map(kernelFlow) },
    { count: true },
    { forget: true },
    { send: flows.map(kernelFlow) },
    { count: true },
  ]
}

function differencesOf(c: Case, answers: readonly unknown[]): string[] {
  const host = topologyHost(CASE_TOPOLOGY, [], CASE_INTERFACES, c.family)
  const evaluator = right(traceEvaluator(c.rules, host, streamSeed('kernel-differential', `${c.seed}`)))
  const [, , , sent, counted, , sentLater, countedLater, , sentAgain, countedAgain] = answers
  const found: string[] = []
  const stage = (name: string, ruleset: Ruleset, flows: readonly Flow[], of: unknown, counters: unknown): void => {
    const differences = stageDifferences(
      evaluator,
      ruleset,
      flows,
      of as readonly SentFlow[],
      counters as KernelCounters,
    )
    found.push(...differences.slice(0, 3).map(d => `case ${c.seed} (IPv${c.family}), ${name}: ${d}`))
  }
  stage('first', c.rules, c.flows, sent, counted)
  evaluator.load(c.nextRules)
  stage('after the rules were replaced', c.nextRules, c.later, sentLater, countedLater)
  evaluator.forgetConnections()
  stage('after connections were forgotten', c.nextRules, c.flows, sentAgain, countedAgain)
  return found
}

function stageDifferences(
  evaluator: TraceEvaluator,
  ruleset: Ruleset,
  flows: readonly Flow[],
  sent: readonly SentFlow[],
  kernel: KernelCounters,
): string[] {
  const host = topologyHost(CASE_TOPOLOGY, [], CASE_INTERFACES, ruleset.family)
  evaluator.begin(0, knownGoals(sent))
  const results = replayFlows(evaluator, host, { topology: CASE_TOPOLOGY, flows })
  const ofFlows = results.flatMap((own, i) => {
    const theirs = kernelFlowResult(flows[i], sent[i])
    return same(own, theirs) ? [] : [`flow ${show(flows[i])}\n  kernel ${show(theirs)}\n  svcsim ${show(own)}`]
  })
  const counters = evaluator.counters()
  const ofRules = compareCounts(
    kernel.rules.filter(rule => rule.family === ruleset.family),
    simulatedCounts(ruleset, counters),
  ).flatMap(r =>
    r.equal
      ? []
      : [`${r.table} ${r.chain} rule ${r.index + 1}: kernel ${show(r.kernel)} svcsim ${show(r.svcsim)} ${r.rule}`],
  )
  const ofPolicies = counters.flatMap(({ table, chain, policy }) => {
    const theirs = kernel.chains.find(c => c.family === ruleset.family && c.table === table && c.chain === chain)
    return policy === undefined || policy.packets === theirs?.packets
      ? []
      : [`policy of ${table} ${chain}: kernel ${theirs?.packets} svcsim ${policy.packets}`]
  })
  return [...ofFlows, ...ofRules, ...ofPolicies]
}

function makeCase(seed: number, family: IpFamily): Case {
  const { state, config, flows } = kernelCase(seed, { family, ...OPTIONS })
  const next = kernelCase(seed + 1_000_000, { family, ...OPTIONS })
  return {
    seed,
    family,
    flows,
    later: flows.map(flow => ({
      ...flow,
      packetCount: 1,
      ...(flow.protocol === 'TCP' ? { tcpFlags: [TCP_FLAG.PSH | TCP_FLAG.ACK] } : {}),
    })),
    rules: withStateRules(iptablesRuleset(state, CASE_NODE, config, family)),
    nextRules: withStateRules(iptablesRuleset(next.state, CASE_NODE, next.config, family)),
  }
}

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'DNAT', 'SNAT'] as const

/** Rules that count the connection states that arrive at every built-in chain of mangle and filter. */
function withStateRules(ruleset: Ruleset): Ruleset {
  const counting: Rule[] = STATES.map(state => ({ matches: [{ kind: 'conntrack', states: [state], negated: false }] }))
  const tables = ruleset.tables.map((table): Table => {
    if (table.name === 'nat') return table
    const chains = [...table.chains].map(
      ([name, chain]) =>
        [name, chain.policy === undefined ? chain : { ...chain, rules: [...counting, ...chain.rules] }] as const,
    )
    return { ...table, chains: new Map(chains) }
  })
  return { ...ruleset, tables }
}

const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}` : value instanceof Map ? Object.fromEntries(value) : value
const show = (value: unknown): string => JSON.stringify(value, plain)
const same = (a: unknown, b: unknown): boolean => show(a) === show(b)

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
