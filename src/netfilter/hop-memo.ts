/**
 * evaluate with a memory for what it has done: packets that one node's rules cannot tell apart are walked once, and then only counted. Equal to
 * evaluate and evaluateEstablished in every number (property test), and falls back to them wherever a walk looks at more than what is compared
 * here: the destination, one draw, the routes, the source's signature (source-tests.ts), whether the source is the backend itself.
 * Records (hop-records.ts) are walked once more, with their packets as weight, before counters are read. Cost of a packet: a draw and a few look-ups.
 */
import type { Packet } from '../net/packet.ts'
import { CT, newPacket, ORIGIN } from '../net/packet.ts'
import { draw32 } from '../sim/random.ts'
import { classBlock } from './block-classes.ts'
import { passingPs } from './cost/charge.ts'
import { LANES } from './cost/program-prices.ts'
import { DISPATCH, DISPATCH_WORDS } from './dispatch.ts'
import { wayOf } from './draw-rows.ts'
import { newDrawScript, rewind } from './draw-script.ts'
import { evaluate, evaluateEstablished } from './evaluate.ts'
import {
  AGAIN,
  BLOCK,
  factsOf,
  type HopMemo,
  type Places,
  portsOf,
  RECORD,
  recordPlace,
  UNKNOWN,
  UNLIKE,
  WAY,
} from './hop-records.ts'
import type { HostView } from './host.ts'
import { INTERFACE } from './interface.ts'
import { learnBlock, learnRecord } from './learn-hop.ts'
import { enterShuffled } from './node-order.ts'
import type { Outcome } from './outcome.ts'
import { isLocal } from './route.ts'
import { signatureOf } from './source-tests.ts'

/** Nodes of one view and one kind differ for the rules in nothing but their addresses; undefined: this node's packets are not remembered. */
export function hostKind(host: HostView): string | undefined {
  const { sources, primary, uplinkName, podInterfaceName } = host
  const kinds: string[] = []
  for (const at of [INTERFACE.lo, INTERFACE.uplink, INTERFACE.pod].map(i => 4 * i)) {
    const words = sources.subarray(at, at + 4)
    const isSet = words.some(word => word !== 0)
    if (isSet && !isLocal(host, words)) return undefined
    kinds.push(isSet ? String(words.every((word, i) => word === primary[i])) : 'none')
  }
  return [uplinkName, podInterfaceName, host.loopback.length, ...kinds].join(' ')
}

/**
 * evaluate, one packet, whose answer stands in `memo`; `record` is findRecord's. Of the packet only destination, source and draws are brought
 * up to date, and the source only where it leaves by the uplink or to a pod.
 */
export function passFirst(
  memo: HopMemo,
  record: number,
  view: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
): Outcome {
  const { engine } = memo
  if (record === 0) {
    const outcome = evaluate(engine, view, host, orderKey, packet, 1)
    memo.dnat = engine.dnat
    memo.rulesEvaluated = engine.rulesEvaluated
    memo.costPs.set(engine.costPs)
    return outcome
  }
  const { words } = memo.records
  const at = RECORD.words * record
  memo.counts[2 * record] += 1
  const dnat = words[at + RECORD.dnat]
  memo.dnat = dnat
  const { source, destination } = packet
  if (dnat >= 0) {
    const { dnatAddress, dnatPort } = engine.program
    for (let i = 0; i < 4; i++) destination[i] = dnatAddress[4 * dnat + i]
    if (dnatPort[dnat] !== 0) packet.destinationPort = dnatPort[dnat]
  }
  const masquerade = words[at + RECORD.masquerade]
  if (masquerade !== 0) for (let i = 0; i < 4; i++) source[i] = host.sources[4 * masquerade + i]
  const hit = words[at + RECORD.hit]
  const slot = words[at + RECORD.slot]
  const moved = movedBy(memo, orderKey, hit, slot)
  memo.rulesEvaluated = words[at + RECORD.rules] + moved
  if (engine.prices !== undefined) chargeRecord(memo, record, hit, slot, moved, packet.protocol)
  return words[at + RECORD.outcome] as Outcome
}

/** How many rules more than in the order as written a packet evaluated that left segment `hit` at `slot`, which is noted (node-order.ts). */
export const movedBy = ({ engine }: HopMemo, orderKey: number, hit: number, slot: number): number =>
  hit < 0 || orderKey === 0 ? 0 : enterShuffled(engine, orderKey, hit, slot, 1) - slot - 1

/** Brings memo.costPs up to date, where the engine has prices: the record's price in the order as written, and of the `moved` rules that another order adds. */
function chargeRecord(memo: HopMemo, record: number, hit: number, slot: number, moved: number, protocol: number): void {
  const { costPs, costs } = memo
  for (let lane = 0; lane < LANES; lane++) {
    const movedPs = moved === 0 ? 0 : moved * movedPrice(memo, hit, slot, protocol, lane)
    costPs[lane] = costs[LANES * record + lane] + movedPs
  }
}

