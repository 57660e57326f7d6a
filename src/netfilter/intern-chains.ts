/**
 * First pass of the compiler: checks the rulesets of all views and interns their chains as blocks. A block is a Chain object together
 * with the blocks its rules go to, so chains that views share (the same object, leading to the same blocks) are one block, with one
 * set of rule ids. Deterministic: whoever reports counters interns the same rulesets again and gets the same ids.
 *
 * Blocks stand bottom-up: a block comes after all blocks it goes to. Cost: a hash look-up per chain and view, nothing for a Table object
 * seen before. Models iptables-restore and the kernel's check of a table (missing chains, loops, verdicts out of place); stricter in
 * one point: loops among chains that nothing calls are refused too.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IpFamily } from '../net/ip.ts'
import type { Problem } from '../problem/problem.ts'
import { badInput, quoted } from '../problem/problem.ts'
import type { Chain, Ruleset, Table, TableName, Verdict } from '../ruleset/ruleset.ts'
import { BUILTIN_CHAINS } from '../ruleset/ruleset.ts'
import { asksMemory } from './memory/asks-memory.ts'
import { HOOK_CHAINS, HOOK_COUNT } from './program.ts'
import {
  refuseForgetting,
  refuseLoop,
  refuseMissingChain,
  refuseRule,
  refuseVerdictBelow,
  rulePlace,
  VERDICT_HOMES,
} from './refusal.ts'

/** What a jump's code needs to know of where it leads. */
export interface TargetBlock {
  /** Place in Interned.blocks. */
  readonly index: number
  readonly chain: Chain
}

/** What a chain's code is made of. */
export interface EncodedBlock extends TargetBlock {
  /** Rule ids of the chain: firstRule … firstRule + rules - 1. */
  readonly firstRule: number
  /** Where its jumps and gotos lead, one block per such rule, in rule order. */
  readonly targets: readonly TargetBlock[]
}

/** What its callers depend on. */
export interface BlockBounds {
  /** Jumps that may be open below and in this block. */
  readonly depth: number
  /** Upper bound of the rules one walk evaluates. */
  readonly walkBound: number
  /** Bits of the verdicts with a home (homeBit) in this block; in and below it. */
  readonly ownVerdicts: number
  readonly homedVerdicts: number
}

export interface Block extends EncodedBlock, BlockBounds {
  readonly table: TableName
  readonly targets: readonly Block[]
  /** A hash of the targets, so that a chain with a block per node still finds its own soon. */
  readonly targetHash: number
  /** The block that its chain had last, in another view. */
  readonly before: Block | undefined
}

export interface Interned {
  readonly family: IpFamily
  readonly blocks: readonly Block[]
  readonly ruleCount: number
  /** Why a node without a memory cannot evaluate these rules. */
  readonly needsMemory: Problem | undefined
  /** Per view, per HOOK: the built-in chain's block. */
  readonly hooks: readonly (readonly (Block | undefined)[])[]
  /** What every Table object's chains came to, in its order. */
  readonly tables: ReadonlyMap<Table, ReadonlyMap<string, Resolved>>
}

/** A chain of a table: its block, once that is known. */
export interface Resolved {
  readonly chain: Chain
  isBuiltin: boolean
  /** Under way. */
  isOpen: boolean
  block: Block | undefined
}

/** A chain that may walk more rules for one packet than this is refused: the kernel would hang in it. */
const WALK_BOUND = 1_000_000_000

/** `entered` hears of each block once, in order: its rules were read a moment ago, and what it goes to stands already. */
export function internChains(
  views: readonly Ruleset[],
  entered: (block: Block) => void = () => undefined,
): E.Either<Problem, Interned> {
  const family = views[0]?.family ?? 4
  const known = knownBlocks(views)
  const store: Store = { family, blocks: [], ruleCount: 0, needsMemory: undefined, known, entered }
  const tables = new Map<Table, ReadonlyMap<string, Resolved>>()
  const hooks: (Block | undefined)[][] = []
  for (const ruleset of views) {
    if (ruleset.family !== family)
      return E.left(badInput({}, 'one program holds rulesets of both families', 'compile each family on its own'))
    const ofView: (Block | undefined)[] = new Array(HOOK_COUNT).fill(undefined)
    const seen = new Set<TableName>()
    for (const table of ruleset.tables) {
      if (seen.has(table.name))
        return E.left(badInput({ field: `table ${table.name}` }, 'the table stands twice', 'join its two parts'))
      seen.add(table.name)
      let resolved = tables.get(table)
      if (resolved === undefined) {
        const walk = new TableWalk(store, table)
        const refused = walk.refused()
        if (refused !== undefined) return E.left(refused)
        resolved = walk.resolved
        tables.set(table, resolved)
      }
      for (let hook = 0; hook < HOOK_COUNT; hook++)
        if (HOOK_CHAINS[hook][0] === table.name) ofView[hook] = resolved.get(HOOK_CHAINS[hook][1])?.block
    }
    hooks.push(ofView)
  }
  const { blocks, ruleCount, needsMemory } = store
  return E.right({ family, blocks, ruleCount, needsMemory, hooks, tables })
}

