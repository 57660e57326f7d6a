/**
 * Everything the rules can do with a sender's NEW packets, found out beforehand: for each destination that the rules know by address, protocol
 * and port, its ways. A way is what all packets have in common whose draw falls into the same interval (one endpoint of a Service, as a rule):
 * rules matched and evaluated, translation, outcome. To replay a connection is then to look up its destination, to draw, and to count its way
 * (count-ways.ts); what the counts mean is found by walking each way once with its weight (fold-ways.ts).
 *
 * No shape of rules is taken for granted: every known destination is walked by evaluate itself, and is left out (so that its packets take the
 * general road) where more than the destination and one draw decides. Holds for one view, host and sender.
 */
import { CT, newPacket, type Origin, type Packet } from '../net/packet.ts'
import { DISPATCH, DISPATCH_WORDS, ENTRY_WORDS } from './dispatch.ts'
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
  /** Open-addressed, at most half full: WAY_ENTRY words an entry. */
  readonly entries: Int32Array
  /** Number of entries minus 1. */
  readonly entryMask: number
  /** The ways' rows (draw-rows.ts). */
  readonly rowStarts: Int32Array
  readonly thresholds: Uint32Array
  readonly margin: number
  readonly wayCount: number
  /** By way: its entry, and a word that takes it. A way that no word takes is -1. */
  readonly wayEntry: Int32Array
  readonly wayWord: Uint32Array
}

/** Four address words, protocol << 16 | port, first way, run; the run is 0 in an empty entry. */
export const WAY_ENTRY = { address: 0, ports: 4, firstWay: 5, run: 6, words: 8 } as const

/** `engine` counts nothing. Cost: about a microsecond a way. */
export function wayTable(engine: Engine, sender: Sender): WayTable {
  const { program } = engine
  const keys = knownDestinations(program, sender)
  const draft = newDraft(keys.length / KEY_WORDS)
  const packet = newPacket(program.family)
  for (let at = 0; at < keys.length; at += KEY_WORDS) enterDestination(draft, engine, sender, packet, keys, at)
  return {
    entries: draft.entries,
    entryMask: draft.entryMask,
    rowStarts: sharedInts(draft.rows.starts),
    thresholds: new Uint32Array(sharedInts(draft.rows.thresholds).buffer),
    margin: draft.rows.margin,
    wayCount: draft.wayEntry.length,
    wayEntry: sharedInts(draft.wayEntry),
    wayWord: new Uint32Array(sharedInts(draft.wayWord).buffer),
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

const KEY_WORDS = 5

/** Keys of all dispatch segments that name a port; those without an address stand for each address of the host. */
function knownDestinations(program: Program, { host }: Sender): number[] {
  const { dispatch, dispatchEntries, family } = program
  const stride = ENTRY_WORDS[family]
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
  readonly wayEntry: number[]
  readonly wayWord: number[]
}

function newDraft(keyCount: number): Draft {
  const entryCount = 2 ** (33 - Math.clz32(Math.max(2, keyCount) - 1))
  const draft: Draft = {
    entries: new Int32Array(new SharedArrayBuffer(4 * WAY_ENTRY.words * entryCount)),
    entryMask: entryCount - 1,
    rows: newDrawRows(),
    wayEntry: [],
    wayWord: [],
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
  const { entries, entryMask, rows, wayEntry, wayWord } = draft
  const [a, b, c, d, ports] = [keys[at] | 0, keys[at + 1] | 0, keys[at + 2] | 0, keys[at + 3] | 0, keys[at + 4]]
  let entry = hashDestination(a, b, c, d, ports) & entryMask
  while (entries[WAY_ENTRY.words * entry + WAY_ENTRY.run] !== 0) {
    const other = WAY_ENTRY.words * entry
    if (
      entries[other] === a &&
      entries[other + 1] === b &&
      entries[other + 2] === c &&
      entries[other + 3] === d &&
      entries[other + 4] === ports
    )
      return
    entry = (entry + 1) & entryMask
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
  entries.set([a, b, c, d, ports, wayEntry.length, run], WAY_ENTRY.words * entry)
  for (let way = 0; way < count; way++) {
    wayEntry.push(isEmpty(thresholds, start, count, way) ? -1 : entry)
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
