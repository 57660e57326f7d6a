/**
 * What kernel-replay.ts asks this machine's kernel, asked of trace: the same flows in, the same kind of answer out. One packet after the
 * other through one node, with the answers of receivers, the refusals of REJECT, and those of the node's own stack, on which nothing listens.
 *
 * It can be told what the kernel did with each packet: random choices are then the kernel's, and every counter must be equal.
 */
import * as E from 'fp-ts/lib/Either.js'
import { formatIp, type IpFamily, parseIp, readIpWords, writeIpWords } from '../../net/ip.ts'
import { newPacket, ORIGIN, type Packet } from '../../net/packet.ts'
import { SCTP_CHUNK } from '../../netfilter/conntrack/sctp-states.ts'
import { OUTCOME } from '../../netfilter/outcome.ts'
import { REJECT_KINDS } from '../../netfilter/reject-kind.ts'
import { isLocal, routeOf } from '../../netfilter/route.ts'
import type { Goal } from '../../netfilter/steered-draws.ts'
import type { Problem } from '../../problem/problem.ts'
import { TCP_FLAG } from '../../ruleset/ruleset.ts'
import type { KernelFlow, SentAnswer, SentConnection, SentFlow } from '../kernel-replay.ts'
import type { SimulatedNode } from './simulated-node.ts'

export type SimulatedNodes = Readonly<Record<IpFamily, SimulatedNode>>

/** Sends flows in the order the injector does. */
export function sendFlows(
  nodes: SimulatedNodes,
  flows: readonly KernelFlow[],
  told?: readonly SentFlow[],
): E.Either<Problem, readonly SentFlow[]> {
  const opened = flows.map((flow, i) => openConnections(flow, told?.[i]))
  const exchange = new Exchange(nodes, opened.flat())
  for (const [i, flow] of flows.entries()) {
    passTime(nodes, flow.delay_ms)
    for (let n = 0; n < flow.packets; n++) {
      if (n > 0) passTime(nodes, flow.gap_ms)
      for (const connection of opened[i]) exchange.send(connection, n)
      if (exchange.problem !== undefined) return E.left(exchange.problem)
    }
  }
  return E.right(opened.map(connections => ({ connections: connections.map(report) })))
}

export function passTime(nodes: SimulatedNodes, ms: number): void {
  nodes[4].passTime(ms * 1000)
  nodes[6].passTime(ms * 1000)
}

interface Connection {
  readonly flow: KernelFlow
  readonly family: IpFamily
  readonly source: bigint
  readonly sourcePort: number
  readonly told: SentConnection | undefined
  readonly arrivals: SentConnection['arrivals'][number][]
  readonly answers: SentAnswer[]
}

const TCP = 6
const UDP = 17
const ICMP_OF: Readonly<Record<IpFamily, number>> = { 4: 1, 6: 58 }
const PORT_UNREACHABLE = { 4: { type: 3, code: 3 }, 6: { type: 1, code: 4 } } as const
const PLACES = { [OUTCOME.toPod]: 'pod', [OUTCOME.toUplink]: 'uplink', [OUTCOME.toNode]: 'node' } as const
const ORIGINS = { external: ORIGIN.uplink, pod: ORIGIN.pod, node: ORIGIN.node } as const
const HOMES = { external: 'uplink', pod: 'pod', node: 'node' } as const
const { FIN, SYN, RST, PSH, ACK } = TCP_FLAG
const FLAG_BITS: Readonly<Record<string, number>> = { F: FIN, S: SYN, R: RST, P: PSH, A: ACK }

/** What a packet is to the connection it belongs to. A refusal carries the refused packet's connection along; a reset of the stack does not. */
type Role = 'sent' | 'answer' | 'refusal' | 'reset'

interface IcmpKind {
  readonly type: number
  readonly code: number
}

class Exchange {
  problem: Problem | undefined
  readonly #nodes: SimulatedNodes
  /** Source ports of the node's own answered UDP flows: there it listens. */
  readonly #listening: ReadonlySet<number>