interface Store {
  readonly family: IpFamily
  readonly blocks: Block[]
  ruleCount: number
  needsMemory: Problem | undefined
  /** The last block of each chain, for tables that views have several of. Tables may share Chain objects (an empty canary, say) but not blocks. */
  readonly known: ReadonlyMap<TableName, Map<Chain, Block>>
  readonly entered: (block: Block) => void
}

function knownBlocks(views: readonly Ruleset[]): Map<TableName, Map<Chain, Block>> {
  const first = new Map<TableName, Table>()
  const known = new Map<TableName, Map<Chain, Block>>()
  for (const { tables } of views)
    for (const table of tables) {
      const other = first.get(table.name)
      if (other === undefined) first.set(table.name, table)
      else if (other !== table && !known.has(table.name)) known.set(table.name, new Map())
    }
  return known
}

/** A chain under way. */
interface Frame {
  resolved: Resolved
  /** One of its blocks, if its rules were checked before: where they go is known then. */
  known: Block | undefined
  /** Rules looked at so far, of a chain that is not known. */
  rule: number
  /** Where the blocks that it goes to begin among the walk's. */
  firstTarget: number
  homedVerdicts: number
}

/** Depth first with a stack of its own: a user's chains nest as deep as they like. */
class TableWalk {
  /** One look-up a jump: they take a good part of the time. */
  readonly resolved = new Map<string, Resolved>()
  readonly #store: Store
  readonly #table: Table
  readonly #known: Map<Chain, Block> | undefined
  readonly #builtin: ReadonlySet<string>
  /** Frames are taken again: the chains under way are the first `#depth`. */
  readonly #frames: Frame[] = []
  #depth = 0
  /** Blocks that the chains under way go to, those of one chain behind those of its callers. */
  readonly #targets: Block[] = []
  #targetCount = 0
  #only: readonly Block[] = NO_TARGETS

  constructor(store: Store, table: Table) {
    this.#store = store
    this.#table = table
    this.#known = store.known.get(table.name)
    this.#builtin = new Set(BUILTIN_CHAINS[table.name])
    for (const [name, chain] of table.chains)
      this.resolved.set(name, { chain, isBuiltin: false, isOpen: false, block: undefined })
    for (const name of this.#builtin) {
      const builtin = this.resolved.get(name)
      if (builtin !== undefined) builtin.isBuiltin = true
    }
  }

  /** Resolves every chain of the table; answers what it may not contain. */
  refused(): Problem | undefined {
    for (const root of this.resolved.values()) {
      if (root.block !== undefined) continue
      this.#enter(root)
      while (this.#depth > 0) {
        const problem = this.#step(this.#frames[this.#depth - 1])
        if (problem !== undefined) return problem
      }
    }
    return undefined
  }

