/**
 * One connection in iptables mode. Hops (replay-hops.ts) are remembered (netfilter/hop-memo.ts), and so are whole connections (journeys.ts): most
 * cost a draw and a few look-ups. No allocation.
 */
import { findRecord, movedBy } from '../netfilter/hop-memo.ts'
import { recordOf } from '../netfilter/hop-records.ts'
import { INTERFACE } from '../netfilter/interface.ts'
import { type SourceTests, signatureOf, TEST_WORDS } from '../netfilter/source-tests.ts'
import { DESTINATION, DESTINATION_WORDS } from '../workload/traffic.ts'
import { countFare } from './fares.ts'
import { LINE, LINE_WORD } from './journey-line.ts'
import { enterJourney, type Journey, type Journeys, journeyOf, type LineStart } from './journeys.ts'
import { FATE, replayHops } from './replay-hops.ts'
import { type FamilyReplayer, journeysAt, memoAt, type Replayer } from './replay-state.ts'

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
  replayHops(replayer.tallies, family, replayer.hops[flow.packet.family]!, node)
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
  { tallies, orderKeyOfNode }: Replayer,
  family: FamilyReplayer,
  node: number,
  { memo, fares, lines: { cells, words } }: Journeys,
  journey: number,
  packets: number,
): boolean {
  const at = LINE.cells * journey
  const wordAt = LINE_WORD.words * journey
  const tests = words[wordAt + LINE_WORD.tests]
  if (tests >= 0 && !isSeenAs(family, memo.tests, node, tests, words[wordAt + LINE_WORD.signature])) return false
  const { nodes } = tallies
  const slot = words[wordAt + LINE_WORD.slot]
  const moved = movedBy(memo, orderKeyOfNode[node], words[wordAt + LINE_WORD.hit], slot)
  const laterRules = words[wordAt + LINE_WORD.laterRules]
  const later = laterRules < 0 ? 0 : packets - 1
  cells[at + LINE.connections] += 1
  cells[at + LINE.laterPackets] += later
  cells[at + LINE.moved] += moved
  nodes.connections[node] += 1
  nodes.rulesEvaluated[node] += words[wordAt + LINE_WORD.rules] + moved
  nodes.laterRulesEvaluated[node] += laterRules * later
  countFare(fares, tallies, words[wordAt + LINE_WORD.fare], slot + moved)
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
    laterRules: fate === FATE.delivered ? first.laterRules : -1,
    home: target === node ? node : -2 - target,
    hit: first.hit,
    slot: first.slot,
    tests: second === undefined || first.masquerade === 0 ? -1 : tests.words.length / TEST_WORDS,
    signature,
  }
  return [journey, line]
}

const FATE_NAMES = ['delivered', 'rejected', 'dropped', 'unmatched'] as const
