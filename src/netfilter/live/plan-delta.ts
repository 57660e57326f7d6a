/**
 * What a delta means for one table: which chains get other rules, which callers of these go to other blocks, and the bounds of all of
 * them, callees first. Nothing is changed yet, so a delta that a full compile would refuse (a loop, a missing chain, a verdict out of place)
 * leaves everything as it was. Cost: the chains written, and their callers up to the built-in chains.
 */
import type { Chain } from '../../ruleset/ruleset.ts'
import { BUILTIN_CHAINS } from '../../ruleset/ruleset.ts'
import { type BlockBounds, refuseHook } from '../intern-chains.ts'
import type { BlockStore } from './block-store.ts'
import type { CheckedChain, CheckedDelta } from './checked-delta.ts'
import type { LiveBlock, Mutable } from './live-block.ts'

/** A chain that gets other rules, or calls one that does. */
export interface Step extends Mutable<BlockBounds> {
  readonly chain: Chain
  /** undefined: a caller whose rules are as they were. */
  readonly written: CheckedChain | undefined
  /** The chain's block so far, if it has one; then the one it has from now on. */
  block: LiveBlock | undefined
  /** Of a caller: its rules that lead to chains of other steps. */
  readonly calls: number[]
  /** Where `calls` lead, or all jumps and gotos of a chain that is written, in rule order. */
  readonly callees: (Step | LiveBlock)[]
}

/** Steps come after those of the chains they go to. undefined: refused. */
export function planDelta(
  store: BlockStore,
  blocks: ReadonlyMap<string, LiveBlock>,
  delta: CheckedDelta,
): Step[] | undefined {
  const builtin: ReadonlySet<string> = new Set(BUILTIN_CHAINS[delta.table])
  const steps = stepsOf(store, blocks, delta)
  if (steps === undefined || !findCallees(steps, blocks, delta, builtin)) return undefined
  const ordered = calleesFirst(steps.values())
  for (const step of ordered ?? []) {
    if (step.written === undefined) boundCaller(store, step, step.block!)
    else boundAbove(step, step.callees)
    if (refuseHook(delta.table, step.chain.name, builtin, step) !== undefined) return undefined
  }
  return ordered
}

const newStep = (chain: Chain, written: CheckedChain | undefined, block: LiveBlock | undefined): Step => ({
  chain,
  written,
  block,
  calls: [],
  callees: [],
  depth: 0,
  walkBound: 0,
  ownVerdicts: (written ?? block!).ownVerdicts,
  homedVerdicts: 0,
})

/** The chains that change and all that call them, directly or not. undefined: a caller of a removed chain stays. */
function stepsOf(
  store: BlockStore,
  blocks: ReadonlyMap<string, LiveBlock>,
  { chains, removed }: CheckedDelta,
): Map<string, Step> | undefined {
  const steps = new Map<string, Step>()
  const reached: Step[] = []
  for (const [name, written] of chains) {
    const block = blocks.get(name)
    if (block?.chain === written.chain) continue
    const step = newStep(written.chain, written, block)
    steps.set(name, step)
    reached.push(step)
  }
  /** The callers in this table whose rules stay. */
  function* callersOf(block: LiveBlock): Generator<[LiveBlock, number]> {
    for (const call of store.callsOf(block)) {
      const caller = store.callerOf(call)
      const { name } = caller.chain
      if (steps.get(name)?.written === undefined && !removed.has(name) && blocks.get(name) === caller)
        yield [caller, call]
    }
  }
  for (const callee of reached) {
    if (callee.block === undefined) continue
    for (const [caller, call] of callersOf(callee.block)) {
      let step = steps.get(caller.chain.name)
      if (step === undefined) {
        step = newStep(caller.chain, undefined, caller)
        steps.set(caller.chain.name, step)
        reached.push(step)
      }
      step.calls.push(call)
      step.callees.push(callee)
    }
  }
  for (const name of removed) {
    const block = blocks.get(name)
    if (block !== undefined && callersOf(block).next().done !== true) return undefined
  }
  return steps
}

/** Whether all chains that the written ones go to are there, and may be gone to. */
function findCallees(
  steps: ReadonlyMap<string, Step>,
  blocks: ReadonlyMap<string, LiveBlock>,
  { removed }: CheckedDelta,
  builtin: ReadonlySet<string>,
): boolean {
  for (const { written, callees } of steps.values())
    for (const name of written?.targets ?? []) {
      const callee = steps.get(name) ?? (removed.has(name) ? undefined : blocks.get(name))
      if (callee === undefined || builtin.has(name)) return false
      callees.push(callee)
    }
  return true
}

const isStep = (callee: Step | LiveBlock): callee is Step => 'callees' in callee

/** The block of a callee, once its step is done. */
export const blockOf = (callee: Step | LiveBlock): LiveBlock => (isStep(callee) ? callee.block! : callee)

/** undefined: they call each other in a loop. */
function calleesFirst(steps: Iterable<Step>): Step[] | undefined {
  const ordered: Step[] = []
  const seen = new Map<Step, 'open' | 'done'>()
  for (const root of steps) {
    if (seen.has(root)) continue
    const open = [{ step: root, next: 0 }]
    seen.set(root, 'open')
    while (open.length > 0) {
      const frame = open[open.length - 1]
      const { step } = frame
      if (frame.next === step.callees.length) {
        ordered.push(step)
        seen.set(step, 'done')
        open.pop()
        continue
      }
      const callee = step.callees[frame.next++]
      if (!isStep(callee)) continue
      const state = seen.get(callee)
      if (state === 'open') return undefined
      if (state === 'done') continue
      seen.set(callee, 'open')
      open.push({ step: callee, next: 0 })
    }
  }
  return ordered
}

function boundAbove(step: Step, callees: Iterable<BlockBounds>): void {
  let depth = 0
  let walkBound = step.chain.rules.length
  let homedVerdicts = step.ownVerdicts
  for (const callee of callees) {
    depth = Math.max(depth, callee.depth)
    walkBound += callee.walkBound
    homedVerdicts |= callee.homedVerdicts
  }
  step.depth = depth + 1
  step.walkBound = walkBound
  step.homedVerdicts = homedVerdicts
}

/** A caller's bounds follow from its old ones where its callees only gained; else all its callees are looked at. */
function boundCaller(store: BlockStore, step: Step, before: LiveBlock): void {
  step.depth = before.depth
  step.walkBound = before.walkBound
  step.homedVerdicts = before.homedVerdicts
  for (let i = 0; i < step.calls.length; i++) {
    const callee = step.callees[i]
    const old = store.targetOf(step.calls[i])
    const loses = (old.homedVerdicts & ~callee.homedVerdicts) !== 0
    if (loses || (callee.depth < old.depth && old.depth + 1 === before.depth)) {
      const changed = new Map(step.calls.map((call, n) => [call, step.callees[n]]))
      boundAbove(
        step,
        store.callingRules(before).map(call => changed.get(call) ?? store.targetOf(call)),
      )
      return
    }
    step.depth = Math.max(step.depth, callee.depth + 1)
    step.walkBound += callee.walkBound - old.walkBound
    step.homedVerdicts |= callee.homedVerdicts
  }
}
