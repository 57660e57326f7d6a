/**
 * How two rulesets of one family differ, chain by chain, in what their rules do (rule-meaning.ts). Counters, comments and the order of
 * chains are no difference. What of the rulesets is compared, and where order counts, is for the caller to say.
 */
import type { IpFamily } from '../net/ip.ts'
import { diffBags, diffSequences } from './diff-rules.ts'
import { printRule } from './print-iptables.ts'
import { ruleMeaning } from './rule-meaning.ts'
import type { Chain, Rule, Ruleset, TableName } from './ruleset.ts'

export interface DiffScope {
  /** Whether the chain is compared, and its presence alone is one thing to compare. */
  hasChain(table: TableName, chain: string): boolean
  /** Whether a rule of a chain outside of it is compared all the same. */
  hasRule(rule: Rule): boolean
  /** Whether the order of the chain's rules counts. */
  isOrdered(table: TableName, chain: string): boolean
}

export interface ChainDiff {
  readonly table: TableName
  readonly name: string
  /** The chain on either side; undefined: there is none. */
  readonly left: Chain | undefined
  readonly right: Chain | undefined
  /** Indexes of the rules that the other side lacks. */
  readonly onlyLeft: readonly number[]
  readonly onlyRight: readonly number[]
}

/** By table and chain in the order of the left side, then what only the right side has in its order. */
export function diffRulesets(left: Ruleset, right: Ruleset, scope: DiffScope): ChainDiff[] {
  const diffs: ChainDiff[] = []
  for (const table of tableNames(left, right)) {
    const lefts = chainsOf(left, table)
    const rights = chainsOf(right, table)
    const compare = (name: string): void => {
      const diff = diffChain({ table, name, left: lefts?.get(name), right: rights?.get(name) }, scope, left.family)
      if (diff !== undefined) diffs.push(diff)
    }
    for (const name of lefts?.keys() ?? []) compare(name)
    for (const name of rights?.keys() ?? []) if (lefts?.has(name) !== true) compare(name)
  }
  return diffs
}

type ChainPair = Pick<ChainDiff, 'table' | 'name' | 'left' | 'right'>

function diffChain(pair: ChainPair, scope: DiffScope, family: IpFamily): ChainDiff | undefined {
  const { table, name } = pair
  const whole = scope.hasChain(table, name)
  const indexes = (chain: Chain | undefined): number[] =>
    chain === undefined ? [] : [...chain.rules.keys()].filter(i => whole || scope.hasRule(chain.rules[i]))
  const sides: Sides = { left: indexes(pair.left), right: indexes(pair.right) }
  const { left, right } =
    whole && scope.isOrdered(table, name)
      ? compare(pair, sides, diffSequences, ruleMeaning, family)
      : // Of rules that do the same, those that read the same find each other first.
        compare(pair, compare(pair, sides, diffBags, ruleText, family), diffBags, ruleMeaning, family)
  const isSame = left.length === 0 && right.length === 0
  if (isSame && (!whole || (pair.left === undefined) === (pair.right === undefined))) return undefined
  return { ...pair, onlyLeft: left, onlyRight: right }
}

/** Indexes of rules of either side. */
interface Sides {
  readonly left: readonly number[]
  readonly right: readonly number[]
}

/** Of these rules, those that only one side has. */
function compare(
  pair: ChainPair,
  { left, right }: Sides,
  diff: typeof diffBags,
  textOf: (rule: Rule, family: IpFamily) => string,
  family: IpFamily,
): Sides {
  const { onlyLeft, onlyRight } = diff(
    left.map(i => textOf(pair.left!.rules[i], family)),
    right.map(i => textOf(pair.right!.rules[i], family)),
  )
  return { left: onlyLeft.map(i => left[i]), right: onlyRight.map(i => right[i]) }
}

const ruleText = (rule: Rule, family: IpFamily): string => printRule('', rule, family)

const tableNames = (left: Ruleset, right: Ruleset): ReadonlySet<TableName> =>
  new Set([...left.tables, ...right.tables].map(t => t.name))

const chainsOf = (ruleset: Ruleset, table: TableName): ReadonlyMap<string, Chain> | undefined =>
  ruleset.tables.find(t => t.name === table)?.chains