  constructor(nodes: SimulatedNodes, connections: readonly Connection[]) {
    this.#nodes = nodes
    this.#listening = new Set(
      connections
        .filter(({ flow }) => flow.origin === 'node' && flow.protocol === UDP && flow.reply)
        .map(c => c.sourcePort),
    )
  }

  /** Packet `n` of the connection, and all that follows from it. */
  send(c: Connection, n: number): void {
    const { flow } = c
    const packet = newPacket(c.family)
    packet.origin = ORIGINS[flow.origin]
    packet.protocol = flow.protocol
    writeIpWords(c.source, packet.source, 0)
    packet.sourcePort = c.sourcePort
    writeIpWords(parseIp(flow.destination)!.value, packet.destination, 0)
    packet.destinationPort = flow.destination_port
    const flags = flow.flags[n] ?? (n === 0 ? 'S' : 'PA')
    packet.tcpFlags = [...flags].reduce((bits, letter) => bits | FLAG_BITS[letter], 0)
    packet.sctpChunk = SCTP_CHUNK.init
    const sent = this.#walk(packet, 'sent', c, n)
    if (sent === undefined) return
    const { place, after } = sent
    c.arrivals.push([
      n,
      place,
      address(after, after.destination),
      after.destinationPort,
      address(after, after.source),
      after.sourcePort,
    ])
    if (place === 'node') this.#stack(after, 'sent', c, n)
    if (flow.reply && place !== 'uplink') this.#answer(answerOf(after, place), c, n)
  }

  #answer(packet: Packet, c: Connection, n: number): void {
    const answer = this.#walk(packet, 'answer', c, n)
    if (answer === undefined) return
    if (answer.place === HOMES[c.flow.origin]) c.answers.push(['answer', n, isAnswerTo(answer.after, c)])
    if (answer.place === 'node') this.#stack(answer.after, 'answer', c, n)
  }

  /** Where the packet arrives, and as what; undefined when it does not. */
  #walk(
    packet: Packet,
    role: Role,
    c: Connection,
    n: number,
  ): { readonly place: 'pod' | 'uplink' | 'node'; readonly after: Packet } | undefined {
    // What the kernel did is known of the connection's own packets; others are not translated anew, so they seldom draw.
    const goals = c.told === undefined ? undefined : role === 'sent' ? goalsOf(c.told, n) : NO_GOALS
    const walked = this.#nodes[c.family].send(packet, goals, role === 'refusal')
    if (E.isLeft(walked)) {
      this.problem ??= walked.left
      return undefined
    }
    const { outcome, packet: after, rejection } = walked.right
    if (outcome === OUTCOME.dropped) return undefined
    if (outcome !== OUTCOME.rejected) return { place: PLACES[outcome], after }
    const { icmp } = REJECT_KINDS[rejection]
    if (icmp !== undefined) this.#refuse(after, role, c, n, icmp)
    else this.#reset(after, 'refusal', role, c, n)
    return undefined
  }

  /** The node's own TCP resets and its UDP refuses, unless something listens. SCTP is left to the taps. */
  #stack(packet: Packet, about: Role, c: Connection, n: number): void {
    if (packet.protocol === TCP) this.#reset(packet, 'reset', about, c, n)
    if (packet.protocol === UDP && !this.#listening.has(packet.destinationPort))
      this.#refuse(packet, about, c, n, PORT_UNREACHABLE[c.family])
  }

  #reset(packet: Packet, role: Role, about: Role, c: Connection, n: number): void {
    if (packet.protocol !== TCP || (packet.tcpFlags & RST) !== 0) return
    const reset = this.#walk(resetOf(packet), role, c, n)
    if (reset !== undefined && about === 'sent') c.answers.push(['reset'])
  }

  #refuse(packet: Packet, about: Role, c: Connection, n: number, { type, code }: IcmpKind): void {
    if (about === 'refusal') return
    const error = this.#walk(this.#errorAbout(packet, type, code), 'refusal', c, n)
    if (error !== undefined && about === 'sent')
      c.answers.push(['icmp', n, type, code, address(error.after, error.after.source)])
  }

  /** Sent by the address that was asked, or that of the interface the way back goes by. */
  #errorAbout(packet: Packet, type: number, code: number): Packet {
    const { host } = this.#nodes[packet.family]
    const error = newPacket(packet.family)
    error.origin = ORIGIN.node
    error.protocol = ICMP_OF[packet.family]
    error.icmpType = type
    error.icmpCode = code
    error.destination.set(packet.source)
    const out = 4 * routeOf(host, packet.source)
    error.source.set(isLocal(host, packet.destination) ? packet.destination : host.sources.subarray(out, out + 4))
    return error
  }
}

const NO_GOALS: ReadonlySet<Goal> = new Set()

/** Where the kernel is known to have taken packet `n`. */
function goalsOf(told: SentConnection, n: number): ReadonlySet<Goal> {
  const arrival = told.arrivals.find(([packet]) => packet === n)
  if (arrival !== undefined) {
    const [, , ip, port] = arrival
    return new Set([`${ip}:${port}`, `${ip}:0`])
  }
  const isRefused = told.answers?.some(([kind, packet]) => kind === 'reset' || (kind === 'icmp' && packet === n))
  return new Set([isRefused === true ? 'reject' : 'drop'])
}

function openConnections(flow: KernelFlow, told: SentFlow | undefined): Connection[] {
  const { family, value } = parseIp(flow.source)!
  return Array.from({ length: flow.connections }, (_, k) => ({
    flow,
    family,
    source: value + BigInt(k % flow.sources),
    sourcePort: flow.source_port + Math.floor(k / flow.sources),
    told: told?.connections[k],
    arrivals: [],
    answers: [],
  }))
}

const report = (c: Connection): SentConnection => ({
  source: formatIp({ family: c.family, value: c.source }),
  source_port: c.sourcePort,
  arrivals: c.arrivals,
  ...(c.answers.length === 0 ? {} : { answers: c.answers }),
})

/** The receiver's answer, as the injector writes it. */
function answerOf(packet: Packet, place: 'pod' | 'node'): Packet {
  const answer = turned(packet)
  answer.origin = place === 'pod' ? ORIGIN.pod : ORIGIN.node
  answer.tcpFlags = ((packet.tcpFlags & SYN) !== 0 ? SYN : PSH) | ACK
  answer.sctpChunk = SCTP_CHUNK.initAck
  return answer
}

function resetOf(packet: Packet): Packet {
  const reset = turned(packet)
  reset.origin = ORIGIN.node
  reset.tcpFlags = (packet.tcpFlags & ACK) !== 0 ? RST : RST | ACK
  return reset
}

function turned(packet: Packet): Packet {
  const back = newPacket(packet.family)
  back.protocol = packet.protocol
  back.source.set(packet.destination)
  back.sourcePort = packet.destinationPort
  back.destination.set(packet.source)
  back.destinationPort = packet.sourcePort
  return back
}

/** Whether it comes from where the sender wrote to, to where it wrote from. */
const isAnswerTo = (packet: Packet, c: Connection): boolean =>
  address(packet, packet.source) === c.flow.destination &&
  packet.sourcePort === c.flow.destination_port &&
  readIpWords(packet.destination, 0) === c.source &&
  packet.destinationPort === c.sourcePort

const address = (packet: Packet, words: Uint32Array): string =>
  formatIp({ family: packet.family, value: readIpWords(words, 0) })
