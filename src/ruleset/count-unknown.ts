/** What of a ruleset is held verbatim because it is not modelled: each match module and target by name, how often, and where first. */
import type { Ruleset } from './ruleset.ts'

export interface UnknownPart {
  readonly kind: 'match' | 'target'
  readonly name: string
  readonly ruleCount: number
  /** The first rule that has it: table, chain and index from 0. */
  readonly first: { readonly table: string; readonly chain: string; readonly index: number }
}

/** Matches before targets, each by falling count. */
export function countUnknown(ruleset: Ruleset): UnknownPart[] {
  const parts = new Map<string, { -readonly [K in keyof UnknownPart]: UnknownPart[K] }>()
  const note = (kind: UnknownPart['kind'], name: string, first: UnknownPart['first']): void => {
    const key = `${kind} ${name}`
    const known = parts.get(key)
    if (known === undefined) parts.set(key, { kind, name, ruleCount: 1, first })
    else known.ruleCount++
  }
  for (const table of ruleset.tables)
    for (const chain of table.chains.values())
      chain.rules.forEach(({ matches, verdict }, index) => {
        const place = { table: table.name, chain: chain.name, index }
        const modules = new Set(matches.flatMap(m => (m.kind === 'unknown' ? [m.module] : [])))
        for (const module of modules) note('match', module, place)
        if (verdict?.kind === 'unknown') note('target', verdict.target, place)
      })
  return [...parts.values()].sort(
    (a, b) => a.kind.localeCompare(b.kind) || b.ruleCount - a.ruleCount || (a.name < b.name ? -1 : 1),
  )
}