  #enter(resolved: Resolved): void {
    resolved.isOpen = true
    const frame = this.#frames[this.#depth++]
    const known = this.#known?.get(resolved.chain)
    const firstTarget = this.#targetCount
    const homedVerdicts = known?.ownVerdicts ?? 0
    if (frame === undefined) this.#frames.push({ resolved, known, rule: 0, firstTarget, homedVerdicts })
    else {
      frame.resolved = resolved
      frame.known = known
      frame.rule = 0
      frame.firstTarget = firstTarget
      frame.homedVerdicts = homedVerdicts
    }
  }

  /** Goes on until the chain is left or another is entered. */
  #step(frame: Frame): Problem | undefined {
    while (true) {
      const next = frame.known === undefined ? this.#check(frame) : this.#recall(frame, frame.known)
      if (next === undefined) return this.#leave(frame)
      if (typeof next !== 'string') return next
      const target = this.resolved.get(next)
      if (target?.block === undefined || target.isBuiltin) return this.#enterTarget(frame, next, target)
      this.#targets[this.#targetCount++] = target.block
    }
  }

  /** Checks rules up to one that goes somewhere, and says where. */
  #check(frame: Frame): string | Problem | undefined {
    const { chain } = frame.resolved
    const { rules } = chain
    const store = this.#store
    while (frame.rule < rules.length) {
      const i = frame.rule++
      const rule = rules[i]
      const refused = refuseRule(store.family, this.#table.name, chain, i, rule)
      if (refused !== undefined) return refused
      if (store.needsMemory === undefined) {
        const asks = asksMemory(rule)
        if (asks !== undefined) store.needsMemory = refuseForgetting(this.#table.name, chain.name, i, asks)
      }
      const { verdict } = rule
      if (verdict === undefined) continue
      if (verdict.kind === 'jump' || verdict.kind === 'goto') return verdict.chain
      frame.homedVerdicts |= homeBit(verdict)
    }
    return undefined
  }

  #recall({ firstTarget }: Frame, known: Block): string | undefined {
    return known.targets[this.#targetCount - firstTarget]?.chain.name
  }

  #enterTarget(frame: Frame, name: string, target: Resolved | undefined): Problem | undefined {
    const { name: table } = this.#table
    const { firstTarget } = frame
    const { chain } = frame.resolved
    const rule = (): number => jumpingRule(chain, this.#targetCount - firstTarget)
    if (this.#builtin.has(name))
      return badInput(
        { field: rulePlace(table, chain.name, rule()) },
        `the rule goes to built-in chain ${quoted(name)}`,
        'go to a chain of your own',
      )
    if (target === undefined) return refuseMissingChain(table, chain.name, rule(), name)
    if (target.isOpen) {
      const path = this.#frames.slice(0, this.#depth).map(f => f.resolved.chain.name)
      return refuseLoop(table, [...path.slice(path.indexOf(name)), name])
    }
    this.#enter(target)
    return undefined
  }

  #leave(frame: Frame): Problem | undefined {
    const { resolved } = frame
    const block = this.#intern(frame)
    resolved.block = block
    resolved.isOpen = false
    this.#targetCount = frame.firstTarget
    this.#depth--
    // The caller waits for it.
    if (this.#depth > 0) this.#targets[this.#targetCount++] = block
    return refuseHook(this.#table.name, resolved.chain.name, this.#builtin, block)
  }

  /** A list of one is shared with the chain before, if it leads to the same: endpoints' chains lead to the mark chain alone. */
  #targetsFrom(first: number): readonly Block[] {
    const count = this.#targetCount - first
    if (count === 0) return NO_TARGETS
    if (count > 1) return this.#targets.slice(first, this.#targetCount)
    if (this.#only[0] !== this.#targets[first]) this.#only = [this.#targets[first]]
    return this.#only
  }

  #intern({ resolved: { chain }, known, firstTarget, homedVerdicts: ownVerdicts }: Frame): Block {
    const store = this.#store
    const targets = this.#targetsFrom(firstTarget)
    let targetHash = 0
    let depth = 0
    let walkBound = chain.rules.length
    let homedVerdicts = ownVerdicts
    for (const target of targets) {
      targetHash = Math.imul(targetHash ^ target.index, 0x21f0aaad) + 1
      depth = Math.max(depth, target.depth)
      walkBound += target.walkBound
      homedVerdicts |= target.homedVerdicts
    }
    for (let same = known; same !== undefined; same = same.before)
      if (same.targetHash === targetHash && same.targets.every((t, i) => t === targets[i])) return same
    const block: Block = {
      index: store.blocks.length,
      table: this.#table.name,
      chain,
      firstRule: store.ruleCount,
      targets,
      targetHash,
      before: known,
      depth: depth + 1,
      walkBound,
      ownVerdicts,
      homedVerdicts,
    }
    store.blocks.push(block)
    store.ruleCount += chain.rules.length
    this.#known?.set(chain, block)
    store.entered(block)
    return block
  }
}

const NO_TARGETS: readonly Block[] = []

/** The chain's rule with jump or goto number `nth`. */
function jumpingRule({ rules }: Chain, nth: number): number {
  let seen = 0
  return rules.findIndex(({ verdict }) => (verdict?.kind === 'jump' || verdict?.kind === 'goto') && seen++ === nth)
}

/** What the walks from a chain may not come to; `builtin`: the table's built-in chains. */
export function refuseHook(
  table: TableName,
  name: string,
  builtin: ReadonlySet<string>,
  block: Pick<BlockBounds, 'walkBound' | 'homedVerdicts'>,
): Problem | undefined {
  if (block.walkBound > WALK_BOUND)
    return badInput(
      { field: `${table} ${name}` },
      'one packet could walk more than 1,000,000,000 rules from here',
      'untangle the jumps below this chain',
    )
  if (!builtin.has(name)) return undefined
  const wrong = HOMED_VERDICTS.find(
    (kind, bit) => (block.homedVerdicts & (1 << bit)) !== 0 && !VERDICT_HOMES[kind]?.hooks.includes(name),
  )
  return wrong === undefined ? undefined : refuseVerdictBelow(wrong, table, name)
}

const HOMED_VERDICTS = Object.keys(VERDICT_HOMES) as readonly Verdict['kind'][]

/** The verdict's bit among those with a home; 0: it may stand anywhere. */
export function homeBit({ kind }: Verdict): number {
  const bit = HOMED_VERDICTS.indexOf(kind)
  return bit < 0 ? 0 : 1 << bit
}
