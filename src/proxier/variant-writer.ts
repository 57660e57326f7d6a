/**
 * How a proxy mode writes a Service port for many nodes. Where nodes differ, what two variants have in common is one object in both; a
 * port that all nodes see alike is written once, and nothing is looked up or remembered for it.
 */
import { Pool, type Pooled } from './pool.ts'
import type { PortOnNode } from './port-on-node.ts'

export interface VariantWriter<V> {
  /** For nodes that may differ: gives equal variants the same id. */
  readonly many: () => (on: PortOnNode) => Pooled<V>
  /** For nodes that cannot: asked once. */
  readonly one: (on: PortOnNode) => Pooled<V>
}

/** Gives a part that was made before under the same key, or makes it. */
export type Keep<P> = <T>(part: P, keyOf: () => string, make: () => T) => T

/** `distinguishing`: parts that together tell variants apart; the others are parts of these. */
export const variantWriter = <V, P>(
  distinguishing: ReadonlySet<P>,
  write: (on: PortOnNode, keep: Keep<P>) => V,
): VariantWriter<V> => ({
  many: () => {
    const shared = new Map<P, Pool<unknown>>()
    const variants = new Pool<V>()
    const pooled = <T>(part: P, key: string, make: () => T): Pooled<T> => {
      const pool = shared.get(part) ?? new Pool<unknown>()
      shared.set(part, pool)
      return (pool as Pool<T>).keep(key, make)
    }
    return on => {
      const ids: number[] = []
      const variant = write(on, (part, keyOf, make) => {
        const { id, value } = pooled(part, keyOf(), make)
        if (distinguishing.has(part)) ids.push(id)
        return value
      })
      return variants.keep(ids.join(), () => variant)
    }
  },
  one: on => ({ id: 0, value: write(on, (_part, _keyOf, make) => make()) }),
})
