/**
 * kube-proxy in nftables mode: the cluster's state and a node in, that node's ruleset out, as after a full sync on a clean machine.
 * Many nodes at once share what they have in common: Rulesets hold the same chain and set objects wherever these are equal. A node
 * costs a look-up for each Service port whose part depends on the node, and a set of its own nodePort addresses.
 *
 * Models syncProxyRules of kube-proxy 1.34 and 1.33 (pkg/proxy/nftables/proxier.go). Deviations: Services go in order of (namespace,
 * name, port name) instead of Go's random map order, so of two that claim the same address and port the later one has it.
 */
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { ClusterNode } from '../cluster/objects.ts'
import type { IpFamily } from '../net/ip.ts'
import type { NftRuleset } from '../ruleset/nft-ruleset.ts'
import { nftablesAssembler } from './assemble-nftables.ts'
import type { EndpointPlace } from './endpoint-chains.ts'
import { endpointChains } from './endpoint-chains.ts'
import { nftablesNames } from './nftables-names.ts'
import { nftablesRelease } from './nftables-releases.ts'
import { nftablesSetting, serviceCidrs } from './nftables-setting.ts'
import { nftablesVariants } from './nftables-variants.ts'
import type { NodeViews } from './node-views.ts'
import { nodeViews } from './node-views.ts'
import { portVariants } from './port-variants.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ServicePort } from './service-ports.ts'
import { servicePorts } from './service-ports.ts'

export interface NftablesViews extends NodeViews<NftRuleset> {
  /** Sorted by (namespace, name, port name). */
  readonly servicePorts: readonly ServicePort[]
  /** What each endpoint- chain of any view stands for. */
  readonly endpointChains: ReadonlyMap<string, EndpointPlace>
}

/** The ruleset of one node. The node must be in the state, the release one of NFTABLES_RELEASES. */
export function nftablesRuleset(
  state: ClusterState,
  nodeName: string,
  config: ProxierConfig,
  family: IpFamily,
): NftRuleset {
  return viewsWithPorts(state, [nodeName], config, family).views[0]
}

/** The rulesets of many nodes. The nodes must be in the state, the release one of NFTABLES_RELEASES. */
export function nftablesViews(
  state: ClusterState,
  nodeNames: readonly string[],
  config: ProxierConfig,
  family: IpFamily,
): NftablesViews {
  const { names, ...views } = viewsWithPorts(state, nodeNames, config, family)
  return { ...views, endpointChains: endpointChains(names) }
}

function viewsWithPorts(state: ClusterState, nodeNames: readonly string[], config: ProxierConfig, family: IpFamily) {
  const release = nftablesRelease(config.release)
  if (release === undefined) throw new Error(`no nftables rules of release ${config.release} are known`)
  const ports = servicePorts(state, family)
  const names = ports.map(nftablesNames)
  const cidrs = serviceCidrs(
    [...state.serviceCidrs.values()].map(s => s.object),
    family,
  )
  const settings = nodeNames.map(name => nftablesSetting(nodeOf(state, name), config, family, cidrs))
  const settingsAlike = settings.every(s => s.portKey === settings[0].portKey)
  const writer = nftablesVariants(release)
  const views = nodeViews(
    settings,
    ports.map((p, i) => portVariants(p, names[i], settingsAlike, writer)),
    (first, variants) => nftablesAssembler(first, variants, family),
  )
  return { ...views, servicePorts: ports, names }
}

function nodeOf(state: ClusterState, name: string): ClusterNode {
  const stored = state.nodes.get(name)
  if (stored === undefined) throw new Error(`no Node ${name} in the state`)
  return stored.object
}
