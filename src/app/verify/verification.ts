/**
 * The kernel and the simulator on the same rules and flows, compared. The kernel goes first; the simulator is then told where each packet
 * went, so that random choices are the kernel's and all counters must be equal. Whether the choices themselves are as likely as the rules
 * say is judged apart.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { FlowFile } from '../../net/flow.ts'
import { formatIp } from '../../net/ip.ts'
import { rulePlace } from '../../netfilter/refusal.ts'
import { badInput, type Problem } from '../../problem/problem.ts'
import { backendsOf, type NodeRules } from '../../replay/flows/node-rules.ts'
import { refuseOtherFamily } from '../../replay/flows/replay-ruleset.ts'
import { steeredReplay } from '../../replay/flows/steered-replay.ts'
import { FLOW_INTERFACES, topologyHost } from '../../replay/flows/topology-host.ts'
import type { IpSets } from '../../ruleset/parse-ip-sets.ts'
import { printIpSets } from '../../ruleset/print-ip-sets.ts'
import { printRuleset } from '../../ruleset/print-iptables.ts'
import { printNftRuleset } from '../../ruleset/print-nftables.ts'
import type { StreamSeed } from '../../sim/random.ts'
import {
  type KernelAnswer,
  type KernelBackend,
  type KernelCounters,
  kernelFlow,
  kernelReplay,
  type SentFlow,
} from '../kernel-replay.ts'
import { type ComparedRule, compareCounts } from './compare-counts.ts'
import { type ComparedFlow, compareFlows } from './compare-flows.ts'
import { type ComparedPolicy, comparePolicies } from './compare-policies.ts'
import { type JudgedChoices, judgeChoices } from './judge-choices.ts'
import { kernelFlowResult } from './kernel-flow-result.ts'
import { knownGoals } from './known-goals.ts'
import { simulatedCounts } from './simulated-counts.ts'

export interface Verification {
  /** Release of the kernel. */
  readonly kernel: string
  readonly backend: KernelBackend
  readonly packetCount: number
  readonly flows: readonly ComparedFlow[]
  readonly rules: readonly ComparedRule[]
  readonly policies: readonly ComparedPolicy[]
  readonly choices: readonly JudgedChoices[]
  /** Random choices that had to be made up: several ways agree with what became of their packets. */
  readonly untoldChoiceCount: number
}

export interface VerifiedRules {
  /** As the kernel loads them, and as the simulator evaluates them: place by place the same. */
  readonly shown: NodeRules
  readonly evaluated: NodeRules
  readonly sets?: IpSets
}

/** More would take the kernel's side hours. */
const MOST_PACKETS = 2_000_000
const MOST_SECONDS = 3_600

/** As kube-proxy sets it for node ports on 127.0.0.1. */
const SYSCTLS = { 'net.ipv4.conf.all.route_localnet': 1 }

export const verifyRules = (
  rules: VerifiedRules,
  flowFile: FlowFile,
  backend: KernelBackend,
  seed: StreamSeed,
): TE.TaskEither<Problem, Verification> =>
  pipe(
    TE.fromEither(refuseTooMany(flowFile)),
    TE.chainEitherK(() => refuseOtherFamily(flowFile, rules.shown.ruleset.family)),
    // What the simulator refuses need not be sent through the kernel.
    TE.chainEitherK(() => simulate(rules, flowFile, seed, [])),
    TE.chain(() => askKernel(rules, flowFile, backend)),
    TE.chainEitherK(answer => compare(rules, flowFile, backend, seed, answer)),
  )

function refuseTooMany({ flows }: FlowFile): E.Either<Problem, void> {
  const packets = flows.reduce((sum, flow) => sum + flow.connectionCount * flow.packetCount, 0)
  return packets <= MOST_PACKETS
    ? E.right(undefined)
    : E.left(badInput({ field: 'flows' }, `hold ${packets} packets`, `verify sends at most ${MOST_PACKETS}`))
}

const askKernel = ({ shown: rules, sets }: VerifiedRules, { topology, flows }: FlowFile, backend: KernelBackend) =>
  kernelReplay({
    backend,
    topology,
    interfaces: FLOW_INTERFACES,
    podAddresses: backendsOf(rules).map(formatIp),
    sysctls: SYSCTLS,
    mostSeconds: MOST_SECONDS,
    steps: [
      ...(sets === undefined ? [] : [{ sets: printIpSets(sets.values()) }]),
      { load: [{ family: rules.ruleset.family, text: textOf(rules) }] },
      { send: flows.map(kernelFlow) },
      { count: true },
    ],
  })

const textOf = ({ mode, ruleset }: NodeRules): string =>
  mode === 'iptables' ? printRuleset(ruleset) : printNftRuleset(ruleset)

function simulate({ evaluated }: VerifiedRules, flowFile: FlowFile, seed: StreamSeed, sent: readonly SentFlow[]) {
  const { family } = evaluated.ruleset
  const host = topologyHost(flowFile.topology, backendsOf(evaluated), FLOW_INTERFACES, family)
  const flows = flowFile.flows.slice(0, sent.length)
  return steeredReplay(evaluated, host, { ...flowFile, flows }, seed, knownGoals(sent))
}

const compare = (
  rules: VerifiedRules,
  flowFile: FlowFile,
  backend: KernelBackend,
  seed: StreamSeed,
  { kernel, steps }: KernelAnswer,
): E.Either<Problem, Verification> => {
  const [sent, counters] = steps.slice(-2) as [readonly SentFlow[], KernelCounters]
  const { family } = rules.shown.ruleset
  return pipe(
    simulate(rules, flowFile, seed, sent),
    E.map(({ flows, chains, draws, spread, madeUpCount, unresolved }) => ({
      kernel,
      backend,
      packetCount: flowFile.flows.reduce((sum, flow) => sum + flow.connectionCount * flow.packetCount, 0),
      flows: compareFlows(
        flowFile.flows.map((flow, i) => kernelFlowResult(flow, sent[i])),
        flows,
        unresolved,
      ),
      rules: compareCounts(
        counters.rules.filter(rule => rule.family === family),
        simulatedCounts(rules.shown, chains),
        spread,
      ),
      policies: comparePolicies(counters, chains, family, spread),
      choices: judgeChoices(
        draws.map(({ place, options, counts }) => ({
          place: rulePlace(place.table, place.chain, place.index),
          options,
          counts,
        })),
      ),
      untoldChoiceCount: madeUpCount,
    })),
  )
}

export const differenceCount = ({ flows, rules, policies, choices }: Verification): number =>
  [...flows, ...rules, ...policies].filter(row => !row.equal && !row.withinChance).length +
  choices.filter(c => !c.likely).length
