/**
 * Everything the rules can do with a sender's NEW packets, found out beforehand: for each destination that the rules know by address, protocol
 * and port, its ways. A way is what all packets have in common whose draw falls into the same interval (one endpoint of a Service, as a rule):
 * rules matched and evaluated, translation, outcome. To replay a connection is then to look up its destination, to draw, and to count its way
 * (count-ways.ts); what the counts mean is found by walking each way once with its weight (fold-ways.ts).
 *
 * No shape of rules is taken for granted: every known destination is walked by evaluate itself, and is left out (so that its packets take the
 * general road) where more than the destination and one draw decides. Holds for one view, host and sender.
 */

import type { IpFamily } from '../net/ip.ts'
import { CT, newPacket, type Origin, type Packet } from '../net/packet.ts'
import { type Displacements, displace } from './displaced-places.ts'
import { type DrawRows, isEmpty, newDrawRows, RUN_COUNT_MASK, rowStart, runOf } from './draw-rows.ts'
import { newNotingScript, rewind } from './draw-script.ts'
import type { Engine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import type { HostView } from './host.ts'
import { DESTINATION_WORDS, knownDestinations } from './known-destinations.ts'
import { OP } from './opcode.ts'

/** Who sends, and whose rules the packets meet. */
export interface Sender {
  readonly view: number
  readonly host: HostView
  /** The node's order of dispatch segments (evaluate.ts). */
  readonly orderKey: number
  readonly origin: Origin
  /** Four words. */
  readonly source: Uint32Array
}

/** Plain data on shared buffers. */
export interface WayTable extends Displacements {
  readonly family: IpFamily
  /** By place (placeOf of hashDestination): the destination's address (one word or four), then ENTRY words, and padding. */
  readonly entries: Int32Array
  /** The ways' rows (draw-rows.ts). */
  readonly rowStarts: Int32Array
  readonly thresholds: Uint32Array
  readonly margin: number
  readonly wayCount: number
  /** By way: its destination, and a word that takes it. A way that no word takes is -1. */
  readonly wayDestination: Int32Array
  readonly wayWord: Uint32Array
  /** DESTINATION_WORDS words a destination. */
  readonly destinations: Int32Array
}

/** Words of an entry behind the address. */
export const ENTRY = { ports: 0, firstWay: 1, run: 2 } as const

/** Ports of an entry without a destination; no packet has them. */
export const NO_PORTS = -2

/** Words of an entry's address, and of the whole entry. */
export const ADDRESS_WORDS = { 4: 1, 6: 4 } as const
export const ENTRY_WORDS = { 4: 4, 6: 8 } as const

/** `engine` counts nothing. Cost: about a microsecond a way. */
export function wayTable(engine: Engine, sender: Sender): WayTable {
  const { family } = engine.program
  const known = knownDestinations(engine.program, sender.host)
  const draft = newDraft()
  const packet = newPacket(family)
  for (let at = 0; at < known.length; at += DESTINATION_WORDS) learnWays(draft, engine, sender, packet, known, at)
  const { rows, wayWord, wayDestination, destinations } = draft
  return {
    family,
    ...enter(family, draft),
    rowStarts: sharedInts(rows.starts),
    thresholds: new Uint32Array(sharedInts(rows.thresholds).buffer),
    margin: rows.margin,
    wayCount: wayWord.length,
    wayDestination: sharedInts(wayDestination),
    wayWord: new Uint32Array(sharedInts(wayWord).buffer),
    destinations: sharedInts(destinations),
  }
}

/** The sender's first packet to the destination at words[at …]: four address words, protocol << 16 | port. */
export function writeFirstPacket(packet: Packet, sender: Sender, words: ArrayLike<number>, at: number): void {
  for (let i = 0; i < 4; i++) {
    packet.source[i] = sender.source[i]
    packet.destination[i] = words[at + i]
  }
  packet.protocol = words[at + 4] >>> 16
  packet.destinationPort = words[at + 4] & 0xffff
  packet.sourcePort = 0
  packet.mark = 0
  packet.origin = sender.origin
  packet.ctState = CT.NEW
  packet.draws = 0
}

/** Hash of a destination's words, for both families: an IPv4 address has zeroes before its last word. */
export function hashDestination(a: number, b: number, c: number, d: number, ports: number): number {
  let h = d ^ Math.imul(ports, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b)
  if ((a | b | c) !== 0)
    h = Math.imul((h ^ (h >>> 13)) + Math.imul(a, 0x21f0aaad) + Math.imul(b, 0x2c1b3c6d) + c, 0xd35a2d97)
  return h ^ (h >>> 13)
}

interface Draft {
  readonly rows: DrawRows
  readonly wayDestination: number[]
  readonly wayWord: number[]
  /** By destination: DESTINATION_WORDS words, its run, its first way. */
  readonly destinations: number[]
  readonly runs: number[]
  readonly firstWays: number[]
}

const newDraft = (): Draft => ({
  rows: newDrawRows(),
  wayDestination: [],
  wayWord: [],
  destinations: [],
  runs: [],
  firstWays: [],
})

const script = newNotingScript()

/** Walks the ways of the destination at known[at …] and adds it, if nothing but a draw decides among them. */
function learnWays(
  draft: Draft,
  engine: Engine,
  sender: Sender,
  packet: Packet,
  known: readonly number[],
  at: number,
): void {
  const { rows, wayDestination, wayWord, destinations, runs, firstWays } = draft
  script.words.length = 0
  script.notes.cuts.length = 0
  if (!walk(engine, sender, packet, known, at)) return
  const run = runOf(rows, engine.program, script.taken === 0 ? NO_CUTS : script.notes.cuts[0])
  if (run === undefined) return
  const { thresholds } = rows
  const start = rowStart(rows.starts, run)
  const count = run & RUN_COUNT_MASK
  for (let way = 1; way < count; way++) {
    if (isEmpty(thresholds, start, count, way)) continue
    script.words[0] = thresholds[start + way]
    if (!walk(engine, sender, packet, known, at)) return
  }
  const destination = runs.length
  for (let i = 0; i < DESTINATION_WORDS; i++) destinations.push(known[at + i])
  runs.push(run)
  firstWays.push(wayWord.length)
  for (let way = 0; way < count; way++) {
    wayDestination.push(isEmpty(thresholds, start, count, way) ? -1 : destination)
    wayWord.push(thresholds[start + way])
  }
}

/** Destinations at their places. One that finds none takes the general road. */
function enter(family: IpFamily, { destinations, runs, firstWays }: Draft): Displacements & Pick<WayTable, 'entries'> {
  const hashes = Int32Array.from(runs, (_, i) => {
    const at = DESTINATION_WORDS * i
    return hashDestination(
      destinations[at],
      destinations[at + 1],
      destinations[at + 2],
      destinations[at + 3],
      destinations[at + 4],
    )
  })
  const { places, ...displacements } = displace(hashes)
  const [words, addressWords] = [ENTRY_WORDS[family], ADDRESS_WORDS[family]]
  const entries = new Int32Array(new SharedArrayBuffer(4 * words * 2 ** (32 - displacements.placeShift)))
  for (let at = addressWords + ENTRY.ports; at < entries.length; at += words) entries[at] = NO_PORTS
  places.forEach((place, i) => {
    if (place < 0) return
    const at = DESTINATION_WORDS * i
    const key = destinations.slice(at + 4 - addressWords, at + DESTINATION_WORDS)
    entries.set([...key, firstWays[i], runs[i]], words * place)
  })
  return { ...displacements, entries }
}

const NO_CUTS = new Float64Array(0)

/** Walks one way; false when something else than destination and first draw had a say. */
function walk(engine: Engine, sender: Sender, packet: Packet, known: readonly number[], at: number): boolean {
  rewind(script)
  writeFirstPacket(packet, sender, known, at)
  engine.script = script
  evaluate(engine, sender.view, sender.host, 0, packet, 0)
  engine.script = undefined
  return (
    script.taken <= 1 && script.notes.sourceTests.every(pc => isAddressTest(engine.program.code[pc < 0 ? ~pc : pc]))
  )
}

const isAddressTest = (op: number): boolean => op !== OP.SOURCE_PORTS && op !== OP.RARE

function sharedInts(values: readonly number[]): Int32Array {
  const ints = new Int32Array(new SharedArrayBuffer(4 * values.length))
  for (let i = 0; i < values.length; i++) ints[i] = values[i]
  return ints
}
