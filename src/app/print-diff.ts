/** The differences of a node's rules as text for people, or as JSON. */
import type { NodeDifference } from '../proxier/node-difference.ts'

/** One block per Service, one line per difference. Rules count from 1, as `iptables -L --line-numbers` does. */
export function printDiff(differences: readonly NodeDifference[]): string {
  const blocks = new Map<string, NodeDifference[]>()
  for (const difference of differences) {
    const heading = difference.label?.service ?? 'no Service'
    const block = blocks.get(heading)
    if (block === undefined) blocks.set(heading, [difference])
    else block.push(difference)
  }
  return [...blocks].map(([heading, rows]) => `${heading}\n${rows.map(printRow).join('')}`).join('')
}

function printRow({ kind, label, table, holder, chain, rule, ruleCount }: NodeDifference): string {
  const port = label === undefined || label.port === '' ? '' : `${label.port}: `
  const place = `${table} ${holder === 'chain' ? '' : `${holder} `}${chain}`
  const unit = `${holder === 'chain' ? 'rule' : 'element'}${ruleCount === 1 ? '' : 's'}`
  const what = rule === undefined ? `the ${holder}, ${ruleCount} ${unit}` : `${rule.index + 1}: ${rule.text}`
  return `  ${kind.padEnd(7)}  ${port}${place} ${what}\n`
}

export const countKinds = (
  differences: readonly NodeDifference[],
): Readonly<Record<NodeDifference['kind'], number>> => {
  const counts = { missing: 0, stale: 0, foreign: 0 }
  for (const { kind } of differences) counts[kind]++
  return counts
}

/** `service` and `port` are null where a difference is no Service's; `rule` is null for a whole chain. */
export const diffJson = (node: string, differences: readonly NodeDifference[]): string => {
  const rows = differences.map(({ kind, label, table, holder, chain, rule, ruleCount }) => ({
    kind,
    service: label?.service ?? null,
    port: label?.port ?? null,
    table,
    holder,
    chain,
    rule: rule === undefined ? null : { number: rule.index + 1, text: rule.text },
    rule_count: ruleCount,
  }))
  return `${JSON.stringify({ node, ...countKinds(differences), differences: rows }, null, 1)}\n`
}
