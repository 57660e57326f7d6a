/** A flow file through the rules of one node: the whole of `svcsim replay` between reading and printing. A function of its arguments. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { FlowFile } from '../../net/flow.ts'
import type { IpFamily } from '../../net/ip.ts'
import type { ConntrackOptions } from '../../netfilter/conntrack/conntrack.ts'
import type { HostView } from '../../netfilter/host.ts'
import { badInput, type Problem } from '../../problem/problem.ts'
import type { StreamSeed } from '../../sim/random.ts'
import { type FastNftEvaluator, fastNftEvaluator } from './fast-nft-evaluator.ts'
import type { FlowReplay } from './flow-result.ts'
import { type IptablesEvaluator, iptablesEvaluator, type PricedOptions } from './iptables-evaluator.ts'
import { backendsOf, type NodeRules } from './node-rules.ts'
import { replayFlows } from './replay-flows.ts'
import { FLOW_INTERFACES, type InterfaceNames, topologyHost } from './topology-host.ts'

export interface ReplayOptions extends ConntrackOptions, PricedOptions {
  readonly seed: StreamSeed
  readonly interfaces?: InterfaceNames
}

export const replayRuleset = (
  rules: NodeRules,
  flowFile: FlowFile,
  { seed, interfaces = FLOW_INTERFACES, ...evaluation }: ReplayOptions,
): E.Either<Problem, FlowReplay> => {
  const { family } = rules.ruleset
  const host = topologyHost(flowFile.topology, backendsOf(rules), interfaces, family)
  return pipe(
    refuseOtherFamily(flowFile, family),
    E.chain(() => evaluatorOf(rules, host, seed, evaluation)),
    E.map(evaluator => {
      const flows = replayFlows(evaluator, host, flowFile)
      return {
        flows,
        chains: evaluator.counters(),
        connectionCount: flows.reduce((sum, flow) => sum + flow.connectionCount, 0),
        packetCount: flowFile.flows.reduce((sum, flow) => sum + flow.connectionCount * flow.packetCount, 0),
        entryCount: evaluator.conntrack.count,
        fullDropCount: evaluator.conntrack.fullDrops,
        ...(evaluator.costs === undefined
          ? {}
          : { modelled: evaluator.costs.result(new Set(flows.flatMap(flow => [...flow.backends.keys()])).size) }),
      }
    }),
  )
}

const evaluatorOf = (
  rules: NodeRules,
  host: HostView,
  seed: StreamSeed,
  options: ConntrackOptions & PricedOptions,
): E.Either<Problem, IptablesEvaluator | FastNftEvaluator> =>
  rules.mode === 'iptables'
    ? iptablesEvaluator(rules.ruleset, host, seed, options)
    : fastNftEvaluator(rules.ruleset, host, seed, options)

/** Rules are of one family, and so must flows be. */
export function refuseOtherFamily({ flows }: FlowFile, family: IpFamily): E.Either<Problem, void> {
  const other = flows.findIndex(flow => flow.destination.family !== family)
  return other < 0
    ? E.right(undefined)
    : E.left(
        badInput(
          { field: `flows[${other}].dst` },
          `is an address of IPv${family === 4 ? 6 : 4}, and the rules are of IPv${family}`,
          'replay each family with its own rules',
        ),
      )
}
