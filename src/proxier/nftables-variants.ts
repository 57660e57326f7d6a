/**
 * What one Service port adds to a node's nftables ruleset, with what two variants have in common (a chain, the elements of a set) as
 * one object in both. Chains of endpoints do not depend on the node at all and are written once.
 */
import type { NftChain, NftElement, NftRule, NftSet } from '../ruleset/nft-ruleset.ts'
import { printNftElement, printNftRules } from '../ruleset/print-nft-rule.ts'
import type { Segment } from '../ruleset/segmented-map.ts'
import {
  affinitySet,
  clusterIPMasquerade,
  endpointChain,
  endpointChoice,
  externalChain,
  firewallChain,
} from './nftables-chains.ts'
import { type ServiceElements, serviceElements } from './nftables-elements.ts'
import type { NftablesRelease } from './nftables-releases.ts'
import { SERVICE_SET_NAMES } from './nftables-setup.ts'
import { Pool, type Pooled } from './pool.ts'
import type { PortOnNode } from './port-on-node.ts'

export interface NftablesVariant {
  readonly elements: ServiceElements
  /** Of endpoints, then service-, local-, external- and firewall-: those in use, in the order they are made. */
  readonly chains: Segment<NftChain>
  /** affinity- sets of the endpoints in use. */
  readonly sets: Segment<NftSet>
}

/** Writes variants of one Service port, of the same parts wherever the parts are equal. */
export function nftablesVariantWriter(release: NftablesRelease): (on: PortOnNode) => Pooled<NftablesVariant> {
  const segments = new Pool<Segment<NftElement>>()
  const choices = new Pool<readonly NftRule[]>()
  const chains = new Pool<NftChain>()
  const chainLists = new Pool<Segment<NftChain>>()
  const setLists = new Pool<Segment<NftSet>>()
  const endpointChains: NftChain[] = []
  const affinitySets: NftSet[] = []
  const variants = new Pool<NftablesVariant>()

  return on => {
    const { cluster, local, reachable } = on.categories
    const { family } = on.servicePort.clusterIP
    const kept = (name: string, key: string, make: () => NftChain): Pooled<NftChain> =>
      chains.keep(`${name} ${key}`, make)
    const small = (chain: NftChain): Pooled<NftChain> =>
      kept(chain.name, printNftRules(chain.rules, family), () => chain)
    const policy = (name: string, endpoints: readonly number[]): Pooled<NftChain> => {
      const first = name === on.internalPolicyChain && on.hasInternalEndpoints ? clusterIPMasquerade(on, release) : []
      const list = endpoints.join()
      const choice = choices.keep(list, () => endpointChoice(on, endpoints)).value
      return kept(name, `${printNftRules(first, family)} ${list}`, () => ({ name, rules: [...first, ...choice] }))
    }
    const own = [
      ...(on.usesClusterChain ? [policy(on.names.cluster, cluster)] : []),
      ...(on.usesLocalChain ? [policy(on.names.local, local)] : []),
      ...(on.usesExternalChain ? [small(externalChain(on))] : []),
      ...(on.restrictsSources ? [small(firewallChain(on))] : []),
    ]
    const endpoints = reachable.join()
    const keptChains = chainLists.keep(`${endpoints} ${own.map(o => o.id).join()}`, () =>
      [
        ...reachable.map(i => {
          endpointChains[i] ??= endpointChain(on, i)
          return endpointChains[i]
        }),
        ...own.map(o => o.value),
      ].map(chain => [chain.name, chain] as const),
    )
    const keptSets = setLists.keep(endpoints, () =>
      on.servicePort.affinitySeconds === 0
        ? []
        : reachable.map(i => {
            affinitySets[i] ??= affinitySet(on, i)
            return [affinitySets[i].name, affinitySets[i]] as const
          }),
    )
    const elements = { ...serviceElements(on) }
    const ids = [keptChains.id, keptSets.id]
    for (const name of SERVICE_SET_NAMES) {
      const { id, value } = segments.keep(`${name} ${segmentText(elements[name])}`, () => elements[name])
      elements[name] = value
      ids.push(id)
    }
    return variants.keep(ids.join(), () => ({ elements, chains: keptChains.value, sets: keptSets.value }))
  }
}

const segmentText = (segment: Segment<NftElement>): string =>
  segment.map(([text, element]) => printNftElement(text, element)).join('\n')
