/**
 * The memory of hop-memo.ts. A *block* is what is known of one destination: how many ways its draw can go. A *record* is what becomes of packets on
 * one way that go by the same routes and are, or are not, sent by the very backend. All flat words; a thread's own.
 */
import { newPacket, type Packet } from '../net/packet.ts'
import type { BlockClass } from './block-classes.ts'
import { LANES } from './cost/program-prices.ts'
import { type DrawRows, newDrawRows } from './draw-rows.ts'
import { type NotingScript, newNotingScript } from './draw-script.ts'
import type { Engine } from './engine.ts'
import type { HostView } from './host.ts'
import { OUTCOME, type Outcome } from './outcome.ts'
import { isLocal, routeOf } from './route.ts'
import { newSourceTests, type SourceTests } from './source-tests.ts'
import { newWordList, push, type WordList } from './word-list.ts'

/**
 * Blocks of packets that agree in view, kind of host (hostKind), origin and, place by place, in destination, protocol and port; where the place
 * stands for a node's own address, in the node too.
 */
export interface Places {
  readonly count: number
  /** By signature; a word a place: 0 unknown, -1 not to be remembered, else the block. */
  readonly blocks: Map<number, Int32Array>
  /** Whose blocks serve other places too. */
  readonly classes: BlockClass[]
}

export const newPlaces = (count: number, blocks: Places['blocks'] = new Map()): Places => ({
  count,
  blocks,
  classes: [],
})

export interface HopMemo {
  readonly engine: Engine
  /** Of the last packet: DNAT id or -1, rules evaluated. */
  dnat: number
  rulesEvaluated: number
  /** What it cost, per lane (engine.costPs). */
  readonly costPs: Float64Array

  readonly tests: SourceTests
  readonly rows: DrawRows
  /** BLOCK words a block, then WAY words a way. */
  readonly blocks: WordList
  /** RECORD words a record; record 0 is none. */
  readonly records: WordList
  readonly hosts: HostView[]
  /** By record: first packets and later ones, not yet in the engine's counters. */
  counts: Float64Array
  /** By record and lane: what its first packet costs in the order as written. */
  costs: Float64Array
  readonly script: NotingScript
  readonly address: Uint32Array
  /** The packet that was walked last to learn, how that ended, and the block it showed (0: none, or it took a draw). */
  readonly walked: Packet
  walkedOutcome: Outcome
  walkedBlock: number
}

export const BLOCK = { run: 0, draws: 1, ports: 2, facts: 3, words: 4 } as const

/** A way's DNAT id (-1 none, UNKNOWN before its first packet), then a record for each route and for the backend as its own client. */
export const WAY = { dnat: 0, records: 1, words: 8 } as const

export const UNKNOWN = -2

export const RECORD = {
  outcome: 0,
  dnat: 1,
  rules: 2,
  /** Dispatch id and slot where the packet left a segment; -1: nowhere. */
  hit: 3,
  slot: 4,
  laterOutcome: 5,
  laterRules: 6,
  /** INTERFACE whose address the source became; 0: kept. */
  masquerade: 7,
  view: 8,
  word: 9,
  origin: 10,
  ports: 11,
  source: 12,
  destination: 16,
  words: 20,
} as const

/** What a record says; for those who ask rarely. */
export const recordOf = ({ records }: HopMemo, record: number) => {
  const word = (name: Exclude<keyof typeof RECORD, 'words'>): number =>
    records.words[RECORD.words * record + RECORD[name]]
  return {
    outcome: word('outcome'),
    dnat: word('dnat'),
    rules: word('rules'),
    hit: word('hit'),
    slot: word('slot'),
    laterOutcome: word('laterOutcome'),
    laterRules: word('laterRules'),
    masquerade: word('masquerade'),
  }
}

export const protocolOf = ({ records }: HopMemo, record: number): number =>
  records.words[RECORD.words * record + RECORD.ports] >>> 16

/** `tests` may be shared by several memories, whose signatures are the same then. */
export function newHopMemo(engine: Engine, tests: SourceTests = newSourceTests()): HopMemo {
  const memo: HopMemo = {
    engine,
    dnat: -1,
    rulesEvaluated: 0,
    costPs: new Float64Array(LANES),
    tests,
    rows: newDrawRows(),
    blocks: newWordList(),
    records: newWordList(),
    hosts: [],
    counts: new Float64Array(2048),
    costs: new Float64Array(1024 * LANES),
    script: newNotingScript(),
    address: new Uint32Array(4),
    walked: newPacket(engine.program.family),
    walkedOutcome: OUTCOME.dropped,
    walkedBlock: 0,
  }
  // Neither a block nor a record begins at 0.
  push(memo.blocks, 0)
  memo.records.length = RECORD.words
  memo.hosts.push(engine.host)
  return memo
}

/** Answers instead of a block or record: such packets are not remembered; more source tests are known now, so look again. */
export const UNLIKE = -1
export const AGAIN = -2

/** Where on its way the packet's record stands. */
export function recordPlace(memo: HopMemo, wayAt: number, dnat: number, host: HostView, source: Uint32Array): number {
  if (dnat < 0) return wayAt + WAY.records
  const { address } = memo
  const { dnatAddress } = memo.engine.program
  for (let i = 0; i < 4; i++) address[i] = dnatAddress[4 * dnat + i]
  return wayAt + WAY.records + 2 * (routeOf(host, address) - 1) + (sameWords(address, source) ? 1 : 0)
}

export const portsOf = (packet: Packet): number => (packet.protocol << 16) | packet.destinationPort

/** What of the node a walk may ask before translation: where it routes the destination, whether the source is its own. */
export const factsOf = (host: HostView, packet: Packet): number =>
  routeOf(host, packet.destination) | (isLocal(host, packet.source) ? SOURCE_IS_LOCAL : 0)

export const SOURCE_IS_LOCAL = 8

export const sameWords = (a: Uint32Array, b: Uint32Array): boolean =>
  a[3] === b[3] && a[2] === b[2] && a[1] === b[1] && a[0] === b[0]