/** What one rule costs that a node's order adds before the one in `slot` of segment `hit` (-1: none). */
export function movedPrice({ engine }: HopMemo, hit: number, slot: number, protocol: number, lane: number): number {
  const { prices, program } = engine
  if (prices === undefined || hit < 0) return 0
  const ownSlot = program.dispatch[DISPATCH_WORDS * hit + DISPATCH.firstSlot] + slot
  return passingPs(prices, hit, ownSlot, protocol, lane)
}

/** evaluateEstablished, `count` packets of the connection whose first one was passed with this `record` (0: evaluated, and is in `packet`). */
export function passLater(
  memo: HopMemo,
  record: number,
  view: number,
  host: HostView,
  orderKey: number,
  packet: Packet,
  count: number,
): Outcome {
  const { engine } = memo
  if (record === 0) {
    const outcome = evaluateEstablished(engine, view, host, orderKey, packet, count)
    memo.rulesEvaluated = engine.rulesEvaluated
    return outcome
  }
  const { words } = memo.records
  const at = RECORD.words * record
  memo.counts[2 * record + 1] += count
  memo.rulesEvaluated = words[at + RECORD.laterRules]
  return words[at + RECORD.laterOutcome] as Outcome
}

/** Brings the records' packets into the engine's counters. Before counters are read. */
export function foldRecords(memo: HopMemo): void {
  const { engine, counts, hosts } = memo
  const { words } = memo.records
  const packet = newPacket(engine.program.family)
  const script = newDrawScript()
  engine.script = script
  for (let record = 1; record < hosts.length; record++) {
    const first = counts[2 * record]
    const later = counts[2 * record + 1]
    if (first === 0 && later === 0) continue
    const at = RECORD.words * record
    const view = words[at + RECORD.view]
    for (let i = 0; i < 4; i++) {
      packet.source[i] = words[at + RECORD.source + i]
      packet.destination[i] = words[at + RECORD.destination + i]
    }
    packet.protocol = words[at + RECORD.ports] >>> 16
    packet.destinationPort = words[at + RECORD.ports] & 0xffff
    packet.origin = words[at + RECORD.origin] as Packet['origin']
    packet.ctState = CT.NEW
    packet.mark = 0
    rewind(script)
    script.words[0] = words[at + RECORD.word] >>> 0
    evaluate(engine, view, hosts[record], 0, packet, first)
    if (later > 0) evaluateEstablished(engine, view, hosts[record], 0, packet, later)
    counts[2 * record] = 0
    counts[2 * record + 1] = 0
  }
  engine.script = undefined
}

/**
 * The record of a packet, walked for if need be, and then takes its draw; 0 when there is none for packets like it: without `places`, or where a
 * walk looks at something that is not compared.
 */
export function findRecord(
  memo: HopMemo,
  places: Places | undefined,
  place: number,
  view: number,
  host: HostView,
  packet: Packet,
): number {
  if (places === undefined) return 0
  const { engine, tests, rows } = memo
  const { program } = engine
  const { source } = packet
  // A foreign packet with an address of the node is too rare to be worth a thought.
  if (packet.origin !== ORIGIN.node && isLocal(host, source)) return 0
  for (;;) {
    const signature = signatureOf(tests, program.family, source)
    const blocks = blocksOf(places, signature)
    let block = blocks[place]
    if (block === 0) {
      block = classBlock(places.classes, program, signature, portsOf(packet), factsOf(host, packet), packet.destination)
      blocks[place] = block
    }
    if (block === 0) {
      block = learnBlock(memo, view, host, packet)
      if (block === AGAIN) continue
      blocks[place] = block
    }
    if (block === UNLIKE) return 0
    const { words } = memo.blocks
    if (words[block + BLOCK.ports] !== portsOf(packet) || words[block + BLOCK.facts] !== factsOf(host, packet)) return 0
    let way = 0
    if (words[block + BLOCK.draws] !== 0) {
      const word = draw32(engine.seed.low, engine.seed.high, packet.flowLow, packet.flowHigh, packet.draws)
      way = wayOf(rows, words[block + BLOCK.run], word)
    }
    const wayAt = block + BLOCK.words + WAY.words * way
    const dnat = words[wayAt + WAY.dnat]
    let record = dnat === UNKNOWN ? 0 : words[recordPlace(memo, wayAt, dnat, host, source)]
    if (record === 0) {
      record = learnRecord(memo, places.classes, block, way, view, host, packet)
      if (record === AGAIN) continue
    }
    if (record === UNLIKE) return 0
    packet.draws += words[block + BLOCK.draws]
    return record
  }
}

function blocksOf({ blocks, count }: Places, signature: number): Int32Array {
  let own = blocks.get(signature)
  if (own === undefined) {
    own = new Int32Array(count)
    blocks.set(signature, own)
  }
  return own
}
