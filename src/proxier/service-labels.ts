/**
 * Which Service port a rule of kube-proxy belongs to, by what the rules themselves say: the comments (`default/web:http cluster IP`), and
 * where there is none, the chains that jump there. Rules of any release are understood, of clusters whose objects are not at hand too.
 */
import type { Rule, Ruleset, TableName } from '../ruleset/ruleset.ts'

export interface ServiceLabel {
  /** `default/web` */
  readonly service: string
  /** Empty for an unnamed port. */
  readonly port: string
}

/** The chains of one Service port, or of one of its endpoints. XLB is what releases before 1.24 call EXT. */
export const isServicePortChain = (chain: string): boolean => /^KUBE-(SVC|SVL|EXT|FW|XLB|SEP)-/.test(chain)

/** A Service port's name in a comment: at its beginning, or after `for` or `to`. */
const LABEL = /(?:^|(?:for|to) )([a-z0-9][a-z0-9.-]*\/[a-z0-9][a-z0-9.-]*)(?::([A-Za-z0-9-]*))?(?= |$)/

export function labelOfText(comment: string): ServiceLabel | undefined {
  const found = LABEL.exec(comment)
  return found === null ? undefined : { service: found[1], port: found[2] ?? '' }
}

export function labelOfRule({ matches }: Rule): ServiceLabel | undefined {
  for (const match of matches) {
    const label = match.kind === 'comment' ? labelOfText(match.text) : undefined
    if (label !== undefined) return label
  }
  return undefined
}

/** By table and chain: `nat KUBE-SVC-…`. */
export type ChainLabels = ReadonlyMap<string, ServiceLabel>

export function labelChains(...rulesets: readonly Ruleset[]): ChainLabels {
  const labels = new Map<string, ServiceLabel>()
  const note = (table: TableName, chain: string, label: ServiceLabel | undefined): boolean => {
    const key = `${table} ${chain}`
    if (label === undefined || labels.has(key) || !isServicePortChain(chain)) return false
    labels.set(key, label)
    return true
  }
  for (const { tables } of rulesets)
    for (const table of tables) {
      for (const { name, rules } of table.chains.values())
        for (const rule of rules) {
          const label = labelOfRule(rule)
          note(table.name, name, label)
          if (rule.verdict?.kind === 'jump') note(table.name, rule.verdict.chain, label)
        }
      // What has no comment has its caller's label, and its callees have it in turn.
      const open = [...table.chains.keys()].filter(name => labels.has(`${table.name} ${name}`))
      for (let name = open.pop(); name !== undefined; name = open.pop())
        for (const { verdict } of table.chains.get(name)?.rules ?? [])
          if (verdict?.kind === 'jump' && note(table.name, verdict.chain, labels.get(`${table.name} ${name}`)))
            open.push(verdict.chain)
    }
  return labels
}
