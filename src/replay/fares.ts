/**
 * What connections on journeys (journeys.ts) evaluate and cost, counted first and recorded later. A *fare* is what many journeys have in common of
 * it; connections of one fare differ in how many rules of a dispatch segment they passed before the one they hit, and in nothing else. All
 * are whole numbers (of picoseconds too), so the histograms come out the same.
 */
import { record } from '../metrics/histogram.ts'
import { LANES } from '../netfilter/cost/program-prices.ts'
import { type NumberList, newNumberList, reserve } from '../netfilter/word-list.ts'
import { nanoseconds } from './note-costs.ts'
import type { Tallies } from './tallies.ts'

/** Places in a fare. */
export const FARE = {
  /** Rules evaluated on the first hop but for those passed, and on the second. */
  rules: 0,
  secondRules: 1,
  /** Per lane: the first hop but for those passed, each one passed, the second hop. */
  firstPs: 2,
  passedPs: 2 + LANES,
  secondPs: 2 + 2 * LANES,
  /** From 0 to one less than so many rules are passed. */
  most: 2 + 3 * LANES,
  cells: 3 + 3 * LANES,
} as const

export interface Fares {
  /** FARE.cells a fare. */
  readonly prices: NumberList<Float64Array>
  /** By fare: its counter (fareCounter). */
  readonly counters: number[]
  /** By hash, or the next one that is free: the fare. */
  readonly known: Map<number, number>
  /** Connections, by fare and rules passed. */
  readonly counts: NumberList<Float64Array>
}

export const newFares = (): Fares => ({
  prices: newNumberList(Float64Array),
  counters: [],
  known: new Map(),
  counts: newNumberList(Float64Array),
})

/** Counts beyond 16 MB are none: few connections pay fares that came so late. */
const MOST_COUNTS = 2 ** 21

/** Where the fare's counts begin; -1 minus the fare where it has none. `fare` has FARE.cells cells. */
export function fareCounter(fares: Fares, fare: Float64Array): number {
  const { prices, counters, known, counts } = fares
  for (let hash = hashOf(fare); ; hash = (hash + 1) | 0) {
    const number = known.get(hash)
    if (number === undefined) {
      known.set(hash, counters.length)
      reserve(prices, FARE.cells)
      prices.words.set(fare, prices.length)
      prices.length += FARE.cells
      // A word: a length that were a double, or came from one, would be a double for all lists.
      const most = fare[FARE.most] | 0
      const counter = counts.length + most > MOST_COUNTS ? -1 - counters.length : counts.length
      counters.push(counter)
      if (counter < 0) return counter
      reserve(counts, most)
      counts.length += most
      return counter
    }
    if (isAt(prices.words, FARE.cells * number, fare)) return counters[number]
  }
}

/** A connection of the fare with this counter. */
export function countFare(fares: Fares, tallies: Tallies, counter: number, passed: number): void {
  if (counter >= 0) fares.counts.words[counter + passed] += 1
  else recordFare(fares, tallies, -1 - counter, passed, 1)
}

/** Brings what was counted into the histograms. */
export function foldFares(fares: Fares, tallies: Tallies): void {
  const { prices, counters, counts } = fares
  counters.forEach((counter, fare) => {
    if (counter < 0) return
    const most = prices.words[FARE.cells * fare + FARE.most]
    for (let passed = 0; passed < most; passed++) {
      const connections = counts.words[counter + passed]
      if (connections > 0) recordFare(fares, tallies, fare, passed, connections)
    }
  })
}

/** So many connections, each of which passed so many rules; their second hops are recorded by themselves. */
function recordFare(
  { prices: { words } }: Fares,
  { firstHop, total, modelledNs }: Tallies,
  fare: number,
  passed: number,
  connections: number,
): void {
  const at = FARE.cells * fare
  const rules = words[at + FARE.rules] + passed
  record(firstHop, rules, connections)
  record(total, rules + words[at + FARE.secondRules], connections)
  for (let lane = 0; lane < modelledNs.length; lane++) {
    const firstPs = words[at + FARE.firstPs + lane] + passed * words[at + FARE.passedPs + lane]
    record(modelledNs[lane].firstHop, nanoseconds(firstPs), connections)
    record(modelledNs[lane].total, nanoseconds(firstPs + words[at + FARE.secondPs + lane]), connections)
  }
}

function hashOf(cells: Float64Array): number {
  let hash = 0
  for (const cell of cells) {
    hash = Math.imul(hash ^ cell, 0x21f0aaad)
    hash ^= hash >>> 15
  }
  return hash
}

function isAt(words: Float64Array, at: number, fare: Float64Array): boolean {
  for (let i = 0; i < FARE.cells; i++) if (words[at + i] !== fare[i]) return false
  return true
}
