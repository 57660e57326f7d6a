/**
 * How many rules of a table kube-proxy says it has written (its metric kubeproxy_sync_proxy_rules_iptables_total): those of its own
 * chains. The jumps from the built-in chains, made one by one at start, are not among them.
 */
import type { Ruleset, TableName } from '../ruleset/ruleset.ts'

export function kubeProxyRuleCount(ruleset: Ruleset, table: TableName): number {
  let count = 0
  for (const { name, chains } of ruleset.tables) {
    if (name !== table) continue
    for (const { policy, rules } of chains.values()) if (policy === undefined) count += rules.length
  }
  return count
}
