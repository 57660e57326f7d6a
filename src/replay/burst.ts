/**
 * Very many connections of one sender at one node, with destinations drawn beforehand or as they are sent: what the fastest road through the
 * rules (netfilter/way-table.ts) counts, and the rest one by one. One hop; tallies are sums of whole numbers, the same for any number of threads.
 */
import type { Histogram } from '../metrics/histogram.ts'
import { mergeInto, newHistogram, record } from '../metrics/histogram.ts'
import { newPacket } from '../net/packet.ts'
import { CHUNK, type Connections, plainCounter, type WayCounter } from '../netfilter/count-ways.ts'
import { simdCounter } from '../netfilter/count-ways-simd.ts'
import type { Engine } from '../netfilter/engine.ts'
import { newEngine } from '../netfilter/engine.ts'
import { evaluate } from '../netfilter/evaluate.ts'
import { foldWays } from '../netfilter/fold-ways.ts'
import { DESTINATION_WORDS } from '../netfilter/known-destinations.ts'
import { beginNode, endNode } from '../netfilter/node-order.ts'
import { OUTCOME_NAMES } from '../netfilter/outcome.ts'
import type { Program } from '../netfilter/program.ts'
import { type RuleTallies, ruleTallies } from '../netfilter/rule-tallies.ts'
import { type Sender, type WayTable, wayTable, writeFirstPacket } from '../netfilter/way-table.ts'
import { draw32, type StreamSeed } from '../sim/random.ts'
import { type ChoiceTable, choose } from '../workload/choice-table.ts'
import { addRuleTallies } from './tallies.ts'

export interface Burst {
  readonly program: Program
  readonly table: WayTable
  readonly sender: Sender
  readonly seed: StreamSeed
  /** High word of all flow numbers; the low one counts from 0. */
  readonly flowHigh: number
  readonly count: number
  /** On shared buffers; by connection, over and over when `count` is larger; or, where `choice` draws them, by destination. */
  readonly destinations: Connections
  readonly choice?: ChoiceTable
  /** By default the fastest there is: WebAssembly, then plain. `evaluate`, one by one, is the judge of both. */
  readonly road?: 'plain' | 'evaluate'
}

export interface BurstTallies {
  readonly rules: RuleTallies
  /** Connections by DNAT id, and by OUTCOME. */
  readonly backendConnections: Float64Array
  readonly outcomes: Float64Array
  /** Rules evaluated by a connection's first packet. */
  readonly rulesEvaluated: Histogram
}

/** Finds the sender's ways through the rules. */
export const newBurst = (
  program: Program,
  sender: Sender,
  rest: Omit<Burst, 'program' | 'table' | 'sender'>,
): Burst => ({ program, table: wayTable(newEngine(program, rest.seed), sender), sender, ...rest })

/** Connections that a thread takes at a time. */
export const PIECE = 16 * CHUNK

/** One thread's part of a burst: connections counted by way, and the tallies of those that have none, if there are any. */
export interface BurstPart {
  readonly cells: Uint32Array
  readonly missed: BurstTallies | undefined
}

/** Counts pieces for as long as `next` names one. */
export function countBurst(burst: Burst, next: () => number): BurstPart {
  const { count } = burst
  const counter = counterOf(burst)
  const drawn = burst.choice === undefined ? undefined : chunkOf(burst)
  let rest: Tally | undefined
  const general = (): Tally => {
    rest ??= newTally(burst)
    return rest
  }
  for (let piece = next(); PIECE * piece < count; piece = next()) {
    const end = Math.min(count, PIECE * (piece + 1))
    for (let from = PIECE * piece, size = 0; from < end; from += size) {
      const place = drawn === undefined ? from % burst.destinations.ports.length : 0
      size = Math.min(CHUNK, end - from, (drawn ?? burst.destinations).ports.length - place)
      if (drawn !== undefined) drawChunk(burst, from, size, drawn)
      sendChunk(burst, counter, general, drawn ?? burst.destinations, place, place + size, from - place)
    }
  }
  return { cells: counter.cells, missed: rest?.close() }
}

