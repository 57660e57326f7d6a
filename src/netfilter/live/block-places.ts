/**
 * Where the blocks of a program that changes lie in its lists: a stretch of each RESOURCE. A new block is encoded behind everything else;
 * then its sizes are known, and where stretches of its size are free it moves there. Thresholds of statistic runs, ports of nat and names of interfaces stay when
 * their block has gone: equal ones are stored once, so there are few.
 */
import { DISPATCH_WORDS } from '../dispatch.ts'
import { encodeChain } from '../encode-chain.ts'
import type { Encoder } from '../encoder.ts'
import type { EncodedBlock } from '../intern-chains.ts'
import { type NumberList, type Numbers, newWordList, reserve } from '../word-list.ts'
import { Extents } from './extents.ts'
import { relocateBlock } from './relocate-block.ts'
import { RESOURCE, RESOURCES } from './resource.ts'

/** A start and a room each. */
const PLACE_WORDS = 2 * RESOURCES.length

export class BlockPlaces {
  readonly #encoder: Encoder
  readonly #indexes = new Extents()
  /** Segments are counted by their room (LiveCounters.tallies). */
  readonly #extents = RESOURCES.map(resource => new Extents(resource === RESOURCE.dispatch))
  /** PLACE_WORDS a block. */
  readonly #places = newWordList()
  /** By RESOURCE. */
  readonly #scratch = {
    behind: new Int32Array(RESOURCES.length),
    ends: new Int32Array(RESOURCES.length),
    starts: new Int32Array(RESOURCES.length),
    rooms: new Int32Array(RESOURCES.length),
  }

  constructor(encoder: Encoder) {
    this.#encoder = encoder
  }

  get blockCount(): number {
    return this.#indexes.end
  }

  /** Behind the last stretch of a RESOURCE. */
  end(resource: number): number {
    return this.#extents[resource].end
  }

  start(block: number, resource: number): number {
    return this.#places.words[PLACE_WORDS * block + 2 * resource]
  }

  room(block: number, resource: number): number {
    return this.#places.words[PLACE_WORDS * block + 2 * resource + 1]
  }

  /** Encodes the next block of the first compile behind the others. */
  append(block: EncodedBlock): void {
    const { ends, starts, rooms } = this.#scratch
    this.#readCursors(starts)
    encodeChain(this.#encoder, block)
    this.#readCursors(ends)
    this.#indexes.end = block.index + 1
    for (const resource of RESOURCES) {
      this.#extents[resource].end = ends[resource]
      rooms[resource] = ends[resource] - starts[resource]
    }
    this.#note(block.index, starts, rooms)
  }

  /** Encodes a block where there is room; answers its index and first rule. */
  place({ chain, targets }: Pick<EncodedBlock, 'chain' | 'targets'>): Pick<EncodedBlock, 'index' | 'firstRule'> {
    const { behind, ends, starts, rooms } = this.#scratch
    const index = this.#indexes.take(1)
    const firstRule = this.#extents[RESOURCE.rule].take(chain.rules.length)
    const block = { index, chain, firstRule, targets }
    for (const resource of RESOURCES) behind[resource] = this.#extents[resource].end
    behind[RESOURCE.rule] = firstRule
    this.#encodeAt(block, behind)
    this.#readCursors(ends)
    let moves = false
    for (const resource of RESOURCES) {
      const size = ends[resource] - behind[resource]
      rooms[resource] = this.#extents[resource].roomFor(size)
      starts[resource] = resource === RESOURCE.rule ? firstRule : this.#extents[resource].take(size)
      if (size > 0 && starts[resource] !== behind[resource]) moves = true
    }
    if (moves) {
      relocateBlock(this.#encoder, behind, ends, starts)
      this.#encoder.blockPc.words[index] = starts[RESOURCE.code]
    }
    this.#note(index, starts, rooms)
    return block
  }

  /** The block's stretches are free again. */
  give(block: number): void {
    for (const resource of RESOURCES)
      this.#extents[resource].give(this.start(block, resource), this.room(block, resource))
    this.#indexes.give(block, 1)
  }

  #encodeAt(block: EncodedBlock, starts: Int32Array): void {
    const encoder = this.#encoder
    const dnat = starts[RESOURCE.dnat]
    setCursor(encoder.blockPc, block.index)
    setCursor(encoder.blockRuleStart, block.index)
    setCursor(encoder.code, starts[RESOURCE.code])
    setCursor(encoder.ruleEnds, block.firstRule)
    setCursor(encoder.ruleTarget, block.firstRule)
    setCursor(encoder.verdictPc!, block.firstRule)
    setCursor(encoder.dnatAddress, 4 * dnat)
    setCursor(encoder.dnatPort, dnat)
    setCursor(encoder.dnatRule, dnat)
    setCursor(encoder.dispatch, DISPATCH_WORDS * starts[RESOURCE.dispatch])
    setCursor(encoder.dispatchEntries, starts[RESOURCE.entry])
    encoder.dispatchCount = starts[RESOURCE.dispatch]
    encoder.dispatchSlotCount = starts[RESOURCE.slot]
    encodeChain(encoder, block)
  }

  /** Where the next thing of each RESOURCE goes. */
  #readCursors(cursors: Int32Array): void {
    const encoder = this.#encoder
    cursors[RESOURCE.code] = encoder.code.length
    cursors[RESOURCE.rule] = encoder.ruleEnds.length
    cursors[RESOURCE.dnat] = encoder.dnatRule.length
    cursors[RESOURCE.dispatch] = encoder.dispatchCount
    cursors[RESOURCE.slot] = encoder.dispatchSlotCount
    cursors[RESOURCE.entry] = encoder.dispatchEntries.length
  }

  #note(block: number, starts: Int32Array, rooms: Int32Array): void {
    const at = PLACE_WORDS * block
    setCursor(this.#places, at)
    reserve(this.#places, PLACE_WORDS)
    for (const resource of RESOURCES) {
      this.#places.words[at + 2 * resource] = starts[resource]
      this.#places.words[at + 2 * resource + 1] = rooms[resource]
    }
  }
}

/** What is pushed next goes to `at`. */
function setCursor(list: NumberList<Numbers>, at: number): void {
  list.length = at
  reserve(list, 0)
}
