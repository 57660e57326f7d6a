/**
 * This machine's kernel as a function: rules and packets in, what came of each packet and every rule's counters out. The work is done by
 * native/kernel-replay (standard-library Python), which holds private network namespaces without a way out and takes them along when it
 * ends. Needs root, Linux, python3, ip and the tools of the backend; `kernelLacks` says which are missing.
 */
import process from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { Flow, FlowTopology } from '../net/flow.ts'
import { formatIp, formatPrefix, type IpFamily } from '../net/ip.ts'
import { ORIGIN, type Origin } from '../net/packet.ts'
import { PROTOCOL_NUMBER } from '../net/protocol.ts'
import { badInput, ioFailed, type Problem } from '../problem/problem.ts'
import { TCP_FLAG } from '../ruleset/ruleset.ts'
import { nativeMend, runNative } from './run-native.ts'
import type { RuleCount } from './verify/rule-count.ts'

export const KERNEL_BACKENDS = ['iptables-legacy', 'iptables-nft', 'nft'] as const
export type KernelBackend = (typeof KERNEL_BACKENDS)[number]

export interface KernelRequest {
  readonly backend: KernelBackend
  readonly topology: FlowTopology
  readonly interfaces: { readonly uplink: string; readonly pod: string }
  /** Addresses outside topology.podPrefixes that are routed to the pods too. */
  readonly podAddresses: readonly string[]
  /** Of the node's namespace. */
  readonly sysctls?: Readonly<Record<string, string | number>>
  readonly mostSeconds: number
  readonly steps: readonly KernelStep[]
}

export type KernelStep =
  /** Sets that rules of iptables match, as ipset save prints them; they come before the rules. */
  | { readonly sets: string }
  /** Replaces the rules of each family at once, under whatever is connected. An nft text may hold both families. */
  | { readonly load: readonly { readonly family: IpFamily; readonly text: string }[] }
  | { readonly send: readonly KernelFlow[] }
  | { readonly wait_ms: number }
  /** Empties the connection tracking table. */
  | { readonly forget: true }
  /** What the table holds. */
  | { readonly connections: true }
  | { readonly count: true }

export interface KernelFlow {
  readonly origin: 'external' | 'pod' | 'node'
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly destination_port: number
  readonly source_port: number
  readonly connections: number
  readonly sources: number
  readonly packets: number
  /** TCP flags of each packet (`S`, `PA`, …); none: SYN first, then data. */
  readonly flags: readonly string[]
  readonly reply: boolean
  readonly delay_ms: number
  readonly gap_ms: number
}

export interface KernelAnswer {
  readonly kernel: string
  /** One entry a step: SentFlow[] of a send, KernelConnection[] of connections, KernelCounters of a count, else null. */
  readonly steps: readonly (readonly SentFlow[] | readonly KernelConnection[] | KernelCounters | null)[]
}

/** An entry of the connection tracking table. */
export interface KernelConnection {
  readonly protocol: number
  /** `SYN_SENT`, …; null for protocols without states. */
  readonly state: string | null
  readonly timeout_s: number
  readonly original: KernelTuple
  readonly reply: KernelTuple
  readonly seen_reply: boolean
  readonly assured: boolean
}

export type KernelTuple = readonly [source: string, sourcePort: number, destination: string, destinationPort: number]

export interface SentFlow {
  readonly connections: readonly SentConnection[]
}

export interface SentConnection {
  readonly source: string
  readonly source_port: number
  /** Packet number, place, destination address and port, source address and port, as they were there. */
  readonly arrivals: readonly (readonly [number, 'pod' | 'node' | 'uplink', string, number, string, number])[]
  readonly answers?: readonly SentAnswer[]
  /** errno of a packet the node's kernel would not take. */
  readonly refusal?: string
}

export type SentAnswer =
  /** Packet number, type, code, who says so. */
  | readonly ['icmp', number, number, number, string]
  | readonly ['reset']
  /** Packet number; whether it came from where the packet was sent, to where it came from. */
  | readonly ['answer', number, boolean]

