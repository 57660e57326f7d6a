/**
 * The small world around one node: clients behind its uplink, its pods, its own IP layer. Packets go through the node and what they cause
 * goes through it too: answers of receivers, ICMP errors and TCP resets of the node itself.
 *
 * Models what native/kernel-replay sets up: receivers only listen, and answer when the flow says so; the node's own stack has no sockets
 * but those of its own UDP flows that are answered, so it refuses everything else that reaches it (TCP by a reset, UDP by ICMP port
 * unreachable). Every packet and its consequences take no time.
 */
import type { Flow } from '../../net/flow.ts'
import type { IpFamily } from '../../net/ip.ts'
import { CT, newPacket, ORIGIN, type Origin, type Packet } from '../../net/packet.ts'
import { sameWords } from '../../net/same-words.ts'
import { SCTP_CHUNK } from '../../netfilter/conntrack/sctp-states.ts'
import type { HostView } from '../../netfilter/host.ts'
import { INTERFACE } from '../../netfilter/interface.ts'
import { OUTCOME } from '../../netfilter/outcome.ts'
import { REJECT_KINDS } from '../../netfilter/reject-kind.ts'
import { routeOf } from '../../netfilter/route.ts'
import { TCP_FLAG } from '../../ruleset/ruleset.ts'
import type { TimeUs } from '../../sim/time.ts'
import type { ConnectionLog } from './connection-log.ts'
import type { NodeEvaluator } from './node-evaluator.ts'

/** Whose packet is on its way. */
export interface Sender {
  readonly flow: Flow
  readonly log: ConnectionLog
  /** Its connection in the flow, and what it sent. */
  readonly connection: number
  readonly source: Uint32Array
  readonly sourcePort: number
  readonly destination: Uint32Array
}

/** What a packet is to its connection: sent by it, a receiver's answer, a reset, an ICMP error; an error about a reset is heard by nobody. */
type Role = 'sent' | 'answer' | 'reset' | 'error' | 'reset error'

const TCP = 6
const UDP = 17
const SCTP = 132
const ICMP = { 4: 1, 6: 58 } as const
const PORT_UNREACHABLE = { 4: { type: 3, code: 3 }, 6: { type: 1, code: 4 } } as const

/** Bytes that every packet of a flow carries behind its transport header, and those headers. */
const TAG_BYTES = 12
const HEADER_BYTES: Readonly<Record<number, number>> = {
  [TCP]: 20 + TAG_BYTES,
  [UDP]: 8 + TAG_BYTES,
  [SCTP]: 36 + TAG_BYTES,
}

/** Set in flowHigh of what the node and receivers send back, so that its draws are none of the flow's. */
const BACK = 0x8000_0000

export class FlowWorld {
  readonly #evaluator: NodeEvaluator
  readonly #host: HostView
  readonly #family: IpFamily
  /** UDP ports of the node that someone listens on. */
  readonly #listening: ReadonlySet<number>
  /** Answers that receivers have yet to send. */
  readonly #answers: { readonly packet: Packet; readonly sender: Sender }[] = []
  nowUs: TimeUs = 0

  constructor(evaluator: NodeEvaluator, host: HostView, listening: ReadonlySet<number>) {
    this.#evaluator = evaluator
    this.#host = host
    this.#family = host.family
    this.#listening = listening
  }

  /** A packet of the flow itself. */
  send(packet: Packet, sender: Sender): void {
    this.#pass(packet, sender, 'sent', this.#sizeOf(packet), false)
  }

  /** Receivers answer what has arrived since. */
  answer(): void {
    for (const { packet, sender } of this.#answers) this.#pass(packet, sender, 'answer', this.#sizeOf(packet), false)
    this.#answers.length = 0
  }

  #sizeOf(packet: Packet): number {
    return (this.#family === 4 ? 20 : 40) + HEADER_BYTES[packet.protocol]
  }

  /** `attached`: the packet carries the connection of the one it speaks of. */
  #pass(packet: Packet, sender: Sender, role: Role, sizeBytes: number, attached: boolean): void {
    const outcome = attached
      ? this.#evaluator.passAttached(packet, sizeBytes, this.nowUs)
      : this.#evaluator.pass(packet, sizeBytes, this.nowUs)
    if (outcome === OUTCOME.rejected && role !== 'error' && role !== 'reset error')
      this.#reject(packet, sender, role, sizeBytes)
    const place = placeOf(outcome)
    if (place === undefined) return
    if (place === ORIGIN.node && (role === 'sent' || role === 'answer'))
      this.#reachStack(packet, sender, role, sizeBytes)
    this.#hear(packet, sender, role, place)
  }

