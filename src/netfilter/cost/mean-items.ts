/** Terms of several packets as those of their mean, equal ones joined. */
import type { CostItem } from './cost-profile.ts'

export function meanItems(packets: readonly (readonly CostItem[])[]): readonly CostItem[] {
  const sums = new Map<string, CostItem>()
  for (const items of packets)
    for (const { term, count, size } of items) {
      const key = `${term} ${size}`
      sums.set(key, { term, size, count: count / packets.length + (sums.get(key)?.count ?? 0) })
    }
  return [...sums.values()]
}
