/**
 * What a connection's first packet pays under rules of nftables as kube-proxy writes them, by what was seen of its way. Their base chains cost
 * the same whatever the Services are: one price where a Service translates, another where none does (docs/cost-model.md).
 */
import { readIpWords } from '../../net/ip.ts'
import { CT } from '../../net/packet.ts'
import type { HostView } from '../host.ts'
import type { NftTrace } from '../nft/trace-nft.ts'
import { addressPlace } from '../trace-match.ts'
import type { CostItem, CostTerm } from './cost-profile.ts'
import { NFTABLES_UNTRANSLATED } from './nftables-terms.ts'

export interface NftWay {
  readonly isTranslated: boolean
  /** The destination was an address of the node. */
  readonly byNodePort: boolean
  readonly isMasqueraded: boolean
  /** Numbers drawn, look-ups in sets that rules change, and changes of these. */
  readonly numgens: number
  readonly lookups: number
  readonly updates: number
}

/** Without `spread`, which the traffic at large decides. */
export function nftWayTerms(way: NftWay): readonly CostItem[] {
  const item = (term: CostTerm, count = 1): CostItem => ({ term, count, size: 1 })
  return [
    item('forward'),
    item('conntrackNew'),
    ...(way.isTranslated ? [item('service'), item('vmap')] : NFTABLES_UNTRANSLATED),
    ...(way.isTranslated && way.byNodePort ? [item('nodePort')] : []),
    ...(way.isMasqueraded ? [item('masquerade')] : []),
    item('numgen', way.numgens),
    item('affinityLookup', way.lookups),
    item('affinityUpdate', way.updates),
  ].filter(({ count }) => count > 0)
}

export function tracedNftWay({ steps, packet }: NftTrace, host: HostView): NftWay {
  let [numgens, lookups, updates, isMasqueraded] = [0, 0, 0, false]
  for (const { table, rule, ranCount, verdict } of steps) {
    for (const statement of rule.statements.slice(0, ranCount)) {
      if (statement.kind === 'numgen') numgens++
      if (statement.kind === 'update') updates++
      if (statement.kind === 'lookup' && table.sets.get(statement.set)?.flags.includes('dynamic') === true) lookups++
    }
    if (verdict?.kind === 'masquerade') isMasqueraded = true
  }
  return {
    isTranslated: (packet.ctState & CT.DNAT) !== 0,
    byNodePort: addressPlace(host, readIpWords(packet.originalDestination, 0)) === 'local',
    isMasqueraded,
    numgens,
    lookups,
    updates,
  }
}
