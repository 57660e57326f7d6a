/** One difference between what a node's kube-proxy has loaded and what it would write. */
import type { ServiceLabel } from './service-labels.ts'

export interface NodeDifference {
  readonly kind: 'missing' | 'stale' | 'foreign'
  /** Absent: no Service's. */
  readonly label?: ServiceLabel
  readonly table: string
  /** What the name in `chain` is of; sets and maps are of nftables mode. */
  readonly holder: 'chain' | 'set' | 'map'
  readonly chain: string
  /** One rule, or element; absent: all of the chain, set or map. The index counts from 0 where the rule is. */
  readonly rule?: { readonly index: number; readonly text: string }
  /** The rules of a whole chain; 1 for a rule. */
  readonly ruleCount: number
}

/** Sorted by Service and its port; what is no Service's last. */
export const byService = (differences: readonly NodeDifference[]): NodeDifference[] =>
  differences
    .map(difference => ({ difference, key: sortKey(difference) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ difference }) => difference)

const KIND_ORDER = { missing: 0, stale: 1, foreign: 2 } as const

const sortKey = ({ label, kind, table, chain, rule }: NodeDifference): readonly (string | number)[] => [
  label === undefined ? 1 : 0,
  label?.service ?? '',
  label?.port ?? '',
  KIND_ORDER[kind],
  table,
  chain,
  rule?.index ?? -1,
]

function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const i = a.findIndex((value, at) => value !== b[at])
  return i < 0 ? 0 : a[i] < b[i] ? -1 : 1
}
