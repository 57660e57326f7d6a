/**
 * What one Service port adds to a node's nftables ruleset: the elements of sets and maps that all Services share, its chains, its
 * affinity sets. Chains of endpoints do not depend on the node at all and are written once.
 */
import type { NftChain, NftElement, NftSet } from '../ruleset/nft-ruleset.ts'
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
import { SERVICE_SET_NAMES, type ServiceSet } from './nftables-setup.ts'
import type { PortOnNode } from './port-on-node.ts'
import { type Keep, type VariantWriter, variantWriter } from './variant-writer.ts'

export interface NftablesVariant {
  readonly elements: ServiceElements
  /** Of endpoints, then service-, local-, external- and firewall-: those in use, in the order they are made. */
  readonly chains: Segment<NftChain>
  /** affinity- sets of the endpoints in use. */
  readonly sets: Segment<NftSet>
}

export const nftablesVariants = (release: NftablesRelease): VariantWriter<NftablesVariant> =>
  variantWriter(DISTINGUISHING, (on, keep: Keep<Part>) => ({
    elements: keptElements(on, keep),
    chains: keptChains(on, keep, release),
    sets: keptSets(on, keep),
  }))

type Part = ServiceSet | 'chains' | 'chain' | 'choice' | 'endpoint' | 'sets' | 'set'

const DISTINGUISHING: ReadonlySet<Part> = new Set<Part>([...SERVICE_SET_NAMES, 'chains', 'sets'])

function keptElements(on: PortOnNode, keep: Keep<Part>): ServiceElements {
  const elements: Record<ServiceSet, Segment<NftElement>> = { ...serviceElements(on) }
  for (const name of SERVICE_SET_NAMES) {
    const segment = elements[name]
    elements[name] = keep(
      name,
      () => segment.map(([text, element]) => printNftElement(text, element)).join('\n'),
      () => segment,
    )
  }
  return elements
}

function keptChains(on: PortOnNode, keep: Keep<Part>, release: NftablesRelease): Segment<NftChain> {
  const { cluster, local, reachable } = on.categories
  const { family } = on.servicePort.clusterIP
  const keys: string[] = []
  /** Notes the key too, which is part of the whole list's. */
  const kept = (name: string, keyOf: () => string, make: () => NftChain): NftChain =>
    keep(
      'chain',
      () => {
        const key = `${name} ${keyOf()}`
        keys.push(key)
        return key
      },
      make,
    )
  const small = (chain: NftChain): NftChain =>
    kept(
      chain.name,
      () => printNftRules(chain.rules, family),
      () => chain,
    )
  const policy = (name: string, endpoints: readonly number[]): NftChain => {
    const first = name === on.internalPolicyChain && on.hasInternalEndpoints ? clusterIPMasquerade(on, release) : []
    const list = (): string => endpoints.join()
    const choice = keep('choice', list, () => endpointChoice(on, endpoints))
    return kept(
      name,
      () => `${printNftRules(first, family)} ${list()}`,
      () => ({ name, rules: [...first, ...choice] }),
    )
  }
  const own: NftChain[] = []
  if (on.usesClusterChain) own.push(policy(on.names.cluster, cluster))
  if (on.usesLocalChain) own.push(policy(on.names.local, local))
  if (on.usesExternalChain) own.push(small(externalChain(on)))
  if (on.restrictsSources) own.push(small(firewallChain(on)))
  return keep(
    'chains',
    () => `${reachable.join()}\n${keys.join('\n')}`,
    () => {
      const chains = reachable.map(i =>
        keep(
          'endpoint',
          () => `${i}`,
          () => endpointChain(on, i),
        ),
      )
      return [...chains, ...own].map(chain => [chain.name, chain])
    },
  )
}

function keptSets(on: PortOnNode, keep: Keep<Part>): Segment<NftSet> {
  const { reachable } = on.categories
  if (on.servicePort.affinitySeconds === 0) return NO_SETS
  return keep(
    'sets',
    () => reachable.join(),
    () =>
      reachable.map(i => {
        const set = keep(
          'set',
          () => `${i}`,
          () => affinitySet(on, i),
        )
        return [set.name, set]
      }),
  )
}

const NO_SETS: Segment<NftSet> = []
