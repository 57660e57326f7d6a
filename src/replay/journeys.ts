/**
 * What becomes of whole connections that no rule and no route tells apart: both hops and what they count, so that the next one of the kind
 * costs a look-up and a few increments. A journey is known by the record of its first hop (netfilter/hop-memo.ts); its second hop is the
 * same for all of them. What differs by connection (the place of a Service in a node's order) is counted at once, the rest when the
 * replay ends (foldJourneys): same numbers, other time.
 */
import { record } from '../metrics/histogram.ts'
import { LANES } from '../netfilter/cost/program-prices.ts'
import { movedPrice } from '../netfilter/hop-memo.ts'
import { type HopMemo, protocolOf, recordOf } from '../netfilter/hop-records.ts'
import { LINE } from './journey-line.ts'
import { recordSecondHop } from './note-costs.ts'
import type { DestinationTallies, FamilyTallies, Tallies } from './tallies.ts'

/** What one connection showed of all of its kind. */
export interface Journey {
  readonly destination: number
  readonly dnat: number
  /** Node of the backend, or -1. */
  readonly target: number
  readonly fate: keyof Pick<DestinationTallies, 'delivered' | 'rejected' | 'dropped' | 'unmatched'>
  readonly firstRecord: number
  /** Where the second hop is counted; undefined: there is none. */
  readonly there: HopMemo | undefined
  readonly secondRecord: number
  readonly secondRules: number
  readonly laterSecondRules: number
  /** Later packets leave the first hop as the first one did; they arrive. */
  readonly laterGoOn: boolean
  readonly laterArrive: boolean
}

export interface Journeys {
  readonly memo: HopMemo
  /** By first record: 0 unknown, -1 none, else the journey. */
  places: Int32Array
  /** Journey 0 is none. */
  readonly all: (Journey | undefined)[]
  /** LINE words a journey. */
  lines: Float64Array
}

export const newJourneys = (memo: HopMemo): Journeys => ({
  memo,
  places: new Int32Array(1024),
  all: [undefined],
  lines: new Float64Array(64 * LINE.words),
})

/** The journey of a first record: 0 unknown, -1 none. */
export const journeyOf = ({ places }: Journeys, firstRecord: number): number =>
  firstRecord < places.length ? places[firstRecord] : 0

/** `shown`: the journey, and its LINE words from `moved` to `signature`; undefined: connections with this first record are each replayed. */
export function enterJourney(
  journeys: Journeys,
  firstRecord: number,
  shown: readonly [Journey, readonly number[]] | undefined,
): void {
  if (firstRecord >= journeys.places.length) {
    const grown = new Int32Array(2 * Math.max(firstRecord, journeys.places.length))
    grown.set(journeys.places)
    journeys.places = grown
  }
  if (shown === undefined) {
    journeys.places[firstRecord] = -1
    return
  }
  const [journey, line] = shown
  const at = LINE.words * journeys.all.length
  journeys.places[firstRecord] = journeys.all.length
  journeys.all.push(journey)
  if (at >= journeys.lines.length) journeys.lines = twice(journeys.lines)
  journeys.lines.set(line, at + LINE.moved)
  writePrices(journeys, journey, at)
}

function writePrices({ memo, lines }: Journeys, { firstRecord, there, secondRecord }: Journey, at: number): void {
  const { hit, slot } = recordOf(memo, firstRecord)
  const protocol = protocolOf(memo, firstRecord)
  for (let lane = 0; lane < LANES; lane++) {
    lines[at + LINE.firstPs + lane] = memo.costs[LANES * firstRecord + lane]
    lines[at + LINE.movedPs + lane] = movedPrice(memo, hit, slot, protocol, lane)
    if (there !== undefined) lines[at + LINE.secondPs + lane] = there.costs[LANES * secondRecord + lane]
  }
}

function twice(cells: Float64Array): Float64Array {
  const grown = new Float64Array(2 * cells.length)
  grown.set(cells)
  return grown
}

/** Brings what connections left on their journeys' lines into the tallies and the memories' counts. */
export function foldJourneys({ memo, all, lines }: Journeys, tallies: Tallies, family: FamilyTallies): void {
  const { destinations, nodes } = tallies
  for (let j = 1; j < all.length; j++) {
    const journey = all[j]!
    const at = LINE.words * j
    const connections = lines[at + LINE.connections]
    const later = lines[at + LINE.laterPackets]
    const { destination, dnat, target, fate, there } = journey
    memo.counts[2 * journey.firstRecord] += connections
    memo.counts[2 * journey.firstRecord + 1] += later
    destinations.connections[destination] += connections
    destinations[fate][destination] += connections
    destinations.rulesEvaluated[destination] += lines[at + LINE.rules] * connections + lines[at + LINE.moved]
    destinations.packets[destination] += connections + later
    if (there !== undefined) {
      there.counts[2 * journey.secondRecord] += connections
      nodes.secondHopConnections[target] += connections
      nodes.rulesEvaluated[target] += journey.secondRules * connections
      record(tallies.secondHop, journey.secondRules, connections)
      recordSecondHop(tallies.modelledNs, lines, at + LINE.secondPs, connections)
      if (journey.laterGoOn) {
        there.counts[2 * journey.secondRecord + 1] += later
        nodes.laterRulesEvaluated[target] += journey.laterSecondRules * later
      }
    }
    if (fate !== 'delivered') continue
    const arrived = connections + (journey.laterArrive ? later : 0)
    family.backendConnections[dnat] += connections
    family.backendPackets[dnat] += arrived
    if (target < 0) continue
    nodes.endpointConnections[target] += connections
    nodes.endpointPackets[target] += arrived
  }
}
