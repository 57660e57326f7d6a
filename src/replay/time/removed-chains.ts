/** Which chains go when a Service port changes from one variant to another: they stay in the kernel until a sync deletes them. */
import { AMOUNT, LIST } from './version-table.ts'

/** Chains that variant `before` has and `after` has not; -1 for either: no variant. Chains of endpoints go by `address:port`. */
export function removedChains(table: Chains, before: number, after: number): number {
  const { lists, entries, amounts, labelOfEndpoint } = table
  if (before < 0) return 0
  const chains = (v: number): number => amounts[AMOUNT.words * v + AMOUNT.chains]
  if (after < 0) return chains(before)
  const reachable = (v: number): readonly [number, number] => [
    lists[LIST.words * v + LIST.reachable],
    lists[LIST.words * v + LIST.reachable + 1],
  ]
  const [beforeStart, beforeCount] = reachable(before)
  const [afterStart, afterCount] = reachable(after)
  const kept = new Set<number>()
  for (let i = 0; i < afterCount; i++) kept.add(labelOfEndpoint[entries[afterStart + i]])
  let removed = Math.max(0, chains(before) - beforeCount - (chains(after) - afterCount))
  for (let i = 0; i < beforeCount; i++) if (!kept.has(labelOfEndpoint[entries[beforeStart + i]])) removed++
  return removed
}

interface Chains {
  readonly lists: ArrayLike<number>
  readonly entries: ArrayLike<number>
  readonly amounts: ArrayLike<number>
  readonly labelOfEndpoint: ArrayLike<number>
}
