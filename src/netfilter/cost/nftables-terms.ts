/**
 * What a new connection pays in nftables mode, as terms of a cost profile: the way kube-proxy's nftables rules of 1.33 and 1.34 take it,
 * in closed form, since no rule of it depends on how many Services there are. Whether it was translated, masqueraded and so on is what
 * the iptables rules of the same Service decided: both modes decide alike.
 */
import { type CostItem, type CostTerm, spreadItems } from './cost-profile.ts'

export interface NftablesWay {
  /** A Service translates it. */
  readonly translated: boolean
  readonly masqueraded: boolean
  readonly byNodePort: boolean
  /** Backends of a Service with ClientIP affinity that are asked for the client; 0 without affinity. */
  readonly affinityLookups: number
  /** Backends that the traffic at large spreads over. */
  readonly spread: number
}

export function nftablesTerms(way: NftablesWay): readonly CostItem[] {
  const items: CostItem[] = []
  const add = (term: CostTerm, count = 1): void => {
    if (count > 0) items.push({ term, count, size: 1 })
  }
  add('forward')
  add('conntrackNew')
  add(way.translated ? 'service' : 'noService')
  // The address is looked for once, the node port where that finds nothing.
  add('vmap', way.translated ? 1 : 2)
  add('numgen', way.translated ? 1 : 0)
  add('nodePort', way.byNodePort ? 1 : 0)
  add('affinityLookup', way.affinityLookups)
  add('affinityUpdate', way.affinityLookups > 0 ? 1 : 0)
  add('masquerade', way.masqueraded ? 1 : 0)
  return [...items, ...spreadItems(way.spread)]
}