function counterOf({ table, seed, flowHigh, road }: Burst): WayCounter {
  if (road === 'evaluate') return MISSES_ALL
  return (road === 'plain' ? undefined : simdCounter(table, seed, flowHigh)) ?? plainCounter(table, seed, flowHigh)
}

const MISSES_ALL: WayCounter = {
  cells: new Uint32Array(0),
  missed: new Uint32Array(CHUNK),
  count(_, from, to) {
    for (let i = from; i < to; i++) this.missed[i - from] = i
    return to - from
  },
}

/** Folds ways `from` … `to - 1` of a burst whose connections are `cells`. */
export function foldBurst(burst: Burst, cells: Uint32Array, from: number, to: number): BurstTallies {
  const tally = newTally(burst)
  foldWays(tally.engine, burst.sender, burst.table, cells, from, Math.min(to, cells.length), tally.taken)
  return tally.close()
}

export function addBurst(target: BurstTallies, source: BurstTallies): void {
  addRuleTallies(target.rules, source.rules)
  source.backendConnections.forEach((n, i) => {
    target.backendConnections[i] += n
  })
  source.outcomes.forEach((n, i) => {
    target.outcomes[i] += n
  })
  mergeInto(target.rulesEvaluated, source.rulesEvaluated)
}

interface Tally {
  readonly engine: Engine
  taken(outcome: number, connections: number): void
  close(): BurstTallies
}

function newTally({ program, seed, sender }: Burst): Tally {
  const engine = newEngine(program, seed)
  const backendConnections = new Float64Array(program.dnatCount)
  const outcomes = new Float64Array(OUTCOME_NAMES.length)
  const rulesEvaluated = newHistogram()
  beginNode(engine, sender.orderKey)
  return {
    engine,
    taken(outcome, connections) {
      outcomes[outcome] += connections
      if (engine.dnat >= 0) backendConnections[engine.dnat] += connections
      record(rulesEvaluated, engine.rulesEvaluated, connections)
    },
    close() {
      endNode(engine)
      return { rules: ruleTallies(engine), backendConnections, outcomes, rulesEvaluated }
    },
  }
}

function sendChunk(
  { program, sender, flowHigh }: Burst,
  counter: WayCounter,
  general: () => Tally,
  connections: Connections,
  from: number,
  to: number,
  flowLow: number,
): void {
  const missedCount = counter.count(connections, from, to, flowLow)
  if (missedCount === 0) return
  const rest = general()
  const { addresses, ports } = connections
  const packet = newPacket(program.family)
  const words = addresses.length / ports.length
  const destination = new Uint32Array(DESTINATION_WORDS)
  for (const i of counter.missed.subarray(0, missedCount)) {
    for (let w = 0; w < words; w++) destination[4 - words + w] = addresses[words * i + w]
    destination[4] = ports[i]
    writeFirstPacket(packet, sender, destination, 0)
    packet.flowLow = flowLow + i
    packet.flowHigh = flowHigh
    rest.taken(evaluate(rest.engine, sender.view, sender.host, sender.orderKey, packet, 1), 1)
  }
}

function chunkOf({ destinations: { addresses, ports } }: Burst): Connections {
  return { addresses: new Uint32Array((CHUNK * addresses.length) / ports.length), ports: new Uint32Array(CHUNK) }
}

/** The draw number of a connection's destination; the rules take number 0. */
const DESTINATION_DRAW = 1

function drawChunk(
  { choice, destinations, seed, flowHigh }: Burst,
  flowLow: number,
  size: number,
  drawn: Connections,
): void {
  const words = destinations.addresses.length / destinations.ports.length
  for (let i = 0; i < size; i++) {
    const d = choose(choice!, draw32(seed.low, seed.high, flowLow + i, flowHigh, DESTINATION_DRAW))
    for (let w = 0; w < words; w++) drawn.addresses[words * i + w] = destinations.addresses[words * d + w]
    drawn.ports[i] = destinations.ports[d]
  }
}