export interface KernelCounters {
  readonly rules: readonly RuleCount[]
  /** iptables only; `policy` is null for user chains. */
  readonly chains: readonly {
    readonly family: IpFamily
    readonly table: string
    readonly chain: string
    readonly policy: 'ACCEPT' | 'DROP' | null
    readonly packets: number
  }[]
}

export const kernelReplay =
  (request: KernelRequest): TE.TaskEither<Problem, KernelAnswer> =>
  async () => {
    const answer = await ask({
      backend: request.backend,
      topology: {
        uplink: request.interfaces.uplink,
        pod_interface: request.interfaces.pod,
        node_ips: request.topology.nodeIps.map(formatIp),
        local_ips: request.topology.localIps.map(formatIp),
        pod_cidrs: request.topology.podPrefixes.map(formatPrefix),
        pod_side_ip: request.topology.podSideIp === undefined ? null : formatIp(request.topology.podSideIp),
        pod_addresses: request.podAddresses,
      },
      sysctls: request.sysctls ?? {},
      most_seconds: request.mostSeconds,
      steps: request.steps,
    })
    return answer as E.Either<Problem, KernelAnswer>
  }

/** What this machine lacks to replay in its kernel, as words; none: nothing. */
export async function kernelLacks(
  backend: KernelBackend,
  families: readonly IpFamily[],
  sets = false,
): Promise<readonly string[]> {
  if (process.platform !== 'linux') return ['Linux']
  const answer = await ask({ missing: backend, families, sets })
  if (E.isRight(answer)) return (answer.right as { missing: readonly string[] }).missing
  const root = process.getuid?.() === 0 ? [] : ['root']
  return [...root, answer.left._tag === 'BadUsage' ? 'python3 (3.9 or later)' : 'a python3 that runs (3.9 or later)']
}

/** A flow of a flow file as the kernel is asked to send it. */
export const kernelFlow = (flow: Flow): KernelFlow => ({
  origin: ORIGIN_WORD[flow.origin],
  source: formatIp(flow.source),
  destination: formatIp(flow.destination),
  protocol: PROTOCOL_NUMBER[flow.protocol],
  destination_port: flow.destinationPort,
  source_port: flow.firstSourcePort,
  connections: flow.connectionCount,
  sources: flow.sourceCount,
  packets: flow.packetCount,
  flags: (flow.tcpFlags ?? []).map(flagLetters),
  reply: flow.reply,
  delay_ms: flow.delayUs / 1000,
  gap_ms: flow.gapUs / 1000,
})

const flagLetters = (bits: number): string =>
  FLAG_LETTERS.filter(([, bit]) => (bits & bit) !== 0)
    .map(([letter]) => letter)
    .join('')

const FLAG_LETTERS = [
  ['F', TCP_FLAG.FIN],
  ['S', TCP_FLAG.SYN],
  ['R', TCP_FLAG.RST],
  ['P', TCP_FLAG.PSH],
  ['A', TCP_FLAG.ACK],
  ['U', TCP_FLAG.URG],
] as const

const ORIGIN_WORD: Readonly<Record<Origin, KernelFlow['origin']>> = {
  [ORIGIN.uplink]: 'external',
  [ORIGIN.pod]: 'pod',
  [ORIGIN.node]: 'node',
}

const ask = (request: unknown): Promise<E.Either<Problem, unknown>> =>
  runNative('kernel-replay', 'replay in the kernel', request, readAnswer)

function readAnswer(answer: unknown): E.Either<Problem, unknown> {
  const { problem } = answer as { readonly problem?: { readonly kind: string; readonly text: string } }
  if (problem === undefined) return E.right(answer)
  if (problem.kind === 'rules' || problem.kind === 'sets')
    return E.left(
      badInput({}, `the kernel does not take the ${problem.kind}: ${problem.text}`, 'take out what it does not know'),
    )
  return E.left(ioFailed("this machine's kernel", 'replay', problem.text, nativeMend(problem.kind)))
}
