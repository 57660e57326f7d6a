/** The rules of one node, of either kind. */
import type { IpAddress } from '../../net/ip.ts'
import type { NftRuleset } from '../../ruleset/nft-ruleset.ts'
import type { Ruleset } from '../../ruleset/ruleset.ts'

export type NodeRules =
  | { readonly mode: 'iptables'; readonly ruleset: Ruleset }
  | { readonly mode: 'nftables'; readonly ruleset: NftRuleset }

/** Of a range the first of them are taken for backends, whatever else it holds. */
const MOST_OF_A_RANGE = 256

const addressesOf = (first: IpAddress, last: IpAddress = first): IpAddress[] =>
  Array.from(
    { length: Math.min(MOST_OF_A_RANGE, Number(last.value - first.value) + 1) },
    (_, i): IpAddress => ({ family: first.family, value: first.value + BigInt(i) }),
  )

/** Addresses that rules translate destinations to. */
export function backendsOf({ ruleset }: NodeRules): IpAddress[] {
  const backends: IpAddress[] = []
  for (const { chains } of ruleset.tables)
    for (const { rules } of chains.values())
      for (const { verdict } of rules)
        if (verdict?.kind === 'dnat')
          backends.push(...addressesOf(verdict.address, 'lastAddress' in verdict ? verdict.lastAddress : undefined))
  return backends
}
