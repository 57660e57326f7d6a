/**
 * What iptables-save text holds beyond the ruleset itself: counters, comment lines and the order of lines. Kept apart, so that rulesets
 * stay immutable and shared whatever their rules have counted.
 */
import type { CounterOf } from './print-iptables.ts'
import type { Ruleset, TableName } from './ruleset.ts'

export interface SavedRuleset {
  readonly ruleset: Ruleset
  /** One per table of the ruleset, in its order. */
  readonly tables: readonly SavedTable[]
  /** Comment lines and blank ones, by their place among all lines of the text, from 0; rising. */
  readonly notes: readonly Note[]
  /** Releases before 1.4.8 end each rule's line with a blank. */
  readonly ruleEnd: '' | ' '
}

export interface SavedTable {
  readonly name: TableName
  /** Packets and bytes of each chain's head line, in the order of the table's chains. */
  readonly chainCounters: BigUint64Array
  /** Packets and bytes of each rule (`iptables-save -c`), chain by chain. Absent when the text has none. */
  readonly ruleCounters?: BigUint64Array
  /** The number of each rule line's chain, when the lines are not grouped by chain in the order of the chains. */
  readonly lineChains?: readonly number[]
}

export interface Note {
  readonly line: number
  readonly text: string
}

/** The saved counters by table, chain and rule; 0 where the text has none. */
export function savedCounters(saved: SavedRuleset): CounterOf {
  const places = new Map<string, { readonly table: SavedTable; readonly chain: number; readonly firstRule: number }>()
  saved.tables.forEach((table, t) => {
    let chain = 0
    let firstRule = 0
    for (const { name, rules } of saved.ruleset.tables[t].chains.values()) {
      places.set(`${table.name} ${name}`, { table, chain: chain++, firstRule })
      firstRule += rules.length
    }
  })
  return (table, chain, index) => {
    const place = places.get(`${table} ${chain}`)
    const counters = index < 0 ? place?.table.chainCounters : place?.table.ruleCounters
    if (place === undefined || counters === undefined) return { packets: 0n, bytes: 0n }
    const at = 2 * (index < 0 ? place.chain : place.firstRule + index)
    return { packets: counters[at], bytes: counters[at + 1] }
  }
}
