/** How hop-memo.ts learns: walks a packet with its draw chosen beforehand, sees what the walk looked at, and enters what holds for all packets like it. */
import { type Packet, writePacket } from '../net/packet.ts'
import { addClass, type BlockClass } from './block-classes.ts'
import { LANES } from './cost/program-prices.ts'
import { RUN_COUNT_MASK, rowStart, runOf } from './draw-rows.ts'
import { rewind } from './draw-script.ts'
import { evaluate, evaluateEstablished } from './evaluate.ts'
import {
  AGAIN,
  BLOCK,
  factsOf,
  type HopMemo,
  portsOf,
  RECORD,
  recordPlace,
  sameWords,
  UNKNOWN,
  UNLIKE,
  WAY,
} from './hop-records.ts'
import type { HostView } from './host.ts'
import { INTERFACE } from './interface.ts'
import { OUTCOME, type Outcome } from './outcome.ts'
import { routeOf } from './route.ts'
import { LOOK, learnTest, signatureOf } from './source-tests.ts'
import { push, reserve } from './word-list.ts'

/** A block for the packet's destination; UNLIKE or AGAIN. Changes neither the packet nor any counter. */
export function learnBlock(memo: HopMemo, view: number, host: HostView, packet: Packet): number {
  const { engine, blocks, rows, script } = memo
  script.words.length = 0
  script.notes.cuts.length = 0
  writePacket(memo.walked, packet)
  walkFirst(memo, view, host, memo.walked)
  const look = learnTests(memo, engine.dnat)
  if (look !== LOOK.known) return look === LOOK.added ? AGAIN : UNLIKE
  const run = runOf(rows, engine.program, script.taken === 0 ? NO_CUTS : script.notes.cuts[0])
  if (run === undefined) return UNLIKE
  const block = blocks.length
  for (const word of [run, Math.min(1, script.taken), portsOf(packet), factsOf(host, packet)]) push(blocks, word)
  for (let way = 0; way < (run & RUN_COUNT_MASK); way++) {
    push(blocks, UNKNOWN)
    for (let i = 1; i < WAY.words; i++) push(blocks, 0)
  }
  memo.walkedBlock = script.taken === 0 ? block : 0
  return block
}

const NO_CUTS = new Float64Array(0)
const NO_HIT = [-1, 0]

/** The record of the packet's first and later packets on way `way` of its block; UNLIKE or AGAIN. Changes neither the packet nor any counter. */
export function learnRecord(
  memo: HopMemo,
  classes: BlockClass[],
  block: number,
  way: number,
  view: number,
  host: HostView,
  packet: Packet,
): number {
  const { engine, rows, script } = memo
  const { words } = memo.blocks
  const word = rows.thresholds[rowStart(rows.starts, words[block + BLOCK.run]) + way]
  const { walked } = memo
  // Without a draw its block was learned by the very walk.
  if (memo.walkedBlock !== block) {
    writePacket(walked, packet)
    script.words[0] = word
    walkFirst(memo, view, host, walked)
  }
  memo.walkedBlock = 0
  const outcome = memo.walkedOutcome
  const { dnat, rulesEvaluated } = engine
  memo.costPs.set(engine.costPs)
  const look = learnTests(memo, dnat)
  const { hits } = script.notes
  const [hit, slot] = hits.length === 0 ? NO_HIT : hits
  const hitCount = hits.length / 2
  // Even of tests that are not in the signature none may come before the draw: it must be the block's own.
  const run = runOf(rows, engine.program, script.taken === 0 ? NO_CUTS : script.notes.cuts[0])
  let alike = run === words[block + BLOCK.run] && script.taken === words[block + BLOCK.draws] && hitCount <= 1
  const masquerade = masqueradedTo(host, packet, walked, outcome)
  const firstTests = script.taken === 0 && dnat < 0 ? [...script.notes.destinationTests] : undefined
  script.words.length = 0
  const laterOutcome = walkLater(memo, view, host, walked)
  const laterLook = learnTests(memo, dnat)
  if (look === LOOK.added || laterLook === LOOK.added) return AGAIN
  const wayAt = block + BLOCK.words + WAY.words * way
  if (words[wayAt + WAY.dnat] === UNKNOWN) words[wayAt + WAY.dnat] = dnat
  const wayDnat = words[wayAt + WAY.dnat]
  alike &&= look === LOOK.known && laterLook === LOOK.known && script.taken === 0 && script.notes.hits.length === 0
  alike &&= dnat === wayDnat && masquerade !== undefined
  const record = alike ? memo.hosts.length : UNLIKE
  words[recordPlace(memo, wayAt, wayDnat, host, packet.source)] = record
  if (!alike) return UNLIKE
  const entry = {
    outcome,
    dnat,
    rules: rulesEvaluated,
    hit,
    slot,
    laterOutcome,
    laterRules: engine.rulesEvaluated,
    masquerade: masquerade!,
    view,
    word,
    origin: packet.origin,
    ports: portsOf(packet),
  }
  enter(memo, entry, host, packet)
  memo.costs.set(memo.costPs, LANES * record)
  // What the node keeps to itself may be answered, or masqueraded, by its address.
  if (firstTests !== undefined && routeOf(host, packet.destination) !== INTERFACE.lo) {
    const signature = signatureOf(memo.tests, engine.program.family, packet.source)
    const found = { block, signature, ports: words[block + BLOCK.ports], facts: words[block + BLOCK.facts] }
    addClass(classes, engine.program, found, packet.destination, [...firstTests, ...script.notes.destinationTests])
  }
  return record
}

