/**
 * One Service port as one node sees it: everything its rules are written from, with kube-proxy's own decisions taken. Common to the
 * proxy modes, which name their chains differently.
 * Models the first lines of the loop in syncProxyRules (pkg/proxy/iptables/proxier.go and pkg/proxy/nftables/proxier.go).
 */
import { prefixContains } from '../net/ip.ts'
import type { EndpointCategories } from './categorize-endpoints.ts'
import { categorizeEndpoints } from './categorize-endpoints.ts'
import type { ServicePortNames } from './chain-names.ts'
import type { LocalTraffic } from './local-traffic.ts'
import type { ProxierConfig } from './proxier-config.ts'
import type { ProxierNode } from './proxier-node.ts'
import type { ServicePort } from './service-ports.ts'
import { isExternallyAccessible, usesClusterEndpoints, usesLocalEndpoints } from './service-ports.ts'

export interface PortOnNode {
  readonly servicePort: ServicePort
  readonly names: ServicePortNames
  readonly categories: EndpointCategories
  /** `names.cluster` or `names.local`, by internalTrafficPolicy; pods and the node go there for the clusterIP. */
  readonly internalPolicyChain: string
  readonly hasInternalEndpoints: boolean
  /** `names.cluster` or `names.local`, by externalTrafficPolicy. */
  readonly externalPolicyChain: string
  readonly hasExternalEndpoints: boolean
  /** Which of the Service port's own chains exist. */
  readonly usesClusterChain: boolean
  readonly usesLocalChain: boolean
  readonly usesExternalChain: boolean
  /** Load balancer addresses take their source ranges' traffic only. */
  readonly restrictsSources: boolean
  readonly nodeIsInSourceRanges: boolean
  readonly localTraffic?: LocalTraffic
  readonly masqueradeAll: boolean
  /** Endpoint rules carry comments (iptables mode, not in a large cluster). */
  readonly comments: boolean
  /** NodePorts on 127.0.0.0/8 are counted by a rule of their own (iptables mode). */
  readonly countsLocalhost: boolean
}

/** What is the same for all Service ports on one node. */
export interface NodeSetting {
  /** Equal when the settings of two nodes make no difference to a Service port. */
  readonly portKey: string
  /** Equal when they make no difference to the fixed chains and sets, and to the end of KUBE-SERVICES. */
  readonly fixedKey: string
  readonly node: ProxierNode
  readonly config: ProxierConfig
  readonly localTraffic?: LocalTraffic
  readonly comments: boolean
  readonly localhostNodePorts: boolean
}

export function portOnNode(servicePort: ServicePort, names: ServicePortNames, setting: NodeSetting): PortOnNode {
  const { node, config } = setting
  const categories = categorizeEndpoints(servicePort, node)
  const { cluster, local, hasAny } = categories
  const { internalPolicyLocal, externalPolicyLocal, loadBalancerVIPs, sourceRanges } = servicePort
  return {
    servicePort,
    names,
    categories,
    internalPolicyChain: internalPolicyLocal ? names.local : names.cluster,
    hasInternalEndpoints: hasAny && (!internalPolicyLocal || local.length > 0),
    externalPolicyChain: externalPolicyLocal ? names.local : names.cluster,
    hasExternalEndpoints: hasAny && (!externalPolicyLocal || local.length > 0),
    usesClusterChain: cluster.length > 0 && usesClusterEndpoints(servicePort),
    usesLocalChain: local.length > 0 && usesLocalEndpoints(servicePort),
    usesExternalChain: hasAny && isExternallyAccessible(servicePort),
    restrictsSources: loadBalancerVIPs.length > 0 && sourceRanges.length > 0,
    nodeIsInSourceRanges: isInSourceRanges(servicePort, node),
    localTraffic: setting.localTraffic,
    masqueradeAll: config.masqueradeAll,
    comments: setting.comments,
    countsLocalhost: config.nfacct && setting.localhostNodePorts,
  }
}

export const isInSourceRanges = (servicePort: ServicePort, node: ProxierNode): boolean =>
  node.ip !== undefined && servicePort.sourceRanges.some(range => prefixContains(range, node.ip!))
