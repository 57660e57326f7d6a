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

export interface Block {
  /** Place in Interned.blocks. */
  readonly index: number
  readonly table: TableName
  readonly chain: Chain
  /** Rule ids of the chain: firstRule … firstRule + rules - 1. */
  readonly firstRule: number
  /** Where its jumps and gotos lead, one block per such rule, in rule order. */
  readonly targets: readonly Block[]
  /** A hash of the targets, so that a chain with a block per node still finds its own at once. */
  readonly targetHash: number
  /** Jumps that may be open below and in this block. */
  readonly depth: number
  /** Upper bound of the rules one walk evaluates. */
  readonly walkBound: number
  /** Bits of the verdicts with a home (HOMED_VERDICTS) in and below this block. */
  readonly homedVerdicts: number
}

export interface Interned {
  readonly family: IpFamily
  readonly blocks: readonly Block[]
  readonly ruleCount: number
  /** Why a node without a memory cannot evaluate these rules. */
  readonly needsMemory: Problem | undefined
  /** Per view, per HOOK: the built-in chain's block. */
  readonly hooks: readonly (readonly (Block | undefined)[])[]
  /** The block of every chain of one of the views. */
  blockOf(ruleset: Ruleset, table: TableName, chain: string): Block | undefined
}

/** A chain that may walk more rules for one packet than this is refused: the kernel would hang in it. */
const WALK_BOUND = 1_000_000_000

export function internChains(views: readonly Ruleset[]): E.Either<Problem, Interned> {
  const family = views[0]?.family ?? 4
  const store: Store = {
    family,
    blocks: [],
    ruleCount: 0,
    needsMemory: undefined,
    known: new Map(),
  }
  const tables = new Map<Table, ReadonlyMap<string, Block>>()
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
        const outcome = resolveTable(store, table)
        if (E.isLeft(outcome)) return outcome
        resolved = outcome.right
        tables.set(table, resolved)
      }
      for (let hook = 0; hook < HOOK_COUNT; hook++)
        if (HOOK_CHAINS[hook][0] === table.name) ofView[hook] = resolved.get(HOOK_CHAINS[hook][1])
    }
    hooks.push(ofView)
  }
  const { blocks, ruleCount, needsMemory } = store
  const blockOf: Interned['blockOf'] = (ruleset, tableName, chain) => {
    const table = ruleset.tables.find(t => t.name === tableName)
    return table === undefined ? undefined : tables.get(table)?.get(chain)
  }
  return E.right({ family, blocks, ruleCount, needsMemory, hooks, blockOf })
}

interface Store {
  readonly family: IpFamily
  readonly blocks: Block[]
  ruleCount: number
  needsMemory: Problem | undefined
  /** Tables may share Chain objects (an empty canary, say) but not blocks. */
  readonly known: Map<TableName, Map<Chain, KnownChain>>
}

/** A chain whose rules were checked. */
interface KnownChain {
  readonly chain: Chain
  /** Target and rule index of each jump and goto. */
  readonly targets: readonly string[]
  readonly rules: readonly number[]
  readonly homedVerdicts: number
  /** One for each set of blocks that its targets are in some view. */
  readonly blocks: Block[]
}

interface Frame {
  readonly name: string
  readonly known: KnownChain
  readonly targets: Block[]
}

/** Depth first with a stack of its own: a user's chains nest as deep as they like. */
function resolveTable(store: Store, table: Table): E.Either<Problem, ReadonlyMap<string, Block>> {
  const resolved = new Map<string, Block>()
  const builtin = new Set(BUILTIN_CHAINS[table.name])
  const open = new Set<string>()
  const stack: Frame[] = []
  const enter = (name: string, chain: Chain): Problem | undefined => {
    const checked = checkChain(store, table.name, chain)
    if (E.isLeft(checked)) return checked.left
    const known = checked.right
    if (known.targets.length === 0) return leave(name, known, NO_TARGETS)
    open.add(name)
    stack.push({ name, known, targets: [] })
    return undefined
  }
  const leave = (name: string, known: KnownChain, targets: readonly Block[]): Problem | undefined => {
    const block = intern(store, table.name, known, targets)
    resolved.set(name, block)
    return refuseHook(table.name, name, builtin, block)
  }
  for (const [rootName, root] of table.chains) {
    if (resolved.has(rootName)) continue
    const refused = enter(rootName, root)
    if (refused !== undefined) return E.left(refused)
    while (stack.length > 0) {
      const frame = stack[stack.length - 1]
      const next = frame.targets.length
      if (next === frame.known.targets.length) {
        const outOfPlace = leave(frame.name, frame.known, frame.targets)
        if (outOfPlace !== undefined) return E.left(outOfPlace)
        open.delete(frame.name)
        stack.pop()
        continue
      }
      const name = frame.known.targets[next]
      const block = resolved.get(name)
      if (block !== undefined && !builtin.has(name)) {
        frame.targets.push(block)
        continue
      }
      const problem = builtin.has(name)
        ? badInput(
            { field: rulePlace(table.name, frame.name, frame.known.rules[next]) },
            `the rule goes to built-in chain ${quoted(name)}`,
            'go to a chain of your own',
          )
        : (refuseLoopTo(table, open, name) ?? enterTarget(table, frame, next, name, enter))
      if (problem !== undefined) return E.left(problem)
    }
  }
  return E.right(resolved)
}

