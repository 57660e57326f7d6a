/** Which rules ask what a node remembers: without a memory they cannot be evaluated. */
import { isTimed } from '../../ruleset/ip-set.ts'
import type { Rule } from '../../ruleset/ruleset.ts'

const STATEFUL: ReadonlySet<string> = new Set(['recent', 'nth', 'limit', 'connmark', 'notrack'])

/** The match or verdict that asks, in words; undefined when none does. */
export function asksMemory(rule: Rule): string | undefined {
  for (const match of rule.matches) {
    if (match.kind === 'set' && match.set !== undefined && isTimed(match.set)) return `match set (${match.name})`
    if (STATEFUL.has(match.kind))
      return match.kind === 'recent' ? `match recent (list ${JSON.stringify(match.name)})` : `match ${match.kind}`
  }
  return rule.verdict !== undefined && STATEFUL.has(rule.verdict.kind) ? `verdict ${rule.verdict.kind}` : undefined
}
