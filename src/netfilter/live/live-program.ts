/**
 * A program that follows its rules as they change: compiled once, then given deltas. After each it is evaluated as a fresh compile of the
 * changed rulesets would be, rule by rule and counter by counter, and a delta that a compile would refuse changes nothing.
 *
 * A delta costs what it writes, whatever else the tables hold: new blocks are encoded where there is room, the jumps of unchanged callers
 * are patched. Views share blocks as in compile; a view that parts from the others gets callers of its own, up to the built-in chains.
 * For one thread, and for rules that ask no memory; what was learned of a program (hop-memo.ts, prices) holds up to the next delta.
 *
 * Models iptables-restore --noflush of one table: all of it or nothing, counters as in live-counters.ts.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Problem } from '../../problem/problem.ts'
import type { Chain, Ruleset, Table, TableName } from '../../ruleset/ruleset.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { ChainPlace } from '../chain-directory.ts'
import { compile } from '../compile.ts'
import type { Engine } from '../engine.ts'
import { type Interned, internChains } from '../intern-chains.ts'
import { HOOK_CHAINS, HOOK_COUNT, type Program } from '../program.ts'
import type { RuleTallies } from '../rule-tallies.ts'
import { BlockStore } from './block-store.ts'
import { type ChainDelta, withDelta } from './chain-delta.ts'
import { type CheckedDelta, checkDelta } from './checked-delta.ts'
import type { LiveBlock } from './live-block.ts'
import { blockOf, planDelta, type Step } from './plan-delta.ts'

/** All views are of one family. */
export function compileLive(views: readonly Ruleset[]): E.Either<Problem, LiveProgram> {
  const store = new BlockStore(views[0]?.family ?? 4, views.length)
  const interned = internChains(views, block => store.append(block))
  if (E.isLeft(interned)) return interned
  const { needsMemory } = interned.right
  return needsMemory === undefined ? E.right(new LiveProgram(store, views, interned.right)) : E.left(needsMemory)
}

/** A table as one view has it, or several alike. */
interface LiveTable {
  readonly name: TableName
  /** In the order of the table's chains. */
  readonly blocks: Map<string, LiveBlock>
  views: number[]
}

/** Those views of a table that a delta changes, and how. */
interface Plan {
  readonly table: LiveTable
  readonly views: number[]
  readonly steps: readonly Step[]
}

export class LiveProgram {
  readonly #store: BlockStore
  #tables: readonly LiveTable[]
  /** Per view, in the order they are printed. */
  readonly #ofView: LiveTable[][]

