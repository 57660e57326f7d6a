/** `svcsim trace`: one packet through one node's rules, step by step, in words or JSON. */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { FlowTopology } from '../net/flow.ts'
import { parseIp, parsePrefix, writeIpWords } from '../net/ip.ts'
import { newPacket, type Packet } from '../net/packet.ts'
import { PROTOCOL_NUMBER, type Protocol } from '../net/protocol.ts'
import { asksConntrack, NO_CONNTRACK } from '../netfilter/conntrack/no-conntrack.ts'
import { PlainConntrack } from '../netfilter/conntrack/plain-conntrack.ts'
import { type CostProfile, itemsNs } from '../netfilter/cost/cost-profile.ts'
import { nftWayTerms, tracedNftWay } from '../netfilter/cost/nft-way-terms.ts'
import { rulesetSizes, traceTerms } from '../netfilter/cost/trace-terms.ts'
import type { HostView } from '../netfilter/host.ts'
import { newTraceMemory } from '../netfilter/memory/trace-memory.ts'
import { refuseNft } from '../netfilter/nft/check-nft.ts'
import { newNftMemory } from '../netfilter/nft/nft-memory.ts'
import { traceNft } from '../netfilter/nft/trace-nft.ts'
import { type Trace, trace } from '../netfilter/trace.ts'
import { badUsage, type Problem, quoted } from '../problem/problem.ts'
import { backendsOf, type NodeRules } from '../replay/flows/node-rules.ts'
import { FLOW_INTERFACES, topologyHost } from '../replay/flows/topology-host.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { draw32, type StreamSeed, streamSeed } from '../sim/random.ts'
import { decodeFlowFile } from '../workload/decode-flow-file.ts'
import { readInput } from './files.ts'
import { oneOf, TEXT_OR_JSON } from './one-of.ts'
import { readModeProfile } from './read-cost-profiles.ts'
import { type LoadedRules, type RulesInput, type RulesInputFlags, readRules, rulesInputOf } from './rules-input.ts'
import { explainIptables } from './trace/explain-iptables.ts'
import { explainNftables } from './trace/explain-nftables.ts'
import type { ExplainedTrace } from './trace/explained-trace.ts'
import { nodeHost } from './trace/node-host.ts'
import { type Endpoint, parseDestination, senderOf } from './trace/packet-ends.ts'
import { traceText } from './trace/trace-text.ts'

export interface TraceFlags extends RulesInputFlags {
  readonly from: string
  readonly to: string
  readonly proto: string
  readonly draws?: string
  readonly seed: string
  /** A flow file, for its topology. */
  readonly flows?: string
  readonly costProfile?: string
  readonly all?: true
  readonly format: string
}

export const traceCommand = (flags: TraceFlags): TE.TaskEither<Problem, void> =>
  pipe(
    TE.fromEither(requestOf(flags)),
    TE.bindTo('request'),
    TE.bind('input', () => rulesInputOf(flags)),
    TE.bind('rules', ({ input }) => readRules(input)),
    TE.bind('topology', ({ request }) => readTopology(request.flows)),
    TE.bind('profile', ({ rules }) => readModeProfile(flags.costProfile, rules.evaluated.mode)),
    TE.chainEitherK(({ request, input, rules, topology, profile }) =>
      explain(request, rules, hostOf(input, rules, topology), profile),
    ),
    TE.chainIOK(explained => () => {
      const { format, all } = flags
      const text = format === 'json' ? `${JSON.stringify(explained, null, 1)}\n` : traceText(explained, all === true)
      process.stdout.write(text)
    }),
  )

