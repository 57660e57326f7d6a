/**
 * Rulesets of one or many nodes -> one Program for evaluate. Chains are checked and interned (intern-chains.ts); each
 * block is cut into segments (segment-chain.ts) and encoded as it is found, when the code its jumps lead to is already there (program.ts).
 *
 * Identical Chain objects of different views are encoded once. Cost: about linear in the rules of distinct chains plus the chains of
 * distinct Table objects; no step looks at a rule twice.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { Problem } from '../problem/problem.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { encodeChain } from './encode-chain.ts'
import type { Encoder } from './encoder.ts'
import { newEncoder } from './encoder.ts'
import type { Interned } from './intern-chains.ts'
import { internChains } from './intern-chains.ts'
import type { Program } from './program.ts'
import { HOOK_COUNT } from './program.ts'
import { push, toShared } from './word-list.ts'

/** All views are of one family. View v of the program is `views[v]`. Rules that ask a node's memory are refused unless it `remembers`. */
export const compile = (views: readonly Ruleset[], remembers = false): E.Either<Problem, Program> =>
  pipe(
    compileInterned(views),
    E.filterOrElseW(
      ({ interned }) => remembers || interned.needsMemory === undefined,
      ({ interned }) => interned.needsMemory!,
    ),
    E.map(({ program }) => program),
  )

export interface Compiled {
  readonly program: Program
  readonly interned: Interned
}

/** For those who name rules by their ids, and may remember. Each block is encoded while its rules are at hand: reading them is what takes the time. */
export function compileInterned(views: readonly Ruleset[]): E.Either<Problem, Compiled> {
  const encoder = newEncoder(views[0]?.family ?? 4)
  return pipe(
    internChains(views, block => encodeChain(encoder, block)),
    E.map(interned => ({ interned, program: programOf(interned, encoder) })),
  )
}

function programOf({ blocks, hooks, family, ruleCount }: Interned, encoder: Encoder): Program {
  const viewHooks = hooks.length * HOOK_COUNT
  const hookPc = new Int32Array(new SharedArrayBuffer(4 * viewHooks)).fill(-1)
  const hookBlock = new Int32Array(new SharedArrayBuffer(4 * viewHooks)).fill(-1)
  const hookDrops = new Uint8Array(new SharedArrayBuffer(viewHooks))
  hooks.forEach((ofView, view) => {
    ofView.forEach((block, hook) => {
      if (block === undefined) return
      const at = view * HOOK_COUNT + hook
      hookPc[at] = encoder.blockPc.words[block.index]
      hookBlock[at] = block.index
      hookDrops[at] = block.chain.policy === 'DROP' ? 1 : 0
    })
  })
  push(encoder.blockRuleStart, ruleCount)
  return {
    family,
    viewCount: hooks.length,
    ruleCount,
    blockCount: blocks.length,
    maxDepth: blocks.reduce((deepest, b) => Math.max(deepest, b.depth), 0),
    hookPc,
    hookBlock,
    hookDrops,
    ...finish(encoder),
  }
}

function finish(encoder: Encoder) {
  const dnatCount = encoder.dnatRule.length
  const dnatAddress = new Uint32Array(new SharedArrayBuffer(16 * dnatCount))
  dnatAddress.set(encoder.dnatAddress.words.subarray(0, 4 * dnatCount))
  return {
    code: toShared(encoder.code),
    dnatCount,
    dnatAddress,
    dnatPort: toShared(encoder.dnatPort),
    dnatRule: toShared(encoder.dnatRule),
    blockRuleStart: toShared(encoder.blockRuleStart),
    ruleEnds: toShared(encoder.ruleEnds),
    ruleTarget: toShared(encoder.ruleTarget),
    thresholds: toShared(encoder.thresholds),
    dispatchCount: encoder.dispatchCount,
    dispatch: toShared(encoder.dispatch),
    dispatchSlotCount: encoder.dispatchSlotCount,
    dispatchEntries: toShared(encoder.dispatchEntries),
    interfacePatterns: [...encoder.interfacePatterns.keys()],
    rare: encoder.rare,
    natPorts: toShared(encoder.natPorts),
    translations: encoder.translations,
    nthStarts: encoder.nthStarts,
    limitCredits: encoder.limitCredits,
    recentStamps: Array.from(encoder.recentLists.values(), list => list.stamps),
  }
}
