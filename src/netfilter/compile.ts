/**
 * Rulesets of one or many nodes -> one Program for evaluate. Passes: check and intern (intern-chains.ts), cut into segments
 * (segment-chain.ts), encode (here: blocks in order, so the code a jump leads to is already there; grammar in program.ts).
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
import { toShared } from './word-list.ts'

/** All views are of one family. View v of the program is `views[v]`. Rules that ask a node's memory are refused unless it `remembers`. */
export const compile = (views: readonly Ruleset[], remembers = false): E.Either<Problem, Program> =>
  pipe(
    internChains(views),
    E.filterOrElseW(
      interned => remembers || interned.needsMemory === undefined,
      interned => interned.needsMemory!,
    ),
    E.map(encodeProgram),
  )

/** The second half of compile, for callers that keep the interned chains to name rules by their ids. */
export function encodeProgram(interned: Interned): Program {
  const { blocks, hooks, family, ruleCount } = interned
  const encoder = newEncoder(interned)
  for (const block of blocks) encodeChain(encoder, block)
  const viewHooks = hooks.length * HOOK_COUNT
  const hookPc = new Int32Array(new SharedArrayBuffer(4 * viewHooks)).fill(-1)
  const hookBlock = new Int32Array(new SharedArrayBuffer(4 * viewHooks)).fill(-1)
  const hookDrops = new Uint8Array(new SharedArrayBuffer(viewHooks))
  hooks.forEach((ofView, view) => {
    ofView.forEach((block, hook) => {
      if (block === undefined) return
      const at = view * HOOK_COUNT + hook
      hookPc[at] = encoder.blockPc[block.index]
      hookBlock[at] = block.index
      hookDrops[at] = block.chain.policy === 'DROP' ? 1 : 0
    })
  })
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
  const dnatPort = new Uint16Array(new SharedArrayBuffer(2 * dnatCount))
  dnatPort.set(encoder.dnatPort.words.subarray(0, dnatCount))
  const thresholds = new Float64Array(new SharedArrayBuffer(8 * encoder.thresholdCount))
  for (const { start, values } of encoder.thresholdRuns.values()) thresholds.set(values, start)
  return {
    code: toShared(encoder.code),
    dnatCount,
    dnatAddress,
    dnatPort,
    dnatRule: toShared(encoder.dnatRule),
    blockRuleStart: encoder.blockRuleStart,
    ruleEnds: encoder.ruleEnds,
    ruleTarget: encoder.ruleTarget,
    thresholds,
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
