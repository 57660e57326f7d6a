/**
 * Makes flow number `flowLow` of a class at a node, in place: nothing is allocated. Each choice has a draw number of its own, so one
 * choice never shifts another. Source ports are drawn uniformly from Linux's default ip_local_port_range, each connection for itself:
 * two flows may share a five-tuple, which no rule sees.
 * Cost: 4 to 5 draws, two of their three rounds once for all, and 3 table look-ups.
 */
import type { Packet } from '../net/packet.ts'
import { CT, ORIGIN } from '../net/packet.ts'
import { draw32, drawOf, flowState, scale32 } from '../sim/random.ts'
import { choose, entryItem } from './choice-table.ts'
import type { TrafficClass, TrafficPlan } from './traffic.ts'
import { DESTINATION, DESTINATION_WORDS, NO_NODE, NODE_BITS } from './traffic.ts'

/** Draw numbers of the traffic stream. */
const DRAW = { GROUP: 0, DESTINATION: 1, SOURCE: 2, SOURCE_PORT: 3, PACKETS: 4 } as const

const PORT_FROM = 32_768
const PORT_COUNT = 60_999 - 32_768 + 1

/** A connection about to be sent: its first packet, where it is meant for, and how many packets it will send. */
export interface Flow {
  readonly packet: Packet
  destination: number
  packets: number
}

export const flowHighOf = (classIndex: number, node: number): number => ((classIndex << NODE_BITS) | node) >>> 0

/** `flow.packet` must be of the class's family; the node must have connections of this class. */
export function drawFlow(plan: TrafficPlan, classIndex: number, node: number, flowLow: number, flow: Flow): void {
  const kind = plan.classes[classIndex]
  const { low, high } = plan.seed
  const flowHigh = flowHighOf(classIndex, node)
  const state = flowState(low, high, flowLow, flowHigh)
  const to = drawDestination(kind, node, state)
  const { packet } = flow
  const { words } = plan.destinations
  const at = DESTINATION_WORDS * to
  if (words[at + DESTINATION.atIngress] === 1)
    copyWords(plan.sources[kind.family].nodeAddress, 4 * node, packet.destination)
  else copyWords(words, at + DESTINATION.address, packet.destination)
  copyWords(sourcesOf(plan, kind), drawSource(plan, kind, node, state), packet.source)
  packet.protocol = words[at + DESTINATION.protocol]
  packet.destinationPort = words[at + DESTINATION.port]
  packet.sourcePort = PORT_FROM + scale32(drawOf(state, DRAW.SOURCE_PORT), PORT_COUNT)
  packet.mark = 0
  packet.origin = kind.origin
  packet.ctState = CT.NEW
  packet.flowLow = flowLow
  packet.flowHigh = flowHigh
  packet.draws = 0
  flow.destination = to
  flow.packets = drawPackets(plan, state)
}

/** A flow to `destination` that the plan had no ingress node for: all of it but the destination's address, which may hang on a node. */
export function drawNowhere(
  plan: TrafficPlan,
  classIndex: number,
  destination: number,
  flowLow: number,
  flow: Flow,
): void {
  const { low, high } = plan.seed
  const flowHigh = flowHighOf(classIndex, NO_NODE)
  const state = flowState(low, high, flowLow, flowHigh)
  const { packet } = flow
  const at = DESTINATION_WORDS * destination
  packet.protocol = plan.destinations.words[at + DESTINATION.protocol]
  packet.destinationPort = plan.destinations.words[at + DESTINATION.port]
  const kind = plan.classes[classIndex]
  copyWords(sourcesOf(plan, kind), drawSource(plan, kind, NO_NODE, state), packet.source)
  packet.origin = kind.origin
  packet.flowLow = flowLow
  packet.flowHigh = flowHigh
  flow.destination = destination
  flow.packets = drawPackets(plan, state)
}

/** Where the flow with this state (sim/random.ts) is meant for. */
export function drawDestination(kind: TrafficClass, node: number, state: number): number {
  const groups = kind.groupTables[kind.groupTableOfNode[node]]
  const group = groups.size === 1 ? entryItem(groups, 0) : choose(groups, drawOf(state, DRAW.GROUP))
  return choose(kind.destinationTables[group], drawOf(state, DRAW.DESTINATION))
}

/** How many packets it will send. */
export function drawPackets({ packetsLaw: { choice } }: TrafficPlan, state: number): number {
  return choice.size === 1 ? entryItem(choice, 0) : choose(choice, drawOf(state, DRAW.PACKETS))
}

/** Which of sourcesOf's words its source address begins at. */
export function drawSource({ sources }: TrafficPlan, kind: TrafficClass, node: number, state: number): number {
  if (kind.origin === ORIGIN.node) return 4 * node
  const word = drawOf(state, DRAW.SOURCE)
  if (kind.origin !== ORIGIN.pod) return 4 * scale32(word, kind.clients.length / 4)
  const { podStart } = sources[kind.family]
  return 4 * (podStart[node] + scale32(word, podStart[node + 1] - podStart[node]))
}

/** The addresses that a class's flows come from. */
export function sourcesOf({ sources }: TrafficPlan, kind: TrafficClass): Uint32Array {
  if (kind.origin === ORIGIN.node) return sources[kind.family].nodeAddress
  return kind.origin === ORIGIN.pod ? sources[kind.family].podAddress : kind.clients
}

/** The destination of flow `flowLow` among those of a group that has no ingress node. */
export function drawUnreached(plan: TrafficPlan, classIndex: number, group: number, flowLow: number): number {
  const word = draw32(plan.seed.low, plan.seed.high, flowLow, flowHighOf(classIndex, NO_NODE), DRAW.DESTINATION)
  return choose(plan.classes[classIndex].destinationTables[group], word)
}

function copyWords(from: Uint32Array, offset: number, to: Uint32Array): void {
  to[0] = from[offset]
  to[1] = from[offset + 1]
  to[2] = from[offset + 2]
  to[3] = from[offset + 3]
}
