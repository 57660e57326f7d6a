/**
 * Per-rule counters from an engine's: what iptables-save -c would show (matched), and what the kernel would have walked (evaluated).
 *
 * Nothing is counted where a packet passes by. A rule is evaluated by every packet that left its chain at the rule or behind it, or fell
 * off the chain's end; a packet leaves at a rule it matched unless the rule's jump returned. Chains count in from their callers.
 */
import { DISPATCH, DISPATCH_WORDS } from './dispatch.ts'
import type { Engine } from './engine.ts'
import { RULE_ENDS } from './opcode.ts'
import { HOOK_COUNT } from './program.ts'
import { foldStretches } from './stretch.ts'

export interface RuleTallies {
  /** Per global rule id; whole numbers of packets. */
  readonly matched: Float64Array
  readonly evaluated: Float64Array
  /** Per block: packets that entered the chain. */
  readonly chainEntries: Float64Array
  /** Per view and HOOK: packets that the built-in chain's policy decided. */
  readonly policy: Float64Array
}

/** Counters so far; between nodes only (after endNode), as shuffled hits of an open node are not folded yet. */
export function ruleTallies(engine: Engine): RuleTallies {
  if (engine.nodeOrderKey !== 0) throw new Error('endNode comes before ruleTallies')
  foldStretches(engine)
  const { program, matched } = engine
  const chainEntries = new Float64Array(program.blockCount)
  for (let view = 0; view < program.viewCount; view++)
    for (let hook = 0; hook < HOOK_COUNT; hook++) {
      const at = view * HOOK_COUNT + hook
      if (program.hookBlock[at] >= 0) chainEntries[program.hookBlock[at]] += engine.hookEntries[at]
    }
  const tallies = { chainEntries, evaluated: sharedCells(program.ruleCount) }
  // Callers stand behind the chains they call, so a block's entries are complete when its turn comes; segments likewise, from the last on.
  let dispatchEnd = program.dispatchCount
  for (let block = program.blockCount - 1; block >= 0; block--) {
    const [firstRule, ruleEnd] = [program.blockRuleStart[block], program.blockRuleStart[block + 1]]
    dispatchEnd = tallyBlock(engine, tallies, { block, firstRule, ruleEnd, dispatch: 0, dispatchEnd })
  }
  const ownMatched = sharedCells(matched.length)
  ownMatched.set(matched)
  return { ...tallies, matched: ownMatched, policy: engine.policyHits.slice() }
}

/** Megabytes that go from a worker to the main thread as they are. */
const sharedCells = (count: number): Float64Array => new Float64Array(new SharedArrayBuffer(8 * count))

/** The rules of one block, and ids of dispatch segments of which those that are its own stand last. */
export interface TalliedBlock {
  readonly block: number
  readonly firstRule: number
  readonly ruleEnd: number
  readonly dispatch: number
  readonly dispatchEnd: number
}

/**
 * What a block's rules evaluated, and what its calls bring into other blocks; all that enters it must be counted in. Answers how many
 * segments stand before its own.
 */
export function tallyBlock(
  engine: Engine,
  { chainEntries, evaluated }: Pick<RuleTallies, 'chainEntries' | 'evaluated'>,
  { block, firstRule, ruleEnd, dispatch: firstDispatch, dispatchEnd }: TalliedBlock,
): number {
  const { program, matched, shuffledEnded, shuffledEvaluated } = engine
  const { ruleTarget, dispatch } = program
  let nextDispatch = dispatchEnd - 1
  let reached = chainEntries[block]
  for (let rule = firstRule; rule < ruleEnd; rule++) {
    reached -= left(engine, rule)
    if (ruleTarget[rule] >= 0) chainEntries[ruleTarget[rule]] += matched[rule]
  }
  for (let rule = ruleEnd - 1; rule >= firstRule; rule--) {
    const record = DISPATCH_WORDS * nextDispatch
    const size = nextDispatch < firstDispatch ? 0 : dispatch[record + DISPATCH.size]
    if (nextDispatch < firstDispatch || rule !== dispatch[record + DISPATCH.firstRule] + size - 1) {
      reached += left(engine, rule)
      evaluated[rule] = reached
      continue
    }
    const firstSlot = dispatch[record + DISPATCH.firstSlot]
    const segmentFirst = dispatch[record + DISPATCH.firstRule]
    let shuffled = 0
    for (let slot = size - 1; slot >= 0; slot--) {
      shuffled += shuffledEnded[firstSlot + slot]
      reached += left(engine, segmentFirst + slot) - shuffledEnded[firstSlot + slot]
      evaluated[segmentFirst + slot] = reached + shuffledEvaluated[firstSlot + slot]
    }
    reached += shuffled
    rule = segmentFirst
    nextDispatch--
  }
  return nextDispatch + 1
}

/** Packets that left the rule's chain there. */
const left = ({ program, matched, returned }: Engine, rule: number): number =>
  program.ruleEnds[rule] === RULE_ENDS.never ? 0 : matched[rule] - returned[rule]
