/** Which rules ask what a node remembers: without a memory they cannot be evaluated. */
import { isTimed } from '../../ruleset/ip-set.ts'
import type { Rule } from '../../ruleset/ruleset.ts'

const STATEFUL: ReadonlySet<string> = new Set(['connmark', 'notrack', 'redirect'])

/** The match or verdict that asks, in words; undefined when none does. */
export function asksMemory(rule: Rule): string | undefined {
  for (const match of rule.matches)
    switch (match.kind) {
      case 'set':
        if (match.set !== undefined && isTimed(match.set)) return `match set (${match.name})`
        break
      case 'recent':
        return `match recent (list ${JSON.stringify(match.name)})`
      case 'nth':
      case 'limit':
      case 'connmark':
        return `match ${match.kind}`
    }
  const { verdict } = rule
  if (verdict === undefined) return undefined
  if (STATEFUL.has(verdict.kind)) return `verdict ${verdict.kind}`
  // Which port of a range is free, and which address of one a client has, the connection table says.
  const isRange =
    (verdict.kind === 'dnat' && (verdict.lastAddress ?? verdict.lastPort) !== undefined) ||
    (verdict.kind === 'snat' && verdict.lastAddress !== undefined)
  return isRange ? `verdict ${verdict.kind} with a range` : undefined
}
