/**
 * One small world for rows about a kernel's semantics: a node, its pods, a Service `web` on 10.96.0.10:80 (node port 30080), in both families,
 * as rules of both modes of kube-proxy, and any of the four evaluators to send flows through it.
 */

import * as E from 'fp-ts/lib/Either.js'
import type { ClusterState } from '../src/cluster/cluster-state.ts'
import type { Service } from '../src/cluster/objects.ts'
import type { Flow, FlowTopology } from '../src/net/flow.ts'
import { type IpFamily, parseIp, parsePrefix } from '../src/net/ip.ts'
import { ORIGIN } from '../src/net/packet.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { iptablesRuleset } from '../src/proxier/iptables-proxier.ts'
import { nftablesRuleset } from '../src/proxier/nftables-proxier.ts'
import { DEFAULT_PROXIER_CONFIG, type ProxyMode } from '../src/proxier/proxier-config.ts'
import {
  makeEndpoint,
  makeNode,
  makePort,
  makeService,
  makeSlice,
  makeState,
} from '../src/proxier/testing/make-objects.ts'
import { fastNftEvaluator } from '../src/replay/flows/fast-nft-evaluator.ts'
import type { FlowResult } from '../src/replay/flows/flow-result.ts'
import { iptablesEvaluator } from '../src/replay/flows/iptables-evaluator.ts'
import { nftEvaluator } from '../src/replay/flows/nft-evaluator.ts'
import type { ChainCounters, NodeEvaluator } from '../src/replay/flows/node-evaluator.ts'
import { backendsOf, type NodeRules } from '../src/replay/flows/node-rules.ts'
import { replayFlows } from '../src/replay/flows/replay-flows.ts'
import { type FlowWords, makeFlow } from '../src/replay/flows/testing/make-flow.ts'
import { FLOW_INTERFACES, topologyHost } from '../src/replay/flows/topology-host.ts'
import { traceEvaluator } from '../src/replay/flows/trace-evaluator.ts'
import { completeTables } from '../src/ruleset/complete-tables.ts'
import { parseIptables } from '../src/ruleset/parse-iptables.ts'
import { parseNftables } from '../src/ruleset/parse-nftables.ts'

export const EVALUATORS = ['trace', 'evaluate', 'trace-nft', 'evaluate-nft'] as const
export type EvaluatorName = (typeof EVALUATORS)[number]
export const modeOf = (name: EvaluatorName): ProxyMode => (name.endsWith('nft') ? 'nftables' : 'iptables')

const SEED = { low: 0x0bad_cafe, high: 0x5eed }

export interface Replayed {
  readonly flows: readonly FlowResult[]
  readonly chains: readonly ChainCounters[]
}

export interface ReplayedWith {
  readonly topology?: Partial<FlowTopology>
  readonly tcpLoose?: boolean
}

export function replayWith(
  name: EvaluatorName,
  rules: NodeRules,
  flows: readonly Flow[],
  { topology: changes, ...options }: ReplayedWith = {},
): Replayed {
  const { family } = rules.ruleset
  const topology = { ...TOPOLOGY[family], ...changes }
  const host = topologyHost(topology, backendsOf(rules), FLOW_INTERFACES, family)
  const made: E.Either<Problem, NodeEvaluator> =
    rules.mode === 'iptables'
      ? (name === 'trace' ? traceEvaluator : iptablesEvaluator)(rules.ruleset, host, SEED, options)
      : (name === 'trace-nft' ? nftEvaluator : fastNftEvaluator)(rules.ruleset, host, SEED, options)
  const evaluator = right(made)
  return { flows: replayFlows(evaluator, host, { topology, flows }), chains: evaluator.counters() }
}

/** Packets that matched each rule of a chain, and that each was asked about. `chain`: its name, or a pattern that one name fits. */
export const matched = (done: Replayed, chain: string | RegExp, table?: string): number[] =>
  chainCalled(done, chain, table).rules.map(rule => rule.packets)
export const evaluated = (done: Replayed, chain: string | RegExp, table?: string): number[] =>
  chainCalled(done, chain, table).rules.map(rule => rule.evaluatedCount)

export function chainCalled({ chains }: Replayed, name: string | RegExp, table?: string): ChainCounters {
  const fits = (chain: string): boolean => (typeof name === 'string' ? chain === name : name.test(chain))
  const found = chains.filter(c => fits(c.chain) && (table === undefined || c.table === table))
  if (found.length !== 1) throw new Error(`${found.length} chains are called ${name}`)
  return found[0]
}

interface Addresses {
  readonly node: string
  readonly client: string
  readonly service: string
  readonly pods: string
  readonly podPrefix: string
}