const NO_TARGETS: readonly Block[] = []

function enterTarget(
  table: Table,
  { name: from, known }: Frame,
  next: number,
  name: string,
  enter: (name: string, chain: Chain) => Problem | undefined,
): Problem | undefined {
  const chain = table.chains.get(name)
  return chain === undefined ? refuseMissingChain(table.name, from, known.rules[next], name) : enter(name, chain)
}

function refuseLoopTo(table: Table, open: ReadonlySet<string>, name: string): Problem | undefined {
  if (!open.has(name)) return undefined
  const path = [...open]
  return refuseLoop(table.name, [...path.slice(path.indexOf(name)), name])
}

function refuseHook(table: TableName, name: string, builtin: ReadonlySet<string>, block: Block): Problem | undefined {
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

/** Checks the chain's rules, once per Chain object and table, and lists where they go. */
function checkChain(store: Store, table: TableName, chain: Chain): E.Either<Problem, KnownChain> {
  const known = entry(store.known, table)
  const seen = known.get(chain)
  if (seen !== undefined) return E.right(seen)
  const targets: string[] = []
  const rules: number[] = []
  let homedVerdicts = 0
  for (let i = 0; i < chain.rules.length; i++) {
    const rule = chain.rules[i]
    const refused = refuseRule(store.family, table, chain, i, rule)
    if (refused !== undefined) return E.left(refused)
    if (store.needsMemory === undefined) {
      const asks = asksMemory(rule)
      if (asks !== undefined) store.needsMemory = refuseForgetting(table, chain.name, i, asks)
    }
    const verdict = rule.verdict
    if (verdict === undefined) continue
    if (verdict.kind === 'jump' || verdict.kind === 'goto') {
      targets.push(verdict.chain)
      rules.push(i)
    } else {
      const bit = HOMED_VERDICTS.indexOf(verdict.kind)
      if (bit >= 0) homedVerdicts |= 1 << bit
    }
  }
  const checked = { chain, targets, rules, homedVerdicts, blocks: [] }
  known.set(chain, checked)
  return E.right(checked)
}

function intern(store: Store, table: TableName, known: KnownChain, targets: readonly Block[]): Block {
  const { chain, blocks } = known
  let targetHash = 0
  for (const target of targets) targetHash = Math.imul(targetHash ^ target.index, 0x21f0aaad) + 1
  const same = blocks.find(b => b.targetHash === targetHash && b.targets.every((t, i) => t === targets[i]))
  if (same !== undefined) return same
  let depth = 0
  let walkBound = chain.rules.length
  let { homedVerdicts } = known
  for (const target of targets) {
    depth = Math.max(depth, target.depth)
    walkBound += target.walkBound
    homedVerdicts |= target.homedVerdicts
  }
  const block: Block = {
    index: store.blocks.length,
    table,
    chain,
    firstRule: store.ruleCount,
    targets,
    targetHash,
    depth: depth + 1,
    walkBound,
    homedVerdicts,
  }
  store.blocks.push(block)
  store.ruleCount += chain.rules.length
  blocks.push(block)
  return block
}

function entry<V>(byTable: Map<TableName, Map<Chain, V>>, table: TableName): Map<Chain, V> {
  let found = byTable.get(table)
  if (found === undefined) {
    found = new Map()
    byTable.set(table, found)
  }
  return found
}
