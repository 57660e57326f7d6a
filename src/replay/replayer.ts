/**
 * Sends the flows of a plan through the rules, hop by hop, and counts: the inner loop of a run, the same code in a worker and in the main
 * thread. A connection's first packet is evaluated where it meets the rules and, when DNATed to a backend on another node, there once
 * more as a NEW packet from the uplink; its later packets walk the same hops in one weighted evaluation each.
 *
 * Counters of the detail nodes come from engines of their own, so that second hops from anywhere are counted for the right node.
 * Hops are remembered (hop-places.ts): most cost a look-up, not an evaluation. No allocation. Models one direction only; a connection that is not delivered sends its
 * first packet and no more (no retransmission).
 */
import { record } from '../metrics/histogram.ts'
import type { Packet } from '../net/packet.ts'
import { CT, newPacket, ORIGIN } from '../net/packet.ts'
import { newEngine } from '../netfilter/engine.ts'
import { foldRecords, passFirst, passLater } from '../netfilter/hop-memo.ts'
import { type HopMemo, newHopMemo, type Places } from '../netfilter/hop-records.ts'
import type { HostView } from '../netfilter/host.ts'
import { beginNode, endNode } from '../netfilter/node-order.ts'
import type { Outcome } from '../netfilter/outcome.ts'
import { OUTCOME } from '../netfilter/outcome.ts'
import { ruleTallies } from '../netfilter/rule-tallies.ts'
import type { Flow } from '../workload/draw-flow.ts'
import { drawFlow } from '../workload/draw-flow.ts'
import { DESTINATION, DESTINATION_WORDS } from '../workload/traffic.ts'
import { firstPlaces, type HopPlaces, ingressPlaces, newHopPlaces, secondPlaces } from './hop-places.ts'
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
  readonly memo: HopMemo
  readonly detailMemos: readonly HopMemo[]
  readonly places: HopPlaces
  /** Of the class and node at hand. */
  firstPlaces: Places | undefined
  ingressPlaces: Places | undefined
  readonly flow: Flow
  /** The flow's packet as the backend's node sees it. */
  readonly secondPacket: Packet
  readonly way: Way
}

/** How the flow at hand got on. */
interface Way {
  outcome: Outcome
  /** What hop-memo.ts knows of its hops. */
  record: number
  /** DNAT id of the first hop and the node of its backend, or -1. */
  dnat: number
  target: number
  twoHops: boolean
  secondOutcome: Outcome
  secondRecord: number
  fate: Fate
}

/** Where a first packet's way ends, or that it goes on to its second hop. */
const FATE = { delivered: 0, rejected: 1, dropped: 2, unmatched: 3, goesOn: 4 } as const
type Fate = (typeof FATE)[keyof typeof FATE]

/** `remembers` false: every packet is evaluated, for the tests that hold both equal. */
export function newReplayer(plan: ReplayPlan, remembers = true): Replayer {
  const tallies = newTallies(plan)
  const detailOfNode = new Int32Array(plan.traffic.nodeCount).fill(-1)
  plan.detailNodes.forEach((node, d) => {
    detailOfNode[node] = d
  })
  const family = (f: 4 | 6): FamilyReplayer | null => {
    const own = plan.families[f]
    if (own === null) return null
    const newMemo = (): HopMemo => newHopMemo(newEngine(own.program, plan.ruleSeed))
    const detailMemos = plan.detailNodes.map(node => {
      const memo = newMemo()
      beginNode(memo.engine, plan.orderKeyOfNode[node])
      return memo
    })
    const hosts = hostViews(own.hosts)
    return {
      plan: own,
      tallies: tallies.families[f]!,
      hosts,
      memo: newMemo(),
      detailMemos,
      places: newHopPlaces(plan, own, remembers ? hosts : [], detailOfNode),
      firstPlaces: undefined,
      ingressPlaces: undefined,
      flow: { packet: newPacket(f), destination: -1, packets: 0 },
      secondPacket: newPacket(f),
      way: {
        outcome: OUTCOME.dropped,
        record: 0,
        dnat: -1,
        target: -1,
        twoHops: false,
        secondOutcome: OUTCOME.dropped,
        secondRecord: 0,
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
      own.firstPlaces = firstPlaces(own.places, c, node)
      own.ingressPlaces = ingressPlaces(own.places, c, node)
      for (let flowLow = from; flowLow < to; flowLow++) {
        drawFlow(plan.traffic, c, node, flowLow, own.flow)
        replayFlow(replayer, own, node)
      }
    })
    if (families[4] !== null) endNode(families[4].memo.engine)
    if (families[6] !== null) endNode(families[6].memo.engine)
  }
}