export const ADDRESSES: Readonly<Record<IpFamily, Addresses>> = {
  4: { node: '172.16.0.1', client: '192.0.2.0', service: '10.96.0.10', pods: '10.244.0.', podPrefix: '10.244.0.0/16' },
  6: {
    node: 'fd00:16::1',
    client: '2001:db8::',
    service: 'fd00:96::10',
    pods: 'fd00:244::',
    podPrefix: 'fd00:244::/64',
  },
}

export const TOPOLOGY: Readonly<Record<IpFamily, FlowTopology>> = { 4: topologyOf(4), 6: topologyOf(6) }

function topologyOf(family: IpFamily): FlowTopology {
  const { node, podPrefix } = ADDRESSES[family]
  return { nodeIps: [parseIp(node)!], podPrefixes: [parsePrefix(podPrefix)!], localIps: [] }
}

export const podAddress = (family: IpFamily, n: number): string => `${ADDRESSES[family].pods}${n}`
export const atPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** `endpoints`: that many pods, from number 1 on, or their numbers. Pod 1 is of this node, the others of another. */
export function webCluster(
  family: IpFamily,
  endpoints: number | readonly number[],
  changes: Partial<Service> = {},
): ClusterState {
  const { node, service } = ADDRESSES[family]
  const numbers = typeof endpoints === 'number' ? Array.from({ length: endpoints }, (_, i) => i + 1) : endpoints
  const pods = numbers.map(n => makeEndpoint(podAddress(family, n), { nodeName: n === 1 ? 'a' : 'b' }))
  return makeState(
    makeNode('a', { ip: node }),
    makeService({
      type: 'NodePort',
      clusterIPs: [service],
      ipFamilies: [family === 4 ? 'IPv4' : 'IPv6'],
      ports: [makePort({ nodePort: 30_080 })],
      ...changes,
    }),
    makeSlice(pods, {
      addressType: family === 4 ? 'IPv4' : 'IPv6',
      ports: (changes.ports ?? [makePort()]).map(({ name, protocol }) => ({ name, protocol, port: 8080 })),
    }),
  )
}

export const serviceAddress = (family: IpFamily, k: number): string => (family === 4 ? `10.96.0.${k}` : `fd00:96::${k}`)

/** Services `s01`, `s02` … of one pod each, the k-th on serviceAddress(k): KUBE-SERVICES has them in this order. */
export function manyServices(family: IpFamily, count: number): ClusterState {
  const services = Array.from({ length: count }, (_, i) => {
    const name = `s${`${i + 1}`.padStart(2, '0')}`
    const ipFamilies = [family === 4 ? ('IPv4' as const) : ('IPv6' as const)]
    return [
      makeService({ name, clusterIPs: [serviceAddress(family, i + 1)], ipFamilies }),
      makeSlice([podAddress(family, i + 1)], { serviceName: name, addressType: ipFamilies[0] }),
    ]
  })
  return makeState(makeNode('a', { ip: ADDRESSES[family].node }), ...services.flat())
}

export function rulesOf(state: ClusterState, mode: ProxyMode, family: IpFamily): NodeRules {
  const config = { ...DEFAULT_PROXIER_CONFIG, clusterCidrs: [ADDRESSES[family].podPrefix] }
  return mode === 'iptables'
    ? { mode, ruleset: completeTables(iptablesRuleset(state, 'a', config, family)) }
    : { mode, ruleset: nftablesRuleset(state, 'a', { ...config, mode, nodePortAddresses: ['primary'] }, family) }
}

export function iptablesOf(text: string, family: IpFamily = 4): NodeRules & { readonly mode: 'iptables' } {
  return { mode: 'iptables', ruleset: completeTables(right(parseIptables(text, { family })).ruleset) }
}

export const nftOf = (text: string): NodeRules => ({ mode: 'nftables', ruleset: right(parseNftables(text))[0] })

/** One TCP connection of one packet from a client outside to the Service. */
export function flowOf(family: IpFamily, { source, destination, ...words }: FlowWords = {}): Flow {
  const { node, client, service } = ADDRESSES[family]
  const origin = words.origin ?? ORIGIN.uplink
  const home = { [ORIGIN.uplink]: client, [ORIGIN.pod]: podAddress(family, 77), [ORIGIN.node]: node }[origin]
  return makeFlow({
    id: 'flow',
    origin,
    protocol: 'TCP',
    ...words,
    source: source ?? home,
    destination: destination ?? service,
  })
}

export function right<A>(either: E.Either<Problem, A>): A {
  if (E.isLeft(either)) throw new Error(describeProblem(either.left))
  return either.right
}
