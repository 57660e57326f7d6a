/**
 * One connection, hop by hop, whatever the rules are made of. Its first packet is evaluated where it meets the rules and, when DNATed to a backend
 * on another node, there once more as a NEW packet from the uplink; its later packets walk the same hops in one weighted evaluation each.
 * Counts what becomes of it; counters of rules are HopRules' own. No allocation.
 */
import { record } from '../metrics/histogram.ts'
import type { Packet } from '../net/packet.ts'
import { CT, ORIGIN } from '../net/packet.ts'
import type { Outcome } from '../netfilter/outcome.ts'
import { OUTCOME } from '../netfilter/outcome.ts'
import type { Flow } from '../workload/draw-flow.ts'
import { noteFirstHop, noteSecondHop, noteWay } from './note-costs.ts'
import type { FamilyTallies, Tallies } from './tallies.ts'

/** One family's rules on all nodes. Hops are told apart, as what is known of the flow at hand may differ. */
export interface HopRules {
  /** A connection's first packet, changed in place to how it leaves `node`. */
  pass(hop: Hop, node: number, packet: Packet): Outcome
  /** `count` later ones of the same connection on the same hop. */
  passLater(hop: Hop, node: number, packet: Packet, count: number): Outcome
  /** Of the packet passed last: DNAT id or -1, rules evaluated by it, and what a first one costs, per lane. */
  readonly dnat: number
  readonly rulesEvaluated: number
  readonly costPs: Float64Array
}

export const HOP = { first: 0, second: 1 } as const
export type Hop = (typeof HOP)[keyof typeof HOP]

/** A thread's flow at hand, of one family. */
export interface FlowAtHand {
  readonly tallies: FamilyTallies
  /** Per DNAT id: the node where its address lives, or -1. */
  readonly backendNode: Int32Array
  readonly flow: Flow
  /** The flow's packet as the backend's node sees it. */
  readonly secondPacket: Packet
  readonly way: Way
}

/** How the flow at hand got on. */
export interface Way {
  outcome: Outcome
  /** DNAT id of the first hop and the node of its backend, or -1. */
  dnat: number
  target: number
  twoHops: boolean
  secondOutcome: Outcome
  fate: Fate
  /** What it cost so far, per lane. */
  readonly costPs: Float64Array
}

/** Where a first packet's way ends, or that it goes on to its second hop. */
export const FATE = { delivered: 0, rejected: 1, dropped: 2, unmatched: 3, goesOn: 4 } as const
export type Fate = (typeof FATE)[keyof typeof FATE]

export const newWay = (lanes: number): Way => ({
  outcome: OUTCOME.dropped,
  dnat: -1,
  target: -1,
  twoHops: false,
  secondOutcome: OUTCOME.dropped,
  fate: FATE.dropped,
  costPs: new Float64Array(lanes),
})

export function replayHops(tallies: Tallies, atHand: FlowAtHand, rules: HopRules, node: number): void {
  const { flow, way } = atHand
  const { destinations } = tallies
  const { destination } = flow
  const firstRules = firstHop(tallies, atHand, rules, node)
  destinations.connections[destination] += 1
  destinations.rulesEvaluated[destination] += firstRules
  record(tallies.firstHop, firstRules, 1)
  let secondRules = 0
  if (way.fate === FATE.goesOn) {
    secondRules = secondHop(tallies, atHand, rules)
    record(tallies.secondHop, secondRules, 1)
  }
  record(tallies.total, firstRules + secondRules, 1)
  noteWay(tallies.modelledNs, way.costPs)
  if (way.fate !== FATE.delivered) {
    destinations.packets[destination] += 1
    if (way.fate === FATE.rejected) destinations.rejected[destination] += 1
    else if (way.fate === FATE.dropped) destinations.dropped[destination] += 1
    else destinations.unmatched[destination] += 1
    return
  }
  destinations.delivered[destination] += 1
  destinations.packets[destination] += flow.packets
  const delivered = 1 + sendLater(tallies, atHand, rules, node, flow.packets - 1)
  atHand.tallies.backendConnections[way.dnat] += 1
  atHand.tallies.backendPackets[way.dnat] += delivered
  if (way.target < 0) return
  tallies.nodes.endpointConnections[way.target] += 1
  tallies.nodes.endpointPackets[way.target] += delivered
}