export interface TraceRequest {
  readonly from: string
  readonly to: Endpoint
  readonly protocol: Protocol
  /** 32-bit words. */
  readonly draws: readonly number[]
  readonly seed: StreamSeed
  readonly flows: string | undefined
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' }

function requestOf({ from, to, proto, draws = '', seed, flows, format }: TraceFlags): E.Either<Problem, TraceRequest> {
  const refuse = (what: string, mend: string): E.Either<Problem, never> => E.left(badUsage(what, mend))
  const known = oneOf('--format', format, TEXT_OR_JSON)
  if (E.isLeft(known)) return known
  if (!Object.hasOwn(PROTOCOLS, proto)) return refuse(`--proto ${quoted(proto)} is unknown`, 'write tcp, udp or sctp')
  const destination = parseDestination(to)
  if (destination === undefined)
    return refuse(`--to ${quoted(to)} is no address and port`, 'write IP:PORT or [IP]:PORT')
  const numbers = draws === '' ? [] : draws.split(',').map(Number)
  if (numbers.some(n => !(n >= 0 && n < 1)))
    return refuse(`--draws ${quoted(draws)} are not all numbers from 0 to below 1`, 'write 0.1,0.7,…')
  return E.right({
    from,
    to: destination,
    protocol: PROTOCOLS[proto],
    draws: numbers.map(n => Math.floor(n * 2 ** 32)),
    seed: streamSeed(seed, 'flows'),
    flows,
  })
}

const readTopology = (flows: string | undefined): TE.TaskEither<Problem, FlowTopology> =>
  flows === undefined
    ? TE.right(DEFAULT_TOPOLOGY)
    : pipe(
        readInput(flows),
        TE.chainEitherK(decodeFlowFile),
        TE.map(file => file.topology),
      )

/** As flow files have it by default. */
const DEFAULT_TOPOLOGY: FlowTopology = {
  nodeIps: [parseIp('192.168.10.1')!],
  podPrefixes: [parsePrefix('10.244.0.0/14')!],
  localIps: [],
}

const hostOf = (input: RulesInput, { evaluated, state }: LoadedRules, topology: FlowTopology): HostView =>
  input.kind === 'cluster' && state !== undefined
    ? nodeHost(state, input.target.node, input.target.config, input.target.family)
    : topologyHost(topology, backendsOf(evaluated), FLOW_INTERFACES, evaluated.ruleset.family)

/** One packet, explained. */
export function explain(
  request: TraceRequest,
  rules: LoadedRules,
  host: HostView,
  profile?: CostProfile,
): E.Either<Problem, ExplainedTrace> {
  if (request.to.address.family !== host.family)
    return E.left(
      badUsage(
        `--to is an address of IPv${request.to.address.family}, and the rules are of IPv${host.family}`,
        'trace each family with its own rules: --ip-family',
      ),
    )
  return pipe(
    senderOf(request.from, host, rules.state),
    E.chain(({ address, port, origin }) => {
      const packet = newPacket(host.family)
      writeIpWords(address.value, packet.source, 0)
      writeIpWords(request.to.address.value, packet.destination, 0)
      const { protocol, to } = request
      Object.assign(packet, {
        protocol: PROTOCOL_NUMBER[protocol],
        sourcePort: port,
        destinationPort: to.port,
        origin,
      })
      return walk(rules.evaluated, host, packet, request, profile)
    }),
  )
}

function walk(
  rules: NodeRules,
  host: HostView,
  packet: Packet,
  { draws: given, seed }: TraceRequest,
  profile: CostProfile | undefined,
): E.Either<Problem, ExplainedTrace> {
  const drawn = new Map<string, number>()
  const draw = (
    n: number,
    place: { readonly table: string; readonly chain: string; readonly index: number },
  ): number => {
    const word = given[n] ?? draw32(seed.low, seed.high, 0, 0, n)
    drawn.set(`${place.table} ${place.chain} ${place.index}`, word)
    return word
  }
  const conntrack = new PlainConntrack(seed)
  if (rules.mode === 'iptables') {
    const tracker = asksConntrack(rules.ruleset) ? conntrack : NO_CONNTRACK
    return pipe(
      trace(rules.ruleset, host, packet, draw, { memory: newTraceMemory(rules.ruleset, tracker) }),
      E.map(traced => ({
        ...explainIptables(rules.ruleset, packet, traced, drawn),
        ...(profile === undefined ? {} : { modelled: modelled(profile, iptablesNs(profile, rules.ruleset, traced)) }),
      })),
    )
  }
  const refused = refuseNft(rules.ruleset)
  if (refused !== undefined) return E.left(refused)
  const traced = traceNft(rules.ruleset, host, packet, draw, { memory: newNftMemory(rules.ruleset, conntrack) })
  return E.right({
    ...explainNftables(rules.ruleset, packet, traced, drawn),
    ...(profile === undefined
      ? {}
      : { modelled: modelled(profile, itemsNs(profile, nftWayTerms(tracedNftWay(traced, host)))) }),
  })
}

/** Caches as they are when all traffic goes this one way. */
const iptablesNs = (profile: CostProfile, ruleset: Ruleset, traced: Trace): number =>
  itemsNs(profile, traceTerms(profile.backend, rulesetSizes(ruleset), traced, 1))

const modelled = ({ backend }: CostProfile, ns: number): { profile: string; ns: number } => ({
  profile: backend,
  ns: Math.round(ns),
})
