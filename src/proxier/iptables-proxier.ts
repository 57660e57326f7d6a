/**
 * kube-proxy in iptables mode: the cluster's state and a node in, that node's ruleset out, as after a full sync on a clean machine.
 * Many nodes at once share what they have in common: nodes with the same rules share one Ruleset, and Rulesets that differ share
 * the Chain objects that do not. A node costs a look-up for each Service port whose rules depend on the node.
 *
 * Models syncProxyRules of kube-proxy 1.34 (pkg/proxy/iptables/proxier.go). Deviations: Services go in order of (namespace, name,
 * port name) instead of Go's random map order; the kernel's nf_conntrack_tcp_be_liberal is taken to be off.
 */
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { IpFamily } from '../net/ip.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'
import { rulesetAssembler } from './assemble-ruleset.ts'
import { servicePortNames } from './chain-names.ts'
import type { EndpointPlace } from './endpoint-chains.ts'
import { endpointChains } from './endpoint-chains.ts'
import { endpointCount, iptablesSetting } from './iptables-setting.ts'
import { iptablesVariants } from './iptables-variants.ts'
import type { NodeViews } from './node-views.ts'
import { nodeViews } from './node-views.ts'
import { portVariants } from './port-variants.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ServicePort } from './service-ports.ts'
import { servicePorts } from './service-ports.ts'

export interface IptablesViews extends NodeViews<Ruleset> {
  /** Sorted by (namespace, name, port name). */
  readonly servicePorts: readonly ServicePort[]
  /** What each KUBE-SEP chain of any view stands for. */
  readonly endpointChains: ReadonlyMap<string, EndpointPlace>
}

/** The ruleset of one node. The node must be in the state. */
export function iptablesRuleset(
  state: ClusterState,
  nodeName: string,
  config: ProxierConfig,
  family: IpFamily,
): Ruleset {
  return viewsWithPorts(state, [nodeName], config, family).views[0]
}

/** The rulesets of many nodes. The nodes must be in the state. */
export function iptablesViews(
  state: ClusterState,
  nodeNames: readonly string[],
  config: ProxierConfig,
  family: IpFamily,
): IptablesViews {
  const { names, ...views } = viewsWithPorts(state, nodeNames, config, family)
  return { ...views, endpointChains: endpointChains(names) }
}

function viewsWithPorts(state: ClusterState, nodeNames: readonly string[], config: ProxierConfig, family: IpFamily) {
  const ports = servicePorts(state, family)
  const names = ports.map(p => servicePortNames(p, config.chainNames))
  const endpoints = endpointCount(ports)
  const settings = nodeNames.map(name => {
    const node = state.nodes.get(name)
    if (node === undefined) throw new Error(`no Node ${name} in the state`)
    return iptablesSetting(node.object, config, family, endpoints)
  })
  const settingsAlike = settings.every(s => s.portKey === settings[0].portKey)
  const views = nodeViews(
    settings,
    ports.map((p, i) => portVariants(p, names[i], settingsAlike, iptablesVariants)),
    (first, variants) => rulesetAssembler(first, variants, family),
  )
  return { ...views, servicePorts: ports, names }
}
