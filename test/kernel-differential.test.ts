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
import { compareFlows } from '../src/app/verify/compare-flows.ts'
import { comparePolicies } from '../src/app/verify/compare-policies.ts'
import { kernelFlowResult } from '../src/app/verify/kernel-flow-result.ts'
import { knownGoals } from '../src/app/verify/known-goals.ts'
import { simulatedCounts } from '../src/app/verify/simulated-counts.ts'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import type { Flow } from '../src/net/flow.ts'
import type { IpFamily } from '../src/net/ip.ts'
import type { HostView } from '../src/netfilter/host.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import type { ProxierConfig } from '../src/proxier/proxier-config.ts'
import type { NodeRules } from '../src/replay/flows/node-rules.ts'
import { replayFlows } from '../src/replay/flows/replay-flows.ts'
import { SteeredDice } from '../src/replay/flows/steered-dice.ts'
import { forksOf, type SteeredEvaluator, steeredEvaluator } from '../src/replay/flows/steered-evaluator.ts'
import { topologyHost } from '../src/replay/flows/topology-host.ts'
import { NFT_CT_STATES, type NftRule, type NftTable } from '../src/ruleset/nft-ruleset.ts'
import { printRuleset } from '../src/ruleset/print-iptables.ts'
import { printNftRuleset } from '../src/ruleset/print-nftables.ts'
import { type Rule, type Table, TCP_FLAG } from '../src/ruleset/ruleset.ts'
import { streamSeed } from '../src/sim/random.ts'
import { describeKernel } from './describe-kernel.ts'
import { inKernel } from './in-kernel.ts'
import { CASE_INTERFACES, CASE_NODE, CASE_TOPOLOGY, type CaseOptions, kernelCase } from './random-kernel-case.ts'

/** Cases of one request, which share their namespaces. */
const BATCH = 20
const BATCHES: Readonly<Record<KernelBackend, number>> = { 'iptables-legacy': 4, 'iptables-nft': 4, nft: 4 }
const OPTIONS: Omit<CaseOptions, 'family'> = { affinity: true, conversations: true, protocols: ['TCP', 'UDP', 'SCTP'] }

interface Case {
  readonly seed: number
  readonly family: IpFamily
  readonly flows: readonly Flow[]
  /** The same connections go on. */
  readonly later: readonly Flow[]
  readonly rules: NodeRules
  /** What replaces the rules under them. */
  readonly nextRules: NodeRules
}

