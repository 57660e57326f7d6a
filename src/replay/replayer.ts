/**
 * Sends the flows of a plan through the rules, hop by hop, and counts: the inner loop of a run, the same code in a worker and in the main
 * thread. A connection's first packet is evaluated where it meets the rules and, when DNATed to a backend on another node, there once
 * more as a NEW packet from the uplink; its later packets walk the same hops in one weighted evaluation each.
 *
 * Counters of the detail nodes come from engines of their own, so that second hops from anywhere are counted for the right node.
 * Cost: two to four evaluations a connection, no allocation. Models one direction only; a connection that is not delivered sends its
 * first packet and no more (no retransmission).
 */
import { record } from '../metrics/histogram.ts'
import type { Packet } from '../net/packet.ts'
import { CT, newPacket, ORIGIN } from '../net/packet.ts'
import type { Engine } from '../netfilter/engine.ts'
import { newEngine } from '../netfilter/engine.ts'
import { evaluate, evaluateEstablished } from '../netfilter/evaluate.ts'
import type { HostView } from '../netfilter/host.ts'
import { beginNode, endNode } from '../netfilter/node-order.ts'
import type { Outcome } from '../netfilter/outcome.ts'
import { OUTCOME } from '../netfilter/outcome.ts'
import { ruleTallies } from '../netfilter/rule-tallies.ts'
import type { Flow } from '../workload/draw-flow.ts'
import { drawFlow } from '../workload/draw-flow.ts'
import { hostViews } from './host-table.ts'
import type { Job } from './jobs.ts'
import type { FamilyPlan, ReplayPlan } from './replay-plan.ts'
import type { FamilyTallies, Tallies } from './tallies.ts'
import { addRuleTallies, newTallies } from './tallies.ts'

/** One thread's engines and tallies for one plan. */
export interface Replayer {
  readonly plan: ReplayPlan
  readonly tallies: Tallies
  readonly families: { readonly 4: FamilyReplayer | null; readonly 6: FamilyReplayer | null }
  /** By node: its place among the detail nodes, or -1. */
  readonly detailOfNode: Int32Array
}

interface FamilyReplayer {
  readonly plan: FamilyPlan
  readonly tallies: FamilyTallies
  readonly hosts: readonly HostView[]
  /** Counts for all nodes but the detail nodes, which have one each. */
  readonly engine: Engine
  readonly detailEngines: readonly Engine[]
  readonly flow: Flow
  /** The flow's packet as the backend's node sees it. */
  readonly secondPacket: Packet
  readonly way: Way
}

/** How the flow at hand got on. */
interface Way {
  outcome: Outcome
  /** DNAT id of the first hop and the node of its backend, or -1. */
  dnat: number
  target: number
  twoHops: boolean
  secondOutcome: Outcome
  fate: Fate
}

/** Where a first packet's way ends, or that it goes on to its second hop. */
const FATE = { delivered: 0, rejected: 1, dropped: 2, unmatched: 3, goesOn: 4 } as const
type Fate = (typeof FATE)[keyof typeof FATE]

export function newReplayer(plan: ReplayPlan): Replayer {
  const tallies = newTallies(plan)
  const detailOfNode = new Int32Array(plan.traffic.nodeCount).fill(-1)
  plan.detailNodes.forEach((node, d) => {
    detailOfNode[node] = d
  })
  const family = (f: 4 | 6): FamilyReplayer | null => {
    const own = plan.families[f]
    if (own === null) return null
    const detailEngines = plan.detailNodes.map(node => {
      const engine = newEngine(own.program, plan.ruleSeed)
      beginNode(engine, plan.orderKeyOfNode[node])
      return engine
    })
    return {
      plan: own,
      tallies: tallies.families[f]!,
      hosts: hostViews(own.hosts),
      engine: newEngine(own.program, plan.ruleSeed),
      detailEngines,
      flow: { packet: newPacket(f), destination: -1, packets: 0 },
      secondPacket: newPacket(f),
      way: {
        outcome: OUTCOME.dropped,
        dnat: -1,
        target: -1,
        twoHops: false,
        secondOutcome: OUTCOME.dropped,
        fate: FATE.dropped,
      },
    }
  }
  return { plan, tallies, families: { 4: family(4), 6: family(6) }, detailOfNode }
}

/** Replays the flows of one job. Jobs may come in any order, each once. */
export function replayJob(replayer: Replayer, job: Job): void {
  const { plan, families } = replayer
  for (let node = job.fromNode; node < job.toNode; node++) {
    begin(families[4], node, plan)
    begin(families[6], node, plan)
    plan.traffic.classes.forEach((kind, c) => {
      const count = kind.connectionsOfNode[node]
      const from = Math.floor((count * job.part) / job.parts)
      const to = Math.floor((count * (job.part + 1)) / job.parts)
      if (from === to) return
      const own = families[kind.family]
      if (own === null) throw new Error(`replayJob: class ${c} is of family ${kind.family}, which has no rules`)
      for (let flowLow = from; flowLow < to; flowLow++) {
        drawFlow(plan.traffic, c, node, flowLow, own.flow)
        replayFlow(replayer, own, node)
      }
    })
    if (families[4] !== null) endNode(families[4].engine)
    if (families[6] !== null) endNode(families[6].engine)
  }
}

