/**
 * What one Service port adds to a transaction in nftables mode, in kube-proxy's order: its chains, declared and emptied, the elements
 * that lead to them, its affinity sets, and its rules. Made once for each Service port and each way nodes see it. (kube-proxy declares
 * the firewall- chain among the elements, just before it needs it.)
 */
import type { IpFamily } from '../net/ip.ts'
import type { NftChain, NftRule } from '../ruleset/nft-ruleset.ts'
import { blockCache } from './block-cache.ts'
import { addChain, addRule, addSet, flushChain } from './nft-command.ts'
import {
  affinitySet,
  clusterIPMasquerade,
  endpointChain,
  endpointChoice,
  externalChain,
  firewallChain,
} from './nftables-chains.ts'
import { type ServiceElements, serviceElements } from './nftables-elements.ts'
import { nftablesNames } from './nftables-names.ts'
import type { NftablesRelease } from './nftables-releases.ts'
import type { NftablesSetting } from './nftables-setting.ts'
import { type PortOnNode, portOnNode } from './port-on-node.ts'
import type { ServicePort } from './service-ports.ts'

export interface NftablesBlock {
  readonly endpoints: readonly EndpointBlock[]
  /** service-, local-, external- and firewall-: those in use. */
  readonly chains: readonly string[]
  readonly chainLines: string
  readonly elements: ServiceElements
  /** affinity- sets in use. */
  readonly sets: readonly string[]
  /** All but those of endpoints; the sets are declared among them. */
  readonly rules: RuleText
}

export interface EndpointBlock {
  readonly chain: string
  readonly chainLines: string
  readonly rules: RuleText
}

export interface RuleText {
  /** ASCII: as many bytes as characters. */
  readonly text: string
  readonly count: number
  /** Maps and sets without a name in these rules: what nf_tables is slow to add. */
  readonly anonymousSets: number
}

export type NftablesBlockMaker = (servicePort: ServicePort, setting: NftablesSetting) => NftablesBlock

/** Nodes that see a Service port alike get the same object. For settings of one configuration. */
export const nftablesBlockMaker = (release: NftablesRelease): NftablesBlockMaker =>
  blockCache((servicePort, setting) =>
    nftablesBlock(portOnNode(servicePort, nftablesNames(servicePort), setting), release),
  )

function nftablesBlock(on: PortOnNode, release: NftablesRelease): NftablesBlock {
  const { names, categories } = on
  const { family } = on.servicePort.clusterIP
  const { cluster, local, reachable } = categories
  const endpoints = reachable.map((i): EndpointBlock => {
    const chain = endpointChain(on, i)
    return { chain: chain.name, chainLines: declared(family, chain.name), rules: ruleText(family, [chain]) }
  })
  const chains = [
    ...(on.usesClusterChain ? [names.cluster] : []),
    ...(on.usesLocalChain ? [names.local] : []),
    ...(on.usesExternalChain ? [names.external] : []),
    ...(on.restrictsSources ? [names.firewall] : []),
  ]
  const sets = on.servicePort.affinitySeconds > 0 ? reachable.map(i => affinitySet(on, i)) : []
  const before = ruleText(family, [
    ...(on.hasInternalEndpoints ? [{ name: on.internalPolicyChain, rules: clusterIPMasquerade(on, release) }] : []),
    ...(on.usesExternalChain ? [externalChain(on)] : []),
    ...(on.restrictsSources ? [firewallChain(on)] : []),
  ])
  const after = ruleText(family, [
    ...(on.usesClusterChain ? [{ name: names.cluster, rules: endpointChoice(on, cluster) }] : []),
    ...(on.usesLocalChain ? [{ name: names.local, rules: endpointChoice(on, local) }] : []),
  ])
  return {
    endpoints,
    chains,
    chainLines: chains.map(name => declared(family, name)).join(''),
    elements: serviceElements(on),
    sets: sets.map(set => set.name),
    rules: {
      text: before.text + sets.map(set => addSet(family, set)).join('') + after.text,
      count: before.count + after.count,
      anonymousSets: before.anonymousSets + after.anonymousSets,
    },
  }
}

const declared = (family: IpFamily, chain: string): string => addChain(family, chain) + flushChain(family, chain)

function ruleText(family: IpFamily, chains: readonly Pick<NftChain, 'name' | 'rules'>[]): RuleText {
  let text = ''
  let count = 0
  let anonymous = 0
  for (const { name, rules } of chains)
    for (const rule of rules) {
      text += addRule(family, name, rule)
      count++
      anonymous += anonymousSets(rule)
    }
  return { text, count, anonymousSets: anonymous }
}

/** Maps and sets without a name in a rule. */
export const anonymousSets = (rule: NftRule): number =>
  rule.statements.filter(s => s.kind === 'numgen' || (s.kind === 'address' && s.braces !== undefined)).length
