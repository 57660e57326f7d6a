/**
 * The chains of one Service port in nftables mode, one function each: external-, firewall-, service- or local-, endpoint-; and the
 * sets that remember an endpoint's clients. Models the second part of the loop over Services in syncProxyRules and
 * writeServiceToEndpointRules (pkg/proxy/nftables/proxier.go), which a partial sync leaves out for Services that did not change.
 */
import { formatIp, formatPrefix, hostPrefix } from '../net/ip.ts'
import type { NftChain, NftRule, NftSet, NftStatement } from '../ruleset/nft-ruleset.ts'
import { DYNAMIC_SET_SIZE } from '../ruleset/nft-ruleset.ts'
import { affinitySetName } from './nftables-names.ts'
import {
  DROP,
  fromNode,
  goTo,
  inPrefix,
  inPrefixes,
  inSet,
  isLocalTraffic,
  markMasquerade,
  nftProtocol,
  nftRule,
} from './nftables-parts.ts'
import type { NftablesRelease } from './nftables-releases.ts'
import { ADDRESS_TYPE } from './nftables-setup.ts'
import type { PortOnNode } from './port-on-node.ts'

/** external-: what reaches the Service from outside, by externalIP, load balancer or nodePort. */
export function externalChain(on: PortOnNode): NftChain {
  const { cluster, external } = on.names
  const rules: NftRule[] = []
  if (on.servicePort.externalPolicyLocal) {
    // Pods and the node itself may use every endpoint; only strangers are held to the node's own, and keep their address.
    if (on.localTraffic !== undefined)
      rules.push(nftRule([isLocalTraffic(on.localTraffic, false)], goTo(cluster), 'short-circuit pod traffic'))
    rules.push(
      nftRule([fromNode], markMasquerade, 'masquerade local traffic'),
      nftRule([fromNode], goTo(cluster), 'short-circuit local traffic'),
    )
  } else rules.push(nftRule([], markMasquerade))
  if (on.hasExternalEndpoints) rules.push(nftRule([], goTo(on.externalPolicyChain)))
  return { name: external, rules }
}

/** firewall-: drops what comes to the load balancer's addresses from outside its source ranges. */
export function firewallChain(on: PortOnNode): NftChain {
  const { sourceRanges, loadBalancerVIPs } = on.servicePort
  // The node may hold the load balancer's address itself and use it as its source.
  const own = on.nodeIsInSourceRanges ? loadBalancerVIPs : []
  const written = [...sourceRanges.map(formatPrefix), ...own.map(formatIp)].join(' , ')
  const allowed = inPrefixes('source', [...sourceRanges, ...own.map(hostPrefix)], true, written)
  return { name: on.names.firewall, rules: [nftRule([allowed], DROP)] }
}

/** service- and local-, after the masquerade: the choice of an endpoint, the client's last one first. */
export function endpointChoice(on: PortOnNode, endpoints: readonly number[]): NftRule[] {
  const chains = endpoints.map(i => on.names.endpoints[i])
  const remembered =
    on.servicePort.affinitySeconds > 0
      ? chains.map(chain => nftRule([inSet('source', affinitySetName(chain))], goTo(chain)))
      : []
  const choice: NftStatement = {
    kind: 'numgen',
    mode: 'random',
    modulus: chains.length,
    verdicts: chains.map(goTo),
  }
  return [...remembered, { statements: [choice] }]
}

/** service- or local-, first rule: traffic to the clusterIP that is not a pod's leaves with the node's address. */
export function clusterIPMasquerade(on: PortOnNode, release: NftablesRelease): NftRule[] {
  const { servicePort, localTraffic, masqueradeAll } = on
  if (!masqueradeAll && localTraffic === undefined) return []
  const statements = [inPrefix('destination', hostPrefix(servicePort.clusterIP))]
  if (release.masqueradeMatchesPort)
    statements.push({
      kind: 'destinationPort',
      protocol: nftProtocol(servicePort.protocol),
      port: servicePort.port,
      negated: false,
    })
  if (!masqueradeAll) statements.push(isLocalTraffic(localTraffic!, true))
  return [nftRule(statements, markMasquerade)]
}

/** endpoint-: a pod that reaches itself is masqueraded, or its answer would not come back through the node. */
export function endpointChain(on: PortOnNode, index: number): NftChain {
  const { servicePort, names } = on
  const { address, port } = servicePort.endpoints[index]
  const name = names.endpoints[index]
  const rules: NftRule[] = [
    { statements: [inPrefix('source', hostPrefix(address))], verdict: markMasquerade },
    {
      statements: [{ kind: 'protocol', protocol: nftProtocol(servicePort.protocol), negated: false }],
      verdict: { kind: 'dnat', address, port },
    },
  ]
  if (servicePort.affinitySeconds > 0)
    rules.splice(1, 0, { statements: [{ kind: 'update', key: ['source'], set: affinitySetName(name) }] })
  return { name, rules }
}

/** affinity-: the clients of one endpoint, each forgotten when it stays away for the Service's timeout. */
export function affinitySet(on: PortOnNode, index: number): NftSet {
  const { servicePort, names } = on
  return {
    kind: 'set',
    name: affinitySetName(names.endpoints[index]),
    keyType: [ADDRESS_TYPE[servicePort.clusterIP.family]],
    flags: ['dynamic', 'timeout'],
    size: DYNAMIC_SET_SIZE,
    timeoutSeconds: servicePort.affinitySeconds,
    elements: new Map(),
  }
}