type EntryName = Exclude<keyof typeof RECORD, 'source' | 'destination' | 'words'>

const ENTRY_NAMES = (Object.keys(RECORD) as (keyof typeof RECORD)[]).filter(
  (name): name is EntryName => name !== 'source' && name !== 'destination' && name !== 'words',
)

function enter(
  memo: HopMemo,
  entry: Readonly<Record<EntryName, number>>,
  host: HostView,
  { source, destination }: Packet,
): void {
  const { records, hosts } = memo
  const at = RECORD.words * hosts.length
  hosts.push(host)
  reserve(records, RECORD.words)
  records.length += RECORD.words
  const { words } = records
  for (const name of ENTRY_NAMES) words[at + RECORD[name]] = entry[name]
  for (let i = 0; i < 4; i++) {
    words[at + RECORD.source + i] = source[i]
    words[at + RECORD.destination + i] = destination[i]
  }
  if (2 * hosts.length <= memo.counts.length) return
  memo.counts = twice(memo.counts)
  memo.costs = twice(memo.costs)
}

function twice(cells: Float64Array): Float64Array {
  const grown = new Float64Array(2 * cells.length)
  grown.set(cells)
  return grown
}

/** Leaves what it saw in engine, script and memo.walkedOutcome. */
function walkFirst(memo: HopMemo, view: number, host: HostView, packet: Packet): void {
  const { engine, script } = memo
  rewind(script)
  engine.script = script
  memo.walkedOutcome = evaluate(engine, view, host, 0, packet, 0)
  engine.script = undefined
}

function walkLater(memo: HopMemo, view: number, host: HostView, packet: Packet): Outcome {
  const { engine, script } = memo
  rewind(script)
  engine.script = script
  const outcome = evaluateEstablished(engine, view, host, 0, packet, 0)
  engine.script = undefined
  return outcome
}

/** Learns what the last walk asked of the source: LOOK.known, added (something) or unlike (something). */
function learnTests({ engine, tests, script }: HopMemo, dnat: number): number {
  let look: number = LOOK.known
  if (script.notes.sourceTests.length === 0) return look
  const own = dnat < 0 ? undefined : engine.program.dnatAddress.subarray(4 * dnat, 4 * dnat + 4)
  for (const pc of script.notes.sourceTests) {
    const asked = pc < 0 ? LOOK.unlike : learnTest(tests, engine.program.code, pc, own)
    if (asked === LOOK.unlike) return LOOK.unlike
    if (asked === LOOK.added) look = LOOK.added
  }
  return look
}

/** The INTERFACE whose address became the source of a packet that went on; 0: it kept its own, or did not go on; undefined: another address. */
function masqueradedTo(host: HostView, before: Packet, after: Packet, outcome: Outcome): number | undefined {
  const to =
    outcome === OUTCOME.toPod ? INTERFACE.pod : outcome === OUTCOME.toUplink ? INTERFACE.uplink : INTERFACE.none
  if (to === INTERFACE.none || sameWords(before.source, after.source)) return INTERFACE.none
  return sameWords(host.sources.subarray(4 * to, 4 * to + 4), after.source) ? to : undefined
}