/** What this thread counted in all its jobs; the replayer is used up. */
export function finishReplay(replayer: Replayer): Tallies {
  for (const family of [replayer.families[4], replayer.families[6]]) {
    if (family === null) continue
    const { rules, detail } = family.tallies
    addRuleTallies(rules, ruleTallies(family.engine))
    family.detailEngines.forEach((engine, d) => {
      endNode(engine)
      const own = ruleTallies(engine)
      addRuleTallies(detail[d], own)
      addRuleTallies(rules, own)
    })
  }
  return replayer.tallies
}

function begin(family: FamilyReplayer | null, node: number, plan: ReplayPlan): void {
  if (family !== null) beginNode(family.engine, plan.orderKeyOfNode[node])
}

function engineOf(replayer: Replayer, family: FamilyReplayer, node: number): Engine {
  const detail = replayer.detailOfNode[node]
  return detail < 0 ? family.engine : family.detailEngines[detail]
}

function replayFlow(replayer: Replayer, family: FamilyReplayer, node: number): void {
  const { tallies } = replayer
  const { flow, way } = family
  const { destinations } = tallies
  const { destination } = flow
  const firstRules = firstHop(replayer, family, node)
  destinations.connections[destination] += 1
  destinations.rulesEvaluated[destination] += firstRules
  record(tallies.firstHop, firstRules, 1)
  let secondRules = 0
  if (way.fate === FATE.goesOn) {
    secondRules = secondHop(replayer, family)
    record(tallies.secondHop, secondRules, 1)
  }
  record(tallies.total, firstRules + secondRules, 1)
  if (way.fate !== FATE.delivered) {
    destinations.packets[destination] += 1
    if (way.fate === FATE.rejected) destinations.rejected[destination] += 1
    else if (way.fate === FATE.dropped) destinations.dropped[destination] += 1
    else destinations.unmatched[destination] += 1
    return
  }
  destinations.delivered[destination] += 1
  destinations.packets[destination] += flow.packets
  const delivered = 1 + sendLater(replayer, family, node, flow.packets - 1)
  family.tallies.backendConnections[way.dnat] += 1
  family.tallies.backendPackets[way.dnat] += delivered
  if (way.target < 0) return
  tallies.nodes.endpointConnections[way.target] += 1
  tallies.nodes.endpointPackets[way.target] += delivered
}

/** Evaluates the first packet where it meets the rules and notes its way; answers the rules evaluated. */
function firstHop(replayer: Replayer, family: FamilyReplayer, node: number): number {
  const { way, hosts, plan } = family
  const { packet } = family.flow
  const { nodes } = replayer.tallies
  const engine = engineOf(replayer, family, node)
  way.outcome = evaluate(engine, plan.viewOfNode[node], hosts[node], replayer.plan.orderKeyOfNode[node], packet, 1)
  way.dnat = engine.dnat
  way.target = way.dnat < 0 ? -1 : plan.backendNode[way.dnat]
  way.fate = firstFate(way, node)
  way.twoHops = way.fate === FATE.goesOn
  nodes.connections[node] += 1
  nodes.rulesEvaluated[node] += engine.rulesEvaluated
  return engine.rulesEvaluated
}

/** The same for a packet that reaches its backend's node. */
function secondHop(replayer: Replayer, family: FamilyReplayer): number {
  const { way, hosts, plan, secondPacket } = family
  const { nodes } = replayer.tallies
  const { target } = way
  arriveFrom(family.flow.packet, secondPacket)
  const engine = engineOf(replayer, family, target)
  const orderKey = replayer.plan.orderKeyOfNode[target]
  way.secondOutcome = evaluate(engine, plan.viewOfNode[target], hosts[target], orderKey, secondPacket, 1)
  way.fate = secondFate(way.secondOutcome, engine.dnat)
  nodes.secondHopConnections[target] += 1
  nodes.rulesEvaluated[target] += engine.rulesEvaluated
  return engine.rulesEvaluated
}

/** Sends the connection's later packets, `count` of them, along the way of the first; answers how many arrive. */
function sendLater(replayer: Replayer, family: FamilyReplayer, node: number, count: number): number {
  if (count === 0) return 0
  const { way, hosts, plan, secondPacket } = family
  const { packet } = family.flow
  const { laterRulesEvaluated } = replayer.tallies.nodes
  const { orderKeyOfNode } = replayer.plan
  const engine = engineOf(replayer, family, node)
  const outcome = evaluateEstablished(engine, plan.viewOfNode[node], hosts[node], orderKeyOfNode[node], packet, count)
  laterRulesEvaluated[node] += engine.rulesEvaluated * count
  if (outcome !== way.outcome) return 0
  if (!way.twoHops) return count
  const { target } = way
  const there = engineOf(replayer, family, target)
  const orderKey = orderKeyOfNode[target]
  const end = evaluateEstablished(there, plan.viewOfNode[target], hosts[target], orderKey, secondPacket, count)
  laterRulesEvaluated[target] += there.rulesEvaluated * count
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