for (const [backend, batches] of Object.entries(BATCHES) as [KernelBackend, number][])
  await describeKernel(backend, () => {
    it.each(Array.from({ length: batches }, (_, i) => i * BATCH))('random cases %i and on', async first => {
      // One family a batch, so that the other's tools need not run.
      const family = first % (2 * BATCH) === 0 ? 4 : 6
      const cases = Array.from({ length: BATCH }, (_, i) => makeCase(backend, first + i, family))
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
    load(rules.mode === 'iptables' ? NO_RULES : ''),
    { forget: true },
    load(textOf(rules)),
    { send: flows.map(kernelFlow) },
    { count: true },
    load(textOf(nextRules)),
    { send: later.map(kernelFlow) },
    { count: true },
    { forget: true },
    { send: flows.map(kernelFlow) },
    { count: true },
  ]
}

const textOf = (rules: NodeRules): string =>
  rules.mode === 'iptables' ? printRuleset(rules.ruleset) : printNftRuleset(rules.ruleset)

function differencesOf(c: Case, answers: readonly unknown[]): string[] {
  const [, , , sent, counted, , sentLater, countedLater, , sentAgain, countedAgain] = answers
  const simulated = new SimulatedNode(c)
  const found: string[] = []
  const stage = (name: string, flows: readonly Flow[], of: unknown, counters: unknown): void => {
    const differences = simulated.differences(flows, of as readonly SentFlow[], counters as KernelCounters)
    found.push(...differences.slice(0, 3).map(d => `case ${c.seed} (IPv${c.family}), ${name}: ${d}`))
  }
  stage('first', c.flows, sent, counted)
  simulated.load(c.nextRules)
  stage('after the rules were replaced', c.later, sentLater, countedLater)
  simulated.evaluator.forgetConnections()
  stage('after connections were forgotten', c.flows, sentAgain, countedAgain)
  return found
}

/** The node of a case, whose dice are the kernel's. */
class SimulatedNode {
  readonly evaluator: SteeredEvaluator['evaluator']
  readonly #host: HostView
  #rules: NodeRules
  #dice: SteeredDice

  constructor({ family, rules, seed }: Case) {
    this.#host = topologyHost(CASE_TOPOLOGY, [], CASE_INTERFACES, family)
    this.#rules = rules
    const stream = streamSeed('kernel-differential', `${seed}`)
    const { evaluator, dice } = right(steeredEvaluator(rules, this.#host, stream, () => new Set()))
    this.evaluator = evaluator
    this.#dice = dice
  }

  load(rules: NodeRules): void {
    this.#rules = rules
    this.#dice = new SteeredDice(forksOf(rules), () => new Set())
    const load = this.evaluator.load as (ruleset: unknown, dice: SteeredDice) => void
    load.call(this.evaluator, rules.ruleset, this.#dice)
  }

  differences(flows: readonly Flow[], sent: readonly SentFlow[], kernel: KernelCounters): string[] {
    const { family } = this.#rules.ruleset
    this.evaluator.begin(0)
    this.#dice.begin(knownGoals(sent))
    const results = replayFlows(this.evaluator, this.#host, { topology: CASE_TOPOLOGY, flows })
    const theirs = flows.map((flow, i) => kernelFlowResult(flow, sent[i]))
    const counters = this.evaluator.counters()
    const ofFamily = kernel.rules.filter(rule => rule.family === family)
    const compared = [
      ...compareFlows(theirs, results),
      ...compareCounts(ofFamily, simulatedCounts(this.#rules, counters)),
      ...comparePolicies(kernel, counters, family),
    ]
    return compared.flatMap(row => (row.equal ? [] : [JSON.stringify(row)]))
  }
}

function makeCase(backend: KernelBackend, seed: number, family: IpFamily): Case {
  const { state, config, flows } = kernelCase(seed, { family, ...OPTIONS })
  const next = kernelCase(seed + 1_000_000, { family, ...OPTIONS })
  const rulesOf = backend === 'nft' ? nftablesWithStates : iptablesWithStates
  return {
    seed,
    family,
    flows,
    later: flows.map(flow => ({
      ...flow,
      packetCount: 1,
      ...(flow.protocol === 'TCP' ? { tcpFlags: [TCP_FLAG.PSH | TCP_FLAG.ACK] } : {}),
    })),
    rules: rulesOf(state, config, family),
    nextRules: rulesOf(next.state, next.config, family),
  }
}

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'DNAT'] as const

/** With rules that count the connection states that arrive at every built-in chain of mangle and filter. */
function iptablesWithStates(state: ClusterState, config: ProxierConfig, family: IpFamily): NodeRules {
  const ruleset = iptablesRuleset(state, CASE_NODE, config, family)
  const counting: Rule[] = STATES.map(s => ({ matches: [{ kind: 'conntrack', states: [s], negated: false }] }))
  const tables = ruleset.tables.map((table): Table => {
    if (table.name === 'nat') return table
    const chains = [...table.chains].map(
      ([name, chain]) =>
        [name, chain.policy === undefined ? chain : { ...chain, rules: [...counting, ...chain.rules] }] as const,
    )
    return { ...table, chains: new Map(chains) }
  })
  return { mode: 'iptables', ruleset: { ...ruleset, tables } }
}

function nftablesWithStates(state: ClusterState, config: ProxierConfig, family: IpFamily): NodeRules {
  const ruleset = nftablesRuleset(state, CASE_NODE, config, family)
  const counting: NftRule[] = NFT_CT_STATES.map(s => ({
    statements: [
      { kind: 'ctState', states: [s], negated: false },
      { kind: 'counter', packets: 0, bytes: 0 },
    ],
  }))
  const tables = ruleset.tables.map((table): NftTable => {
    const chains = [...table.chains].map(
      ([name, chain]) =>
        [name, chain.hook?.type === 'filter' ? { ...chain, rules: [...counting, ...chain.rules] } : chain] as const,
    )
    return { ...table, chains: new Map(chains) }
  })
  return { mode: 'nftables', ruleset: { ...ruleset, tables } }
}

function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
