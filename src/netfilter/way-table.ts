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
import { DISPATCH, ENTRY_WORDS as DISPATCH_ENTRY_WORDS, DISPATCH_WORDS } from './dispatch.ts'
import { type DrawRows, isEmpty, newDrawRows, RUN_COUNT_MASK, rowStart, runOf } from './draw-rows.ts'
import { newDrawScript, rewind } from './draw-script.ts'
import type { Engine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import type { HostView } from './host.ts'
import { OP } from './opcode.ts'
import type { Program } from './program.ts'

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
export interface WayTable {
  readonly family: IpFamily
  /** Open-addressed, at most half full: an entry is the destination's address (one word or four), then ENTRY words, and padding. */
  readonly entries: Int32Array
  /** Number of entries minus 1. */
  readonly entryMask: number
  /** The ways' rows (draw-rows.ts). */
  readonly rowStarts: Int32Array
  readonly thresholds: Uint32Array
  readonly margin: number
  readonly wayCount: number
  /** By way: its destination, and a word that takes it. A way that no word takes is -1. */
  readonly wayDestination: Int32Array
  readonly wayWord: Uint32Array
  /** Four address words and protocol << 16 | port a destination. */
  readonly destinations: Int32Array
}

/** Words of an entry behind the address. The run is 0 in an empty entry. */
export const ENTRY = { ports: 0, firstWay: 1, run: 2 } as const

/** Words of an entry's address, and of the whole entry. */
export const ADDRESS_WORDS = { 4: 1, 6: 4 } as const
export const ENTRY_WORDS = { 4: 4, 6: 8 } as const

/** `engine` counts nothing. Cost: about a microsecond a way. */
export function wayTable(engine: Engine, sender: Sender): WayTable {
  const { program } = engine
  const keys = knownDestinations(program, sender)
  const draft = newDraft(program.family, keys.length / DESTINATION_WORDS)
  const packet = newPacket(program.family)
  for (let at = 0; at < keys.length; at += DESTINATION_WORDS) enterDestination(draft, engine, sender, packet, keys, at)
  return {
    family: program.family,
    entries: draft.entries,
    entryMask: draft.entryMask,
    rowStarts: sharedInts(draft.rows.starts),
    thresholds: new Uint32Array(sharedInts(draft.rows.thresholds).buffer),
    margin: draft.rows.margin,
    wayCount: draft.wayWord.length,
    wayDestination: sharedInts(draft.wayDestination),
    wayWord: new Uint32Array(sharedInts(draft.wayWord).buffer),
    destinations: sharedInts(draft.destinations),
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

/** Of a known destination: four address words, protocol << 16 | port. */
export const DESTINATION_WORDS = 5

/** Keys of all dispatch segments that name a port; those without an address stand for each address of the host. */
function knownDestinations(program: Program, { host }: Sender): number[] {
  const { dispatch, dispatchEntries, family } = program
  const stride = DISPATCH_ENTRY_WORDS[family]
  const pcOffset = family === 4 ? 2 : 5
  const keys: number[] = []
  for (let record = 0; record < dispatch.length; record += DISPATCH_WORDS) {
    if (dispatch[record + DISPATCH.portMask] !== 0xff_ffff) continue
    const start = dispatch[record + DISPATCH.tableStart]
    const end = start + stride * (dispatch[record + DISPATCH.tableMask] + 1)
    for (let at = start; at < end; at += stride) {
      if (dispatchEntries[at + pcOffset] === 0) continue
      const ports = dispatchEntries[at + pcOffset - 1]
      if (dispatch[record + DISPATCH.addressMask] === 0)
        for (let a = 0; a < 4 * host.localCount; a += 4)
          keys.push(host.local[a], host.local[a + 1], host.local[a + 2], host.local[a + 3], ports)
      else if (family === 4) keys.push(0, 0, 0, dispatchEntries[at], ports)
      else
        keys.push(dispatchEntries[at], dispatchEntries[at + 1], dispatchEntries[at + 2], dispatchEntries[at + 3], ports)
    }
  }
  return keys
}

interface Draft {
  readonly entries: Int32Array
  readonly entryMask: number
  readonly rows: DrawRows
  readonly wayDestination: number[]
  readonly wayWord: number[]
  readonly destinations: number[]
}

function newDraft(family: IpFamily, keyCount: number): Draft {
  const entryCount = 2 ** (33 - Math.clz32(Math.max(2, keyCount) - 1))
  const draft: Draft = {
    entries: new Int32Array(new SharedArrayBuffer(4 * ENTRY_WORDS[family] * entryCount)),
    entryMask: entryCount - 1,
    rows: newDrawRows(),
    wayDestination: [],
    wayWord: [],
    destinations: [],
  }
  return draft
}

const script = newDrawScript()

/** Walks the destination's ways and enters it, if nothing but a draw decides among them. */
function enterDestination(
  draft: Draft,
  engine: Engine,
  sender: Sender,
  packet: Packet,
  keys: readonly number[],
  at: number,
): void {
  const { entries, entryMask, rows, wayDestination, wayWord, destinations } = draft
  const { family } = engine.program
  const [a, b, c, d, ports] = [keys[at] | 0, keys[at + 1] | 0, keys[at + 2] | 0, keys[at + 3] | 0, keys[at + 4] | 0]
  const key = family === 4 ? [d, ports] : [a, b, c, d, ports]
  const runOffset = ADDRESS_WORDS[family] + ENTRY.run
  let slot = hashDestination(a, b, c, d, ports) & entryMask
  while (entries[ENTRY_WORDS[family] * slot + runOffset] !== 0) {
    if (key.every((word, i) => entries[ENTRY_WORDS[family] * slot + i] === word)) return
    slot = (slot + 1) & entryMask
  }
  script.words.length = 0
  script.cuts.length = 0
  if (!walk(engine, sender, packet, keys, at)) return
  const run = runOf(rows, engine.program, script.taken === 0 ? NO_CUTS : script.cuts[0])
  if (run === undefined) return
  const { thresholds } = rows
  const start = rowStart(rows.starts, run)
  const count = run & RUN_COUNT_MASK
  for (let way = 1; way < count; way++) {
    if (isEmpty(thresholds, start, count, way)) continue
    script.words[0] = thresholds[start + way]
    if (!walk(engine, sender, packet, keys, at)) return
  }
  entries.set([...key, wayWord.length, run], ENTRY_WORDS[family] * slot)
  const destination = destinations.length / DESTINATION_WORDS
  destinations.push(a, b, c, d, ports)
  for (let way = 0; way < count; way++) {
    wayDestination.push(isEmpty(thresholds, start, count, way) ? -1 : destination)
    wayWord.push(thresholds[start + way])
  }
}

const NO_CUTS = new Float64Array(0)

/** Walks one way; false when something else than destination and first draw had a say. */
function walk(engine: Engine, sender: Sender, packet: Packet, keys: readonly number[], at: number): boolean {
  rewind(script)
  writeFirstPacket(packet, sender, keys, at)
  engine.script = script
  evaluate(engine, sender.view, sender.host, 0, packet, 0)
  engine.script = undefined
  return script.taken <= 1 && script.sourceTests.every(pc => isAddressTest(engine.program.code[pc < 0 ? ~pc : pc]))
}

const isAddressTest = (op: number): boolean => op !== OP.SOURCE_PORTS && op !== OP.RARE

function sharedInts(values: readonly number[]): Int32Array {
  const ints = new Int32Array(new SharedArrayBuffer(4 * values.length))
  for (let i = 0; i < values.length; i++) ints[i] = values[i]
  return ints
}
