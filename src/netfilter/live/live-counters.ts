/**
 * Counters of the engines of a program that changes. A rule counts as long as a view has its chain: a chain that is written anew begins at
 * 0, all others go on, as with iptables-restore --noflush, which also leaves the counters of built-in chains' policies alone.
 *
 * How often a chain was entered is worked out from its callers' counters (rule-tallies.ts). A caller that led elsewhere before, or one that
 * is gone, would make that wrong, so each engine keeps per block what to add: packets that came by calls that have changed.
 */
import type { StreamSeed } from '../../sim/random.ts'
import { type Engine, newEngine } from '../engine.ts'
import { hostView } from '../host.ts'
import { HOOK_COUNT, type Program } from '../program.ts'
import { type RuleTallies, tallyBlock } from '../rule-tallies.ts'
import { foldStretches } from '../stretch.ts'
import { grown, type Numbers } from '../word-list.ts'
import type { BlockPlaces } from './block-places.ts'
import type { LiveBlock, Mutable } from './live-block.ts'
import { RESOURCE } from './resource.ts'

interface Follower {
  readonly engine: Mutable<Engine>
  /** Per block. */
  before: Float64Array
}

export class LiveCounters {
  readonly #program: Program
  readonly #places: BlockPlaces
  readonly #followers: Follower[] = []

  constructor(program: Program, places: BlockPlaces) {
    this.#program = program
    this.#places = places
  }

  newEngine(seed: StreamSeed): Engine {
    const engine = newEngine(this.#program, seed)
    this.#followers.push({ engine, before: new Float64Array(this.#program.blockCount) })
    return engine
  }

  /** Before the program changes: remembered packets go through the rules that they met. */
  fold(): void {
    for (const { engine } of this.#followers) {
      if (engine.nodeOrderKey !== 0) throw new Error('endNode comes before a change of the rules')
      foldStretches(engine)
    }
  }

  /** After the program grew. */
  fit(): void {
    const { ruleCount, blockCount, dispatchCount, dispatchSlotCount, interfacePatterns, maxDepth } = this.#program
    for (const follower of this.#followers) {
      const { engine } = follower
      follower.before = fitted(follower.before, blockCount)
      engine.matched = fitted(engine.matched, ruleCount)
      engine.returned = fitted(engine.returned, ruleCount)
      engine.nodeTouched = fitted(engine.nodeTouched, dispatchCount)
      engine.nodeEnded = fitted(engine.nodeEnded, dispatchSlotCount)
      engine.shuffledEnded = fitted(engine.shuffledEnded, dispatchSlotCount)
      engine.shuffledEvaluated = fitted(engine.shuffledEvaluated, dispatchSlotCount)
      engine.ranks = fitted(engine.ranks, dispatchSlotCount)
      engine.returnPc = fitted(engine.returnPc, maxDepth + 1)
      engine.returnRule = fitted(engine.returnRule, maxDepth + 1)
      if (engine.interfaceMatches.length < 4 * interfacePatterns.length) {
        engine.interfaceMatches = fitted(engine.interfaceMatches, 4 * interfacePatterns.length)
        // The next packet's host names the new patterns.
        engine.host = hostView(NOBODY, this.#program.family)
      }
    }
  }

  /** The rule's jump leads from one block to another from now on. */
  moveCall(rule: number, from: number, to: number): void {
    for (const { engine, before } of this.#followers) {
      before[from] += engine.matched[rule]
      before[to] -= engine.matched[rule]
    }
  }

  /** The same of a hook; -1: no block. */
  moveHook(at: number, from: number, to: number): void {
    for (const { engine, before } of this.#followers) {
      if (from >= 0) before[from] += engine.hookEntries[at]
      if (to >= 0) before[to] -= engine.hookEntries[at]
    }
  }

  /** The rule jumped into an empty chain, where packets came back from uncounted. */
  countReturns(rule: number): void {
    for (const { engine } of this.#followers) engine.returned[rule] = engine.matched[rule]
  }

  /** The rule is gone; `to`: where it led. */
  dropCall(rule: number, to: number): void {
    for (const { engine, before } of this.#followers) before[to] += engine.matched[rule]
  }

  /** The block is gone, and what follows in its place begins at 0. */
  clear(block: number): void {
    const places = this.#places
    const wipe = (counters: Numbers, resource: number): void => {
      const start = places.start(block, resource)
      counters.fill(0, start, start + places.room(block, resource))
    }
    for (const { engine, before } of this.#followers) {
      before[block] = 0
      wipe(engine.matched, RESOURCE.rule)
      wipe(engine.returned, RESOURCE.rule)
      wipe(engine.shuffledEnded, RESOURCE.slot)
      wipe(engine.shuffledEvaluated, RESOURCE.slot)
    }
  }

  /** As ruleTallies. `blocks`: all there are. */
  tallies(engine: Engine, blocks: readonly LiveBlock[]): RuleTallies {
    if (engine.nodeOrderKey !== 0) throw new Error('endNode comes before ruleTallies')
    const { before } = this.#followers.find(follower => follower.engine === engine)!
    foldStretches(engine)
    const { ruleCount, blockCount, viewCount, hookBlock } = this.#program
    const chainEntries = before.slice(0, blockCount)
    for (let at = 0; at < viewCount * HOOK_COUNT; at++)
      if (hookBlock[at] >= 0) chainEntries[hookBlock[at]] += engine.hookEntries[at]
    const tallies = { chainEntries, evaluated: new Float64Array(ruleCount) }
    // Callers nest deeper than what they call.
    for (const { index, firstRule, chain } of blocks.toSorted((a, b) => b.depth - a.depth)) {
      const dispatch = this.#places.start(index, RESOURCE.dispatch)
      const dispatchEnd = dispatch + this.#places.room(index, RESOURCE.dispatch)
      tallyBlock(engine, tallies, {
        block: index,
        firstRule,
        ruleEnd: firstRule + chain.rules.length,
        dispatch,
        dispatchEnd,
      })
    }
    return { ...tallies, matched: engine.matched.slice(0, ruleCount), policy: engine.policyHits.slice() }
  }
}

const fitted = <A extends Numbers>(counters: A, length: number): A =>
  counters.length < length ? grown(counters, length) : counters

const NOBODY = { localAddresses: [], podPrefixes: [], uplinkName: '', podInterfaceName: '' }
