/**
 * One connection, hop by hop. Its first packet is evaluated where it meets the rules and, when DNATed to a backend on another node, there once
 * more as a NEW packet from the uplink; its later packets walk the same hops in one weighted evaluation each. Hops are remembered
 * (netfilter/hop-memo.ts), and so are whole connections (journeys.ts): most cost a draw and a few look-ups. No allocation.
 */
import { record } from '../metrics/histogram.ts'
import type { Packet } from '../net/packet.ts'
import { CT, ORIGIN } from '../net/packet.ts'
import { findRecord, movedBy, passFirst, passLater } from '../netfilter/hop-memo.ts'
import { recordOf } from '../netfilter/hop-records.ts'
import { INTERFACE } from '../netfilter/interface.ts'
import type { Outcome } from '../netfilter/outcome.ts'
import { OUTCOME } from '../netfilter/outcome.ts'
import { type SourceTests, signatureOf, TEST_WORDS } from '../netfilter/source-tests.ts'
import { DESTINATION, DESTINATION_WORDS } from '../workload/traffic.ts'
import { secondPlaces } from './hop-places.ts'
import { LINE, LINE_WORD } from './journey-line.ts'
import { enterJourney, type Journey, type Journeys, journeyOf, type LineStart } from './journeys.ts'
import { noteFirstHop, noteSecondHop, noteTravel, noteWay } from './note-costs.ts'
import { FATE, type FamilyReplayer, type Fate, journeysAt, memoAt, type Replayer, type Way } from './replay-state.ts'

/** Replays the family's flow, which starts at `node`. */
export function replayFlow(replayer: Replayer, family: FamilyReplayer, node: number): void {
  const { plan } = replayer
  const { flow, hosts, way } = family
  const { destination } = flow
  const journeys = journeysAt(replayer, family, node)
  const atIngress = plan.traffic.destinations.words[DESTINATION_WORDS * destination + DESTINATION.atIngress] === 1
  const places = atIngress ? family.ingressPlaces : family.firstPlaces
  way.record = findRecord(journeys.memo, places, destination, family.plan.viewOfNode[node], hosts[node], flow.packet)
  const journey = way.record === 0 ? -1 : journeyOf(journeys, way.record)
  if (journey > 0 && travel(replayer, family, node, journeys, journey)) return
  replayHops(replayer, family, node)
  if (journey === 0)
    enterJourney(journeys, way.record, family.travels ? journeyOfWay(replayer, family, node) : undefined)
}

/** Counts a connection on a journey that others have shown; false when it is not of their kind after all. */
function travel(
  replayer: Replayer,
  family: FamilyReplayer,
  node: number,
  journeys: Journeys,
  journey: number,
): boolean {
  const home = journeys.lines.words[LINE_WORD.words * journey + LINE_WORD.home]
  if (home >= 0 ? home !== node : home === -2 - node) return false
  return countTravel(replayer, family, node, journeys, journey, family.flow.packets)
}

/** The same for one whose backend is where the journey wants it. */
export function countTravel(
  { tallies, plan }: Replayer,
  family: FamilyReplayer,
  node: number,
  { memo, lines: { cells, words } }: Journeys,
  journey: number,
  packets: number,
): boolean {
  const at = LINE.cells * journey
  const wordAt = LINE_WORD.words * journey
  const tests = words[wordAt + LINE_WORD.tests]
  if (tests >= 0 && !isSeenAs(family, memo.tests, node, tests, words[wordAt + LINE_WORD.signature])) return false
  const { nodes, modelledNs } = tallies
  const moved = movedBy(memo, plan.orderKeyOfNode[node], words[wordAt + LINE_WORD.hit], words[wordAt + LINE_WORD.slot])
  const rules = words[wordAt + LINE_WORD.rules] + moved
  const laterRules = words[wordAt + LINE_WORD.laterRules]
  const later = laterRules < 0 ? 0 : packets - 1
  cells[at + LINE.connections] += 1
  cells[at + LINE.laterPackets] += later
  cells[at + LINE.moved] += moved
  nodes.connections[node] += 1
  nodes.rulesEvaluated[node] += rules
  nodes.laterRulesEvaluated[node] += laterRules * later
  record(tallies.firstHop, rules, 1)
  record(tallies.total, rules + words[wordAt + LINE_WORD.secondRules], 1)
  if (modelledNs.length > 0) noteTravel(modelledNs, cells, at, moved)
  return true
}

