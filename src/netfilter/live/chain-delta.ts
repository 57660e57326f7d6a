/**
 * A change of one table's chains, as iptables-restore --noflush brings it: chains written anew or for the first time, and chains deleted.
 * Of one table, as the kernel takes over one table at a time.
 */
import type { Chain, Ruleset, TableName } from '../../ruleset/ruleset.ts'

export interface ChainDelta {
  readonly table: TableName
  /** New Chain objects; one that a view holds already changes nothing there. */
  readonly chains: readonly Chain[]
  /** Names; one that a view does not have changes nothing there. A chain that is written too is not removed. */
  readonly removed?: readonly string[]
  /** The views that change; absent: all. */
  readonly views?: readonly number[]
}

/** The rulesets after the change: the plain meaning of a delta. */
export function withDelta(rulesets: readonly Ruleset[], delta: ChainDelta): Ruleset[] {
  // Views that shared a Table object go on doing so.
  const changed = new Map<object | undefined, Ruleset['tables'][number]>()
  return rulesets.map((ruleset, view) => {
    if (delta.views !== undefined && !delta.views.includes(view)) return ruleset
    const old = ruleset.tables.find(t => t.name === delta.table)
    if (old === undefined && delta.chains.length === 0) return ruleset
    let table = changed.get(old)
    if (table === undefined) {
      const chains = new Map(old?.chains)
      for (const name of delta.removed ?? []) if (!delta.chains.some(c => c.name === name)) chains.delete(name)
      for (const chain of delta.chains) chains.set(chain.name, chain)
      table = { name: delta.table, chains }
      changed.set(old, table)
    }
    return {
      ...ruleset,
      tables: old === undefined ? [...ruleset.tables, table] : ruleset.tables.map(t => (t === old ? table : t)),
    }
  })
}
