/** The rules of one node, of either kind. */
import type { IpAddress } from '../../net/ip.ts'
import type { NftRuleset } from '../../ruleset/nft-ruleset.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'

export type NodeRules =
  | { readonly mode: 'iptables'; readonly ruleset: Ruleset }
  | { readonly mode: 'nftables'; readonly ruleset: NftRuleset }

/** Addresses that rules translate destinations to. */
export function backendsOf({ ruleset }: NodeRules): IpAddress[] {
  const backends: IpAddress[] = []
  for (const { chains } of ruleset.tables)
    for (const { rules } of chains.values())
      for (const { verdict } of rules) if (verdict?.kind === 'dnat') backends.push(verdict.address)
  return backends
}
