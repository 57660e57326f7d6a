/**
 * The flows of one class at one node. Most are on a road that others have shown (roads.ts): they are drawn, looked up and counted in batches, step by
 * step, so that the machine fetches the memory of many at a time. The rest go one by one (replay-flow.ts). Same numbers either way, whatever
 * the order: all are sums. Those whose order matters are left out (replay-listed.ts).
 */
import { wayOf } from '../netfilter/draw-rows.ts'
import type { Places } from '../netfilter/hop-records.ts'
import { signatureOf } from '../netfilter/source-tests.ts'
import { draw32, flowState } from '../sim/random.ts'
import { drawDestination, drawFlow, drawPackets, drawSource, flowHighOf, sourcesOf } from '../workload/draw-flow.ts'
import { DESTINATION, DESTINATION_WORDS } from '../workload/traffic.ts'
import { firstPlaces, ingressPlaces } from './hop-places.ts'
import { LINE } from './journey-line.ts'
import { type Journeys, journeyOf } from './journeys.ts'
import { countTravel, replayFlow } from './replay-flow.ts'
import { type FamilyReplayer, journeysAt, type Replayer } from './replay-state.ts'
import { closeRoads, newRoads, openRoads, type Roads } from './roads.ts'
import { NOWHERE } from './whereabouts.ts'

/** Flows `from` … `to - 1` of class `classIndex`, which is of the family, at the node. */
export function replayFlows(
  replayer: Replayer,
  family: FamilyReplayer,
  classIndex: number,
  node: number,
  from: number,
  to: number,
): void {
  family.firstPlaces = firstPlaces(family.places, classIndex, node)
  family.ingressPlaces = ingressPlaces(family.places, classIndex, node)
  family.uplinkTests = -1
  const places = family.travels ? family.firstPlaces : undefined
  if (places === undefined) {
    for (let flowLow = from; flowLow < to; flowLow++) replayOne(replayer, family, classIndex, node, flowLow)
    return
  }
  const sending: Sending = { replayer, family, classIndex, node, journeys: journeysAt(replayer, family, node), places }
  for (let at = from; at < to; at += BATCH) sendBatch(sending, at, Math.min(BATCH, to - at))
}

interface Sending {
  readonly replayer: Replayer
  readonly family: FamilyReplayer
  readonly classIndex: number
  readonly node: number
  readonly journeys: Journeys
  readonly places: Places
}

const BATCH = 256

/** Of the batch at hand, by flow: its state, destination, packets, where its source stands, that source's signature, its way, its journey or 0. */
const states = new Int32Array(BATCH)
const destinations = new Int32Array(BATCH)
const packetCounts = new Float64Array(BATCH)
const sourceOffsets = new Int32Array(BATCH)
const signatures = new Int32Array(BATCH)
const ways = new Int32Array(BATCH)
const found = new Int32Array(BATCH)
const fetched = new Float64Array(1)

function sendBatch(sending: Sending, flowLow: number, size: number): void {
  const { replayer, family, classIndex, node, journeys } = sending
  drawBatch(sending, flowLow, size)
  findJourneys(sending, flowLow, size)
  const { affinity } = replayer.plan
  for (let i = 0; i < size; i++) {
    if (affinity !== undefined && affinity.remembers[destinations[i]] === 1) continue
    if (found[i] > 0 && countTravel(replayer, family, node, journeys, found[i], packetCounts[i])) continue
    replayOne(replayer, family, classIndex, node, flowLow + i)
    if (found[i] === 0) learnRoad(sending, i)
  }
}

function drawBatch({ replayer, family, classIndex, node, journeys }: Sending, flowLow: number, size: number): void {
  const { traffic } = replayer.plan
  const kind = traffic.classes[classIndex]
  const { low, high } = traffic.seed
  const flowHigh = flowHighOf(classIndex, node)
  const sources = sourcesOf(traffic, kind)
  const { tests } = journeys.memo
  for (let i = 0; i < size; i++) {
    const state = flowState(low, high, flowLow + i, flowHigh)
    states[i] = state
    destinations[i] = drawDestination(kind, node, state)
    packetCounts[i] = drawPackets(traffic, state)
    sourceOffsets[i] = drawSource(traffic, kind, node, state)
  }
  for (let i = 0; i < size; i++)
    signatures[i] = signatureOf(tests, family.plan.program.family, sources, sourceOffsets[i])
}