/** What this thread counted in all its jobs; the replayer is used up. */
export function finishReplay(replayer: Replayer): Tallies {
  for (const family of [replayer.families[4], replayer.families[6]]) {
    if (family === null) continue
    const { rules, detail } = family.tallies
    foldRecords(family.memo)
    addRuleTallies(rules, ruleTallies(family.memo.engine))
    family.detailMemos.forEach((memo, d) => {
      endNode(memo.engine)
      foldRecords(memo)
      const own = ruleTallies(memo.engine)
      addRuleTallies(detail[d], own)
      addRuleTallies(rules, own)
    })
  }
  return replayer.tallies
}

function begin(family: FamilyReplayer | null, node: number, plan: ReplayPlan): void {
  if (family !== null) beginNode(family.memo.engine, plan.orderKeyOfNode[node])
}

function memoOf(replayer: Replayer, family: FamilyReplayer, node: number): HopMemo {
  const detail = replayer.detailOfNode[node]
  return detail < 0 ? family.memo : family.detailMemos[detail]
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

/** Passes the first packet where it meets the rules and notes its way; answers the rules evaluated. */
function firstHop(replayer: Replayer, family: FamilyReplayer, node: number): number {
  const { way, hosts, plan } = family
  const { packet, destination } = family.flow
  const { tallies } = replayer
  const { orderKeyOfNode, traffic } = replayer.plan
  const memo = memoOf(replayer, family, node)
  const atIngress = traffic.destinations.words[DESTINATION_WORDS * destination + DESTINATION.atIngress] === 1
  const places = atIngress ? family.ingressPlaces : family.firstPlaces
  const view = plan.viewOfNode[node]
  way.outcome = passFirst(memo, places, destination, view, hosts[node], orderKeyOfNode[node], packet)
  way.record = memo.record
  way.dnat = memo.dnat
  way.target = way.dnat < 0 ? -1 : plan.backendNode[way.dnat]
  way.fate = firstFate(way, node)
  way.twoHops = way.fate === FATE.goesOn
  tallies.nodes.connections[node] += 1
  tallies.nodes.rulesEvaluated[node] += memo.rulesEvaluated
  return memo.rulesEvaluated
}

/** The same for a packet that reaches its backend's node. */
function secondHop(replayer: Replayer, family: FamilyReplayer): number {
  const { way, hosts, plan, secondPacket } = family
  const { nodes } = replayer.tallies
  const { target } = way
  arriveFrom(family.flow.packet, secondPacket)
  const memo = memoOf(replayer, family, target)
  const places = secondPlaces(family.places, target, replayer.detailOfNode[target])
  const orderKey = replayer.plan.orderKeyOfNode[target]
  way.secondOutcome = passFirst(memo, places, way.dnat, plan.viewOfNode[target], hosts[target], orderKey, secondPacket)
  way.secondRecord = memo.record
  way.fate = secondFate(way.secondOutcome, memo.dnat)
  nodes.secondHopConnections[target] += 1
  nodes.rulesEvaluated[target] += memo.rulesEvaluated
  return memo.rulesEvaluated
}

/** Sends the connection's later packets, `count` of them, along the way of the first; answers how many arrive. */
function sendLater(replayer: Replayer, family: FamilyReplayer, node: number, count: number): number {
  if (count === 0) return 0
  const { way, hosts, plan, secondPacket } = family
  const { packet } = family.flow
  const { laterRulesEvaluated } = replayer.tallies.nodes
  const { orderKeyOfNode } = replayer.plan
  const memo = memoOf(replayer, family, node)
  const view = plan.viewOfNode[node]
  const outcome = passLater(memo, way.record, view, hosts[node], orderKeyOfNode[node], packet, count)
  laterRulesEvaluated[node] += memo.rulesEvaluated * count
  if (outcome !== way.outcome) return 0
  if (!way.twoHops) return count
  const { target } = way
  const there = memoOf(replayer, family, target)
  const targetView = plan.viewOfNode[target]
  const orderKey = orderKeyOfNode[target]
  const end = passLater(there, way.secondRecord, targetView, hosts[target], orderKey, secondPacket, count)
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
