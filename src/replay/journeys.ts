/**
 * What becomes of whole connections that no rule and no route tells apart: both hops and what they count, so that the next one of the kind
 * costs a look-up and a few increments. A journey is known by the record of its first hop (netfilter/hop-memo.ts); its second hop is the
 * same for all of them. What differs by connection (the place of a Service in a node's order) is counted at once, the rest when the
 * replay ends (foldJourneys): same numbers, other time.
 */
import { record } from '../metrics/histogram.ts'
import { LANES } from '../netfilter/cost/program-prices.ts'
import { DISPATCH, DISPATCH_WORDS } from '../netfilter/dispatch.ts'
import { movedPrice } from '../netfilter/hop-memo.ts'
import { type HopMemo, protocolOf, recordOf } from '../netfilter/hop-records.ts'
import { FARE, type Fares, fareCounter } from './fares.ts'
import { LINE, LINE_WORD, type Lines, newLines } from './journey-line.ts'
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
  /** A thread's own; of all its journeys of the family. */
  readonly fares: Fares
  /** By first record: 0 unknown, -1 none, else the journey. */
  places: Int32Array
  /** Journey 0 is none. */
  readonly all: (Journey | undefined)[]
  /** A line a journey. */
  lines: Lines
}

export const newJourneys = (memo: HopMemo, fares: Fares): Journeys => ({
  memo,
  fares,
  places: new Int32Array(1024),
  all: [undefined],
  lines: newLines(64),
})

/** The journey of a first record: 0 unknown, -1 none. */
export const journeyOf = ({ places }: Journeys, firstRecord: number): number =>
  firstRecord < places.length ? places[firstRecord] : 0

/** What stands on a journey's line from the start. */
export type LineStart = Readonly<Record<(typeof STARTS)[number], number>>

const STARTS = ['rules', 'laterRules', 'home', 'hit', 'slot', 'tests', 'signature'] as const

/** `shown`: the journey and what its line begins with; undefined: connections with this first record are each replayed. */
export function enterJourney(
  journeys: Journeys,
  firstRecord: number,
  shown: readonly [Journey, LineStart] | undefined,
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
  const [journey, start] = shown
  const number = journeys.all.length
  journeys.places[firstRecord] = number
  journeys.all.push(journey)
  if (LINE.cells * number === journeys.lines.cells.length) journeys.lines = newLines(2 * number, journeys.lines)
  const { words } = journeys.lines
  for (const name of STARTS) words[LINE_WORD.words * number + LINE_WORD[name]] = start[name]
  words[LINE_WORD.words * number + LINE_WORD.fare] = fareCounter(journeys.fares, fareOf(journeys, journey))
}

function fareOf({ memo }: Journeys, { firstRecord, there, secondRecord, secondRules }: Journey): Float64Array {
  const { rules, hit, slot } = recordOf(memo, firstRecord)
  const protocol = protocolOf(memo, firstRecord)
  fare[FARE.rules] = rules - slot
  fare[FARE.secondRules] = secondRules
  fare[FARE.most] = hit < 0 ? 1 : memo.engine.program.dispatch[DISPATCH_WORDS * hit + DISPATCH.size]
  for (let lane = 0; lane < LANES; lane++) {
    const passedPs = movedPrice(memo, hit, slot, protocol, lane)
    fare[FARE.firstPs + lane] = memo.costs[LANES * firstRecord + lane] - slot * passedPs
    fare[FARE.passedPs + lane] = passedPs
    fare[FARE.secondPs + lane] = there === undefined ? 0 : there.costs[LANES * secondRecord + lane]
  }
  return fare
}

const fare = new Float64Array(FARE.cells)

/** Brings what connections left on their journeys' lines into the tallies and the memories' counts. */
export function foldJourneys(
  { memo, all, lines: { cells, words } }: Journeys,
  tallies: Tallies,
  family: FamilyTallies,
): void {
  const { destinations, nodes } = tallies
  for (let j = 1; j < all.length; j++) {
    const journey = all[j]!
    const at = LINE.cells * j
    const connections = cells[at + LINE.connections]
    const later = cells[at + LINE.laterPackets]
    const { destination, dnat, target, fate, there } = journey
    memo.counts[2 * journey.firstRecord] += connections
    memo.counts[2 * journey.firstRecord + 1] += later
    destinations.connections[destination] += connections
    destinations[fate][destination] += connections
    destinations.rulesEvaluated[destination] +=
      words[LINE_WORD.words * j + LINE_WORD.rules] * connections + cells[at + LINE.moved]
    destinations.packets[destination] += connections + later
    if (there !== undefined) {
      there.counts[2 * journey.secondRecord] += connections
      nodes.secondHopConnections[target] += connections
      nodes.rulesEvaluated[target] += journey.secondRules * connections
      record(tallies.secondHop, journey.secondRules, connections)
      recordSecondHop(tallies.modelledNs, there.costs, LANES * journey.secondRecord, connections)
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
