/**
 * The blocks of a program that changes, and the program: blocks come, go, and are patched where they call others. Calls are kept as
 * Program.ruleTarget has them, and backwards (call-sites.ts); a patch is two words of code and one of ruleTarget.
 */
import type { IpFamily } from '../../net/ip.ts'
import type { Chain } from '../../ruleset/ruleset.ts'
import { type Encoder, newEncoder } from '../encoder.ts'
import type { Block, BlockBounds } from '../intern-chains.ts'
import { OP, OP_WORDS, RULE_ENDS } from '../opcode.ts'
import { HOOK_COUNT, type Program } from '../program.ts'
import { BlockPlaces } from './block-places.ts'
import { CallSites } from './call-sites.ts'
import type { LiveBlock, Mutable } from './live-block.ts'
import { LiveCounters } from './live-counters.ts'
import { RESOURCE } from './resource.ts'

export class BlockStore {
  readonly program: Mutable<Program>
  readonly counters: LiveCounters
  readonly #encoder: Encoder
  readonly #places: BlockPlaces
  readonly #sites = new CallSites()
  /** By index; undefined where a block has gone. */
  readonly #blocks: (LiveBlock | undefined)[] = []

  constructor(family: IpFamily, viewCount: number) {
    this.#encoder = newEncoder(family, { notesVerdicts: true })
    this.#places = new BlockPlaces(this.#encoder)
    this.program = emptyProgram(family, viewCount, this.#encoder)
    this.counters = new LiveCounters(this.program, this.#places)
  }

  /** Takes in the next block of the first compile. */
  append(block: Block): void {
    this.#places.append(block)
    const { index, chain, firstRule, depth, walkBound, ownVerdicts, homedVerdicts } = block
    this.#enter({ index, chain, firstRule, depth, walkBound, ownVerdicts, homedVerdicts, holders: 0 })
  }

  create(chain: Chain, targets: readonly LiveBlock[], bounds: BlockBounds): LiveBlock {
    const { index, firstRule } = this.#places.place({ chain, targets })
    const { depth, walkBound, ownVerdicts, homedVerdicts } = bounds
    const block = { index, chain, firstRule, depth, walkBound, ownVerdicts, homedVerdicts, holders: 0 }
    this.#enter(block)
    this.#fit()
    return block
  }

  /** The block's callees are others now, or have other bounds. */
  bound(block: LiveBlock, { depth, walkBound, homedVerdicts }: BlockBounds): void {
    block.depth = depth
    block.walkBound = walkBound
    block.homedVerdicts = homedVerdicts
    this.program.maxDepth = Math.max(this.program.maxDepth, depth)
  }

  /** Blocks that nothing holds and nothing outside of them calls are gone. */
  release(blocks: readonly LiveBlock[]): void {
    for (const block of blocks)
      for (const rule of this.callingRules(block)) {
        const target = this.targetOf(rule)
        this.#sites.unlink(rule, target.index)
        this.counters.dropCall(rule, target.index)
      }
    for (const block of blocks) {
      const { index } = block
      this.#giveRare(block)
      this.counters.clear(index)
      this.#places.give(index)
      this.#blocks[index] = undefined
    }
  }

  /** The rule's jump or goto leads to `target` from now on. */
  retarget(rule: number, target: LiveBlock): void {
    const { code, ruleTarget, ruleEnds, verdictPc, blockPc } = this.#encoder
    const before = ruleTarget.words[rule]
    this.#sites.unlink(rule, before)
    this.#sites.link(rule, target.index)
    this.counters.moveCall(rule, before, target.index)
    ruleTarget.words[rule] = target.index
    const pc = verdictPc!.words[rule]
    if (code.words[pc] === OP.COUNT) {
      // A jump into an empty chain, which this may be too.
      if (target.chain.rules.length === 0) return
      code.words[pc] = OP.JUMP
      ruleEnds.words[rule] = RULE_ENDS.unlessReturned
      this.counters.countReturns(rule)
    }
    code.words[pc + 1] = blockPc.words[target.index]
  }

  /** The block that a rule's jump or goto leads to. */
  targetOf(rule: number): LiveBlock {
    return this.#blocks[this.#encoder.ruleTarget.words[rule]]!
  }

  /** The block's rules with a jump or goto. */
  callingRules({ firstRule, chain }: LiveBlock): number[] {
    const { words } = this.#encoder.ruleTarget
    const rules: number[] = []
    for (let rule = firstRule; rule < firstRule + chain.rules.length; rule++) if (words[rule] >= 0) rules.push(rule)
    return rules
  }

  /** The rules that lead to the block. */
  callsOf(block: LiveBlock): Iterable<number> {
    return this.#sites.callsOf(block.index)
  }

  callerOf(rule: number): LiveBlock {
    return this.#blocks[this.#sites.callerOf(rule)]!
  }

  pcOf(block: LiveBlock): number {
    return this.#encoder.blockPc.words[block.index]
  }

  all(): LiveBlock[] {
    return this.#blocks.filter(block => block !== undefined)
  }

  /** Shows the program what has grown. */
  refresh(): void {
    const { program } = this
    const encoder = this.#encoder
    this.#fit()
    program.code = encoder.code.words
    if (program.dnatAddress.buffer !== encoder.dnatAddress.words.buffer)
      program.dnatAddress = new Uint32Array(encoder.dnatAddress.words.buffer)
    program.dnatPort = encoder.dnatPort.words
    program.dnatRule = encoder.dnatRule.words
    program.blockRuleStart = encoder.blockRuleStart.words
    program.ruleEnds = encoder.ruleEnds.words
    program.ruleTarget = encoder.ruleTarget.words
    program.thresholds = encoder.thresholds.words
    program.dispatch = encoder.dispatch.words
    program.dispatchEntries = encoder.dispatchEntries.words
    program.natPorts = encoder.natPorts.words
    if (program.interfacePatterns.length < encoder.interfacePatterns.size)
      program.interfacePatterns = [...encoder.interfacePatterns.keys()]
    this.counters.fit()
  }

  /** Room for the counters of new blocks. */
  #fit(): void {
    const { program } = this
    const places = this.#places
    program.dnatCount = places.end(RESOURCE.dnat)
    program.dispatchCount = places.end(RESOURCE.dispatch)
    program.dispatchSlotCount = places.end(RESOURCE.slot)
    const [ruleCount, blockCount] = [places.end(RESOURCE.rule), places.blockCount]
    if (program.ruleCount === ruleCount && program.blockCount === blockCount) return
    program.ruleCount = ruleCount
    program.blockCount = blockCount
    this.counters.fit()
  }

  /** What the block's rare matches ask has room for others. */
  #giveRare(block: LiveBlock): void {
    const { code, freeRare } = this.#encoder
    for (let pc = this.pcOf(block); code.words[pc] !== OP.END; pc += OP_WORDS[code.words[pc]])
      if (code.words[pc] === OP.RARE) freeRare.push(code.words[pc + 1])
  }