/** The journeys of those on a known road; 0 unknown, -1 where the long way is taken anyhow. */
function findJourneys(sending: Sending, flowLow: number, size: number): void {
  const { replayer, classIndex, node, journeys } = sending
  const { rows } = journeys.memo
  const { low, high } = replayer.plan.ruleSeed
  const flowHigh = flowHighOf(classIndex, node)
  let roads = roadsOf(sending, signatures[0])
  let signature = signatures[0]
  for (let i = 0; i < size; i++) {
    if (signatures[i] !== signature) {
      signature = signatures[i]
      roads = roadsOf(sending, signature)
    }
    const first = roads.starts[2 * destinations[i]]
    if (first > 0)
      ways[i] = first + wayOf(rows, roads.starts[2 * destinations[i] + 1], draw32(low, high, flowLow + i, flowHigh, 0))
    else ways[i] = first
  }
  signature = signatures[0]
  let { words } = roadsOf(sending, signature).ways
  for (let i = 0; i < size; i++) {
    if (signatures[i] !== signature) {
      signature = signatures[i]
      words = roadsOf(sending, signature).ways.words
    }
    const way = ways[i]
    found[i] = way <= 0 ? way : words[2 * way] > 0 && words[2 * way + 1] === node ? -1 : words[2 * way]
  }
  // Only to have them all on their way here: the loop that counts is too long to fetch more than one at a time.
  const { cells } = journeys.lines
  let sum = 0
  for (let i = 0; i < size; i++) {
    const at = LINE.cells * Math.max(0, found[i])
    sum += cells[at] + cells[at + LINE.cells - 1]
  }
  fetched[0] = sum
}

function roadsOf({ family, replayer, places }: Sending, signature: number): Roads {
  let bySignature = family.roads.get(places)
  if (bySignature === undefined) {
    bySignature = new Map()
    family.roads.set(places, bySignature)
  }
  let roads = bySignature.get(signature)
  if (roads === undefined) {
    roads = newRoads(replayer.plan.traffic.destinations.count)
    bySignature.set(signature, roads)
  }
  return roads
}

/** What the flow just replayed has shown of others of its kind. */
function learnRoad(sending: Sending, i: number): void {
  const { replayer, family, classIndex, node, journeys, places } = sending
  const { memo } = journeys
  const { traffic } = replayer.plan
  const sources = sourcesOf(traffic, traffic.classes[classIndex])
  // Its walk may have met new tests.
  const signature = signatureOf(memo.tests, family.plan.program.family, sources, sourceOffsets[i])
  const roads = roadsOf(sending, signature)
  const destination = destinations[i]
  if (roads.starts[2 * destination] === 0) {
    const block = places.blocks.get(signature)?.[destination] ?? 0
    if (block === 0) return
    if (block < 0 || !isSteady(family, traffic.destinations.words, destination)) return closeRoads(roads, destination)
    openRoads(roads, destination, memo, block)
  }
  const first = roads.starts[2 * destination]
  if (first < 0) return
  const { way, flow } = family
  const journey = way.record === 0 ? -1 : journeyOf(journeys, way.record)
  if (journey === 0) return
  // A connection on a known journey leaves no word of its way.
  const { dnat, target } = journey > 0 ? journeys.all[journey]! : way
  // Where the backend is at home the journey is another one.
  if (dnat >= 0 && target === node) return
  const run = roads.starts[2 * destination + 1]
  const { packet } = flow
  const { low, high } = replayer.plan.ruleSeed
  const at = 2 * (first + wayOf(memo.rows, run, draw32(low, high, packet.flowLow, packet.flowHigh, 0)))
  const keeper = dnat < 0 ? NOWHERE : family.whereabouts(family.plan.program.dnatAddress, 4 * dnat)
  roads.ways.words[at] = keeper === NOWHERE || keeper === target ? journey : -1
  roads.ways.words[at + 1] = keeper
}

/** Whether every node routes the destination alike. */
function isSteady(family: FamilyReplayer, words: Uint32Array, destination: number): boolean {
  const at = DESTINATION_WORDS * destination
  return words[at + DESTINATION.atIngress] === 0 && family.whereabouts(words, at + DESTINATION.address) === NOWHERE
}

function replayOne(
  replayer: Replayer,
  family: FamilyReplayer,
  classIndex: number,
  node: number,
  flowLow: number,
): void {
  const { traffic, affinity } = replayer.plan
  drawFlow(traffic, classIndex, node, flowLow, family.flow)
  if (affinity === undefined || affinity.remembers[family.flow.destination] === 0) replayFlow(replayer, family, node)
}