  #hear(packet: Packet, sender: Sender, role: Role, at: Origin): void {
    const { flow, log, connection } = sender
    switch (role) {
      case 'sent':
        if (at === ORIGIN.uplink) log.leave(connection)
        else this.#arrive(packet, sender, at === ORIGIN.pod ? 'pod' : 'node')
        return
      case 'answer':
        if (at !== flow.origin) return
        if (isWayBack(packet, sender)) log.answerCount++
        else log.strayAnswerCount++
        return
      case 'reset':
        if (at === flow.origin && isWayBack(packet, sender)) log.reset(connection)
        return
      case 'error':
        if (at === flow.origin) log.refuse(connection, packet.icmpType, packet.icmpCode)
    }
  }

  #arrive(packet: Packet, sender: Sender, at: 'pod' | 'node'): void {
    const { flow, log, connection } = sender
    const keptSource = sameWords(packet.source, sender.source)
    const keptPort = packet.sourcePort === sender.sourcePort
    log.arrive(connection, at, packet.destination, packet.destinationPort, packet.source, keptSource, keptPort)
    if (!flow.reply) return
    const answer = this.#back(packet, at === 'pod' ? ORIGIN.pod : ORIGIN.node)
    answer.tcpFlags = ((packet.tcpFlags & TCP_FLAG.SYN) !== 0 ? TCP_FLAG.SYN : TCP_FLAG.PSH) | TCP_FLAG.ACK
    answer.sctpChunk = SCTP_CHUNK.initAck
    this.#answers.push({ packet: answer, sender })
  }

  /** The node's own stack refuses what no one listens for. */
  #reachStack(packet: Packet, sender: Sender, role: Role, sizeBytes: number): void {
    if (packet.protocol === TCP) this.#sendReset(packet, sender, false)
    else if (packet.protocol === UDP && !this.#listening.has(packet.destinationPort)) {
      const { type, code } = PORT_UNREACHABLE[this.#family]
      this.#sendError(packet, sender, role, type, code, sizeBytes, true, false)
    }
  }

  #reject(packet: Packet, sender: Sender, role: Role, sizeBytes: number): void {
    const { icmp } = REJECT_KINDS[this.#evaluator.rejection]
    const isLocal = routeOf(this.#host, packet.destination) === INTERFACE.lo
    const attached = (packet.ctState & (CT.INVALID | CT.UNTRACKED)) === 0
    if (icmp !== undefined) this.#sendError(packet, sender, role, icmp.type, icmp.code, sizeBytes, isLocal, attached)
    else this.#sendReset(packet, sender, attached)
  }

  /** A reset is not answered by one. */
  #sendReset(packet: Packet, sender: Sender, attached: boolean): void {
    if ((packet.tcpFlags & TCP_FLAG.RST) !== 0) return
    const reset = this.#back(packet, ORIGIN.node)
    reset.tcpFlags = (packet.tcpFlags & TCP_FLAG.ACK) !== 0 ? TCP_FLAG.RST : TCP_FLAG.RST | TCP_FLAG.ACK
    if (attached) {
      reset.originalSource.set(packet.destination)
      reset.originalDestination.set(packet.source)
      reset.originalSourcePort = packet.destinationPort
      reset.originalDestinationPort = packet.sourcePort
      reset.source.set(packet.originalDestination)
      reset.destination.set(packet.originalSource)
      reset.sourcePort = packet.originalDestinationPort
      reset.destinationPort = packet.originalSourcePort
      reset.ctState = CT.RELATED | (packet.ctState & (CT.DNAT | CT.SNAT))
    }
    this.#pass(reset, sender, 'reset', (this.#family === 4 ? 20 : 40) + 20, attached)
  }

  /**
   * `isLocal`: the packet was for the node itself, which then answers as whom it was sent to. `attached`: the error carries the packet's
   * connection (icmp_glue_bits), also one that is not remembered yet.
   */
  #sendError(
    packet: Packet,
    sender: Sender,
    role: Role,
    type: number,
    code: number,
    sizeBytes: number,
    isLocal: boolean,
    attached: boolean,
  ): void {
    const error = this.#back(packet, ORIGIN.node)
    const out = routeOf(this.#host, packet.source)
    if (!isLocal) {
      if (out === INTERFACE.lo) error.source.set(packet.source)
      else error.source.set(this.#host.sources.subarray(4 * out, 4 * out + 4))
    }
    error.protocol = ICMP[this.#family]
    error.sourcePort = 0
    error.destinationPort = 0
    error.icmpType = type
    error.icmpCode = code
    error.quoted = {
      protocol: packet.protocol,
      source: packet.source.slice(),
      destination: packet.destination.slice(),
      sourcePort: packet.sourcePort,
      destinationPort: packet.destinationPort,
    }
    const errorBytes = (this.#family === 4 ? 28 : 48) + sizeBytes
    if (attached) {
      error.originalSource.set(error.source)
      error.originalDestination.set(error.destination)
      // To its sender it comes from where that wrote to.
      if (!sameWords(packet.destination, packet.originalDestination)) error.source.set(packet.originalDestination)
      error.ctState = CT.RELATED | (packet.ctState & (CT.DNAT | CT.SNAT))
    }
    this.#pass(error, sender, role === 'reset' ? 'reset error' : 'error', errorBytes, attached)
  }

  /** A packet the other way, from `origin`. */
  #back(packet: Packet, origin: Origin): Packet {
    const back = Object.assign(newPacket(this.#family), {
      protocol: packet.protocol,
      sourcePort: packet.destinationPort,
      destinationPort: packet.sourcePort,
      origin,
      flowLow: packet.flowLow,
      flowHigh: (packet.flowHigh | BACK) >>> 0,
      draws: packet.draws,
    })
    back.source.set(packet.destination)
    back.destination.set(packet.source)
    return back
  }
}

/** The origin that stands for where a packet ended. */
const placeOf = (outcome: number): Origin | undefined =>
  outcome === OUTCOME.toPod
    ? ORIGIN.pod
    : outcome === OUTCOME.toUplink
      ? ORIGIN.uplink
      : outcome === OUTCOME.toNode
        ? ORIGIN.node
        : undefined

/** From where the sender wrote to, back to where it wrote from. */
const isWayBack = (packet: Packet, { flow, source, sourcePort, destination }: Sender): boolean =>
  sameWords(packet.source, destination) &&
  packet.sourcePort === flow.destinationPort &&
  sameWords(packet.destination, source) &&
  packet.destinationPort === sourcePort