  #enter(block: LiveBlock): void {
    const { index, firstRule, chain, depth } = block
    this.#blocks[index] = block
    this.program.maxDepth = Math.max(this.program.maxDepth, depth)
    this.#sites.enter(index, firstRule, chain.rules.length)
    for (const rule of this.callingRules(block)) this.#sites.link(rule, this.#encoder.ruleTarget.words[rule])
  }
}

/** Its lists are the encoder's, with the room they have to grow. Nothing in it asks a node's memory. */
function emptyProgram(family: IpFamily, viewCount: number, { rare, translations }: Encoder): Mutable<Program> {
  const none = new Int32Array(0)
  return {
    family,
    viewCount,
    ruleCount: 0,
    dnatCount: 0,
    blockCount: 0,
    maxDepth: 0,
    code: none,
    hookPc: new Int32Array(viewCount * HOOK_COUNT).fill(-1),
    hookBlock: new Int32Array(viewCount * HOOK_COUNT).fill(-1),
    hookDrops: new Uint8Array(viewCount * HOOK_COUNT),
    dnatAddress: new Uint32Array(0),
    dnatPort: new Uint16Array(0),
    dnatRule: none,
    blockRuleStart: none,
    ruleEnds: new Uint8Array(0),
    ruleTarget: none,
    thresholds: new Float64Array(0),
    dispatchCount: 0,
    dispatch: none,
    dispatchSlotCount: 0,
    dispatchEntries: none,
    interfacePatterns: [],
    rare,
    natPorts: none,
    translations,
    nthStarts: [],
    limitCredits: [],
    recentStamps: [],
  }
}
