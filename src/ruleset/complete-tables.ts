/** A ruleset as the kernel holds it: every built-in chain of its tables is there, accepting, whether the text named it or not. */
import { BUILTIN_CHAINS, type Chain, type Ruleset } from './ruleset.ts'

export const completeTables = (ruleset: Ruleset): Ruleset => ({
  ...ruleset,
  tables: ruleset.tables.map(table => {
    const missing = BUILTIN_CHAINS[table.name].filter(name => !table.chains.has(name))
    if (missing.length === 0) return table
    const chains = new Map<string, Chain>()
    for (const name of BUILTIN_CHAINS[table.name])
      chains.set(name, table.chains.get(name) ?? { name, policy: 'ACCEPT', rules: [] })
    for (const [name, chain] of table.chains) chains.set(name, chain)
    return { ...table, chains }
  }),
})