/** Whether the first `count` source tests say `signature` of the address that a masquerade at this node gives. */
function isSeenAs(family: FamilyReplayer, tests: SourceTests, node: number, count: number, signature: number): boolean {
  if (family.uplinkTests !== tests.words.length) {
    const address = family.hosts[node].sources.subarray(4 * INTERFACE.uplink, 4 * INTERFACE.uplink + 4)
    family.uplinkSignature = signatureOf(tests, family.flow.packet.family, address)
    family.uplinkTests = tests.words.length
  }
  return (family.uplinkSignature & ((1 << count) - 1)) === signature
}

/** The journey that the connection just replayed has shown; undefined when others with its first record may fare unlike it. */
function journeyOfWay(replayer: Replayer, family: FamilyReplayer, node: number): [Journey, LineStart] | undefined {
  const { way, flow, secondPacket } = family
  const { twoHops, target, fate } = way
  const memo = memoAt(replayer, family, node)
  const first = recordOf(memo, way.record)
  const there = twoHops ? memoAt(replayer, family, target) : undefined
  const second = there === undefined ? undefined : recordOf(there, way.secondRecord)
  if (second !== undefined && (way.secondRecord === 0 || second.dnat >= 0 || second.hit >= 0)) return undefined
  if (second !== undefined && secondPacket.draws !== flow.packet.draws) return undefined
  if (fate === FATE.goesOn) throw new Error('a connection has not come to its end')
  const laterGoOn = first.laterOutcome === first.outcome
  const journey = {
    destination: flow.destination,
    dnat: way.dnat,
    target,
    fate: FATE_NAMES[fate],
    firstRecord: way.record,
    there,
    secondRecord: way.secondRecord,
    secondRules: second?.rules ?? 0,
    laterSecondRules: second?.laterRules ?? 0,
    laterGoOn,
    laterArrive: laterGoOn && (second === undefined || second.laterOutcome === second.outcome),
  }
  const { tests } = memo
  const signature = signatureOf(tests, flow.packet.family, secondPacket.source)
  const line = {
    rules: first.rules,
    secondRules: journey.secondRules,
    laterRules: fate === FATE.delivered ? first.laterRules : -1,
    home: target === node ? node : -2 - target,
    hit: first.hit,
    slot: first.slot,
    tests: second === undefined || first.masquerade === 0 ? -1 : tests.words.length / TEST_WORDS,
    signature,
  }
  return [journey, line]
}

function replayHops(replayer: Replayer, family: FamilyReplayer, node: number): void {
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
  const { packet } = family.flow
  const { tallies } = replayer
  const memo = memoAt(replayer, family, node)
  const view = plan.viewOfNode[node]
  memo.engine.recent = family.lists
  way.outcome = passFirst(memo, way.record, view, hosts[node], replayer.plan.orderKeyOfNode[node], packet)
  memo.engine.recent = undefined
  noteFirstHop(tallies.modelledNs, memo.costPs, way.costPs)
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
  const memo = memoAt(replayer, family, target)
  const places = secondPlaces(family.places, target, replayer.detailOfNode[target])
  const orderKey = replayer.plan.orderKeyOfNode[target]
  const view = plan.viewOfNode[target]
  way.secondRecord = findRecord(memo, places, way.dnat, view, hosts[target], secondPacket)
  way.secondOutcome = passFirst(memo, way.secondRecord, view, hosts[target], orderKey, secondPacket)
  noteSecondHop(replayer.tallies.modelledNs, memo.costPs, way.costPs)
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
  const memo = memoAt(replayer, family, node)
  const view = plan.viewOfNode[node]
  const outcome = passLater(memo, way.record, view, hosts[node], orderKeyOfNode[node], packet, count)
  laterRulesEvaluated[node] += memo.rulesEvaluated * count
  if (outcome !== way.outcome) return 0
  if (!way.twoHops) return count
  const { target } = way
  const there = memoAt(replayer, family, target)
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

const FATE_NAMES = ['delivered', 'rejected', 'dropped', 'unmatched'] as const

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