  /** `interned`: of these views, whose blocks are the store's. */
  constructor(store: BlockStore, views: readonly Ruleset[], interned: Interned) {
    this.#store = store
    const blocks = store.all()
    const live = new Map<Table, LiveTable>()
    for (const [table, resolved] of interned.tables) {
      const made: LiveTable = { name: table.name, blocks: new Map(), views: [] }
      for (const [name, { block }] of resolved) hold(made, name, blocks[block!.index])
      live.set(table, made)
    }
    this.#tables = [...live.values()]
    this.#ofView = views.map(({ tables }) => tables.map(table => live.get(table)!))
    this.#ofView.forEach((ofView, view) => {
      for (const { views: itsViews } of ofView) itsViews.push(view)
    })
    store.refresh()
    for (const table of this.#tables) this.#hook(table)
  }

  /** The same object after every delta; its lists are longer than what is in them. */
  get program(): Program {
    return this.#store.program
  }

  /** An engine that follows the program as long as there is one. */
  newEngine(seed: StreamSeed): Engine {
    return this.#store.counters.newEngine(seed)
  }

  /** Counters of an engine so far, by rule ids and blocks as `place` has them. */
  tallies(engine: Engine): RuleTallies {
    return this.#store.counters.tallies(engine, this.#store.all())
  }

  /** Where a view's chain is now; undefined: there is none. */
  place(view: number, table: TableName, name: string): ChainPlace | undefined {
    const block = this.#ofView[view].find(t => t.name === table)?.blocks.get(name)
    return block && { table, chain: block.chain, firstRule: block.firstRule, block: block.index }
  }

  /** The views as they are now. */
  rulesets(): Ruleset[] {
    const { family } = this.#store.program
    const tables = new Map<LiveTable, Table>()
    for (const table of this.#tables) {
      const chains = new Map<string, Chain>()
      for (const [name, { chain }] of table.blocks) chains.set(name, chain)
      tables.set(table, { name: table.name, chains })
    }
    return this.#ofView.map(ofView => ({ family, tables: ofView.map(t => tables.get(t)!) }))
  }

  /** Between nodes only (after endNode). Of a refused delta: what a compile of the changed rulesets says. */
  apply(delta: ChainDelta): E.Either<Problem, void> {
    const store = this.#store
    const checked = checkDelta(store.program.family, delta)
    if (checked === undefined) return this.#refusal(delta)
    const plans: Plan[] = []
    for (const [table, views] of this.#touched(delta)) {
      const steps = planDelta(store, table.blocks, checked)
      if (steps === undefined) return this.#refusal(delta)
      if (steps.length > 0 || checked.removed.values().some(name => table.blocks.has(name)))
        plans.push({ table, views, steps })
    }
    store.counters.fold()
    this.#commit(plans, checked)
    return E.right(undefined)
  }

  #commit(plans: readonly Plan[], { chains, removed }: CheckedDelta): void {
    const store = this.#store
    const changed = plans.map(plan => ({ table: this.#own(plan), steps: plan.steps }))
    // New chains stand in the order of the delta, whatever they call.
    for (const { table } of changed)
      for (const name of chains.keys()) if (!table.blocks.has(name)) table.blocks.set(name, UNSETTLED)
    const steps = changed.flatMap(({ table, steps }) => steps.map(step => ({ table, step })))
    // Tables that share a caller come to it one after the other, when its callees are settled in all of them.
    if (changed.length > 1) steps.sort((a, b) => a.step.depth - b.step.depth)
    const left: LiveBlock[] = []
    for (const { table, step } of steps) this.#settle(table, step, left)
    for (const { table } of changed) {
      for (const name of removed) hold(table, name, undefined, left)
      this.#hook(table)
    }
    store.release(left)
    store.refresh()
  }

  /** A full compile finds the words: it looks at everything in its own order. */
  #refusal(delta: ChainDelta): E.Either<Problem, void> {
    const compiled = compile(withDelta(this.rulesets(), delta))
    if (E.isRight(compiled)) throw new Error('a delta was refused that compiles')
    return compiled
  }

  /** The tables that a delta names, each with those of its views that change; a table that comes into being has none so far. */
  #touched({ table: name, chains, views: named }: ChainDelta): Map<LiveTable, number[]> {
    const touched = new Map<LiveTable, number[]>()
    let fresh: LiveTable | undefined
    for (const view of named === undefined ? this.#ofView.keys() : new Set(named)) {
      let table = this.#ofView[view].find(t => t.name === name)
      if (table === undefined && chains.length > 0) {
        fresh ??= { name, blocks: new Map(), views: [] }
        table = fresh
      }
      if (table === undefined) continue
      const views = touched.get(table)
      if (views === undefined) touched.set(table, [view])
      else views.push(view)
    }
    return touched
  }

  /** The table of these views alone: a copy where others stay behind. */
  #own({ table, views }: Plan): LiveTable {
    if (table.views.length === views.length) return table
    const own: LiveTable = { name: table.name, blocks: new Map(), views }
    for (const [name, block] of table.blocks) hold(own, name, block)
    table.views = table.views.filter(view => !views.includes(view))
    this.#tables = [...this.#tables, own]
    for (const view of views) {
      const ofView = this.#ofView[view]
      const at = ofView.indexOf(table)
      ofView[at < 0 ? ofView.length : at] = own
    }
    return own
  }

  /** Gives the table the step's block: patched, shared with another table, or new. */
  #settle(table: LiveTable, step: Step, left: LiveBlock[]): void {
    const store = this.#store
    const { chain, written, calls } = step
    const callees = step.callees.map(blockOf)
    if (written === undefined) {
      const caller = step.block!
      if (this.#isAlike(table, caller, callees)) {
        calls.forEach((call, i) => {
          if (store.targetOf(call) !== callees[i]) store.retarget(call, callees[i])
        })
        store.bound(caller, step)
        return
      }
    }
    const targets = written === undefined ? this.#targetsOf(table, step.block!) : callees
    const block = this.#shared(table, chain, targets) ?? store.create(chain, targets, step)
    hold(table, chain.name, block, left)
    step.block = block
  }

  /** Where the rules of a table's chain lead. */
  #targetsOf({ blocks }: LiveTable, block: LiveBlock): LiveBlock[] {
    return this.#store.callingRules(block).map(call => blocks.get(this.#store.targetOf(call).chain.name)!)
  }

  /** Whether these chains are these blocks in all tables that hold the caller. */
  #isAlike(table: LiveTable, caller: LiveBlock, callees: readonly LiveBlock[]): boolean {
    if (caller.holders === 1) return true
    return this.#tables.every(
      other =>
        other === table ||
        other.blocks.get(caller.chain.name) !== caller ||
        callees.every(callee => other.blocks.get(callee.chain.name) === callee),
    )
  }

  /** Another table's block of the same chain that leads to the same blocks. */
  #shared(table: LiveTable, chain: Chain, targets: readonly LiveBlock[]): LiveBlock | undefined {
    for (const other of this.#tables) {
      const block = other === table || other.name !== table.name ? undefined : other.blocks.get(chain.name)
      if (block?.chain !== chain) continue
      const calls = this.#store.callingRules(block)
      if (calls.every((call, i) => this.#store.targetOf(call) === targets[i])) return block
    }
    return undefined
  }

  /** Shows the program the table's built-in chains. */
  #hook({ name, blocks, views }: LiveTable): void {
    const store = this.#store
    const { hookBlock, hookPc, hookDrops } = store.program
    for (let hook = 0; hook < HOOK_COUNT; hook++) {
      if (HOOK_CHAINS[hook][0] !== name) continue
      const block = blocks.get(HOOK_CHAINS[hook][1])
      const index = block?.index ?? -1
      for (const view of views) {
        const at = view * HOOK_COUNT + hook
        if (hookBlock[at] === index) continue
        store.counters.moveHook(at, hookBlock[at], index)
        hookBlock[at] = index
        hookPc[at] = block === undefined ? -1 : store.pcOf(block)
        hookDrops[at] = block?.chain.policy === 'DROP' ? 1 : 0
      }
    }
  }
}

/** Stands for a new chain's block as long as there is none. */
const UNSETTLED: LiveBlock = {
  index: -1,
  chain: { name: '', rules: [] },
  firstRule: -1,
  depth: 0,
  walkBound: 0,
  ownVerdicts: 0,
  homedVerdicts: 0,
  holders: Number.POSITIVE_INFINITY,
}

/** The chain's block is this one in the table from now on; undefined: the chain is gone. `left` gathers blocks that no table holds any more. */
function hold({ blocks }: LiveTable, name: string, block: LiveBlock | undefined, left: LiveBlock[] = []): void {
  const before = blocks.get(name)
  if (block === undefined) blocks.delete(name)
  else {
    blocks.set(name, block)
    block.holders++
  }
  if (before !== undefined && --before.holders === 0) left.push(before)
}