/** Passes the first packet where it meets the rules and notes its way; answers the rules evaluated. */
function firstHop(
  { nodes, modelledNs }: Tallies,
  { flow, way, backendNode }: FlowAtHand,
  rules: HopRules,
  node: number,
): number {
  way.outcome = rules.pass(HOP.first, node, flow.packet)
  noteFirstHop(modelledNs, rules.costPs, way.costPs)
  const { dnat, rulesEvaluated } = rules
  way.dnat = dnat
  way.target = dnat < 0 ? -1 : backendNode[dnat]
  way.fate = firstFate(way, node)
  way.twoHops = way.fate === FATE.goesOn
  nodes.connections[node] += 1
  nodes.rulesEvaluated[node] += rulesEvaluated
  return rulesEvaluated
}

/** The same for a packet that reaches its backend's node. */
function secondHop({ nodes, modelledNs }: Tallies, { flow, way, secondPacket }: FlowAtHand, rules: HopRules): number {
  const { target } = way
  arriveFrom(flow.packet, secondPacket)
  way.secondOutcome = rules.pass(HOP.second, target, secondPacket)
  noteSecondHop(modelledNs, rules.costPs, way.costPs)
  const { dnat, rulesEvaluated } = rules
  way.fate = secondFate(way.secondOutcome, dnat)
  nodes.secondHopConnections[target] += 1
  nodes.rulesEvaluated[target] += rulesEvaluated
  return rulesEvaluated
}

/** Sends the connection's later packets, `count` of them, along the way of the first; answers how many arrive. */
function sendLater(
  { nodes: { laterRulesEvaluated } }: Tallies,
  { flow, way, secondPacket }: FlowAtHand,
  rules: HopRules,
  node: number,
  count: number,
): number {
  if (count === 0) return 0
  const outcome = rules.passLater(HOP.first, node, flow.packet, count)
  laterRulesEvaluated[node] += rules.rulesEvaluated * count
  if (outcome !== way.outcome) return 0
  if (!way.twoHops) return count
  const end = rules.passLater(HOP.second, way.target, secondPacket, count)
  laterRulesEvaluated[way.target] += rules.rulesEvaluated * count
  return end === way.secondOutcome ? count : 0
}

/** The packet that one node sent, as the next one receives it: mark and connection state stay behind. By hand: TypedArray.set is slower. */
function arriveFrom(sent: Packet, received: Packet): void {
  for (let w = 0; w < 4; w++) {
    received.source[w] = sent.source[w]
    received.destination[w] = sent.destination[w]
  }
  received.protocol = sent.protocol
  received.sourcePort = sent.sourcePort
  received.destinationPort = sent.destinationPort
  received.mark = 0
  received.origin = ORIGIN.uplink
  received.ctState = CT.NEW
  received.flowLow = sent.flowLow
  received.flowHigh = sent.flowHigh
  received.draws = sent.draws
}

/** A backend that no node has counts as delivered wherever routing takes the packet: what lies beyond is not modelled. */
function firstFate({ outcome, dnat, target }: Way, node: number): Fate {
  if (outcome === OUTCOME.dropped) return FATE.dropped
  if (outcome === OUTCOME.rejected) return FATE.rejected
  if (dnat < 0) return FATE.unmatched
  if (target < 0) return FATE.delivered
  if (outcome === OUTCOME.toUplink) return target === node ? FATE.unmatched : FATE.goesOn
  return target === node ? FATE.delivered : FATE.unmatched
}

/** A packet that is translated once more, or sent on again, has left the way its first hop chose. */
function secondFate(outcome: Outcome, dnat: number): Fate {
  if (outcome === OUTCOME.dropped) return FATE.dropped
  if (outcome === OUTCOME.rejected) return FATE.rejected
  return dnat >= 0 || outcome === OUTCOME.toUplink ? FATE.unmatched : FATE.delivered
}
