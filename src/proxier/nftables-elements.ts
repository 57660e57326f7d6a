/**
 * The elements of one Service port in the sets and maps that all Services share: where its addresses lead, and what is refused.
 * Models the first part of the loop over Services in syncProxyRules (pkg/proxy/nftables/proxier.go).
 */
import type { IpAddress } from '../net/ip.ts'
import { nftKeyText } from '../ruleset/nft-key-text.ts'
import type { NftElement, NftKeyValue, NftVerdict } from '../ruleset/nft-ruleset.ts'
import type { Segment } from '../ruleset/segmented-map.ts'
import { DROP, goTo, nftProtocol } from './nftables-parts.ts'
import type { ServiceSet } from './nftables-setup.ts'
import type { PortOnNode } from './port-on-node.ts'

export type ServiceElements = Readonly<Record<ServiceSet, Segment<NftElement>>>

export function serviceElements(on: PortOnNode): ServiceElements {
  const { servicePort, names, categories } = on
  const { clusterIP, externalIPs, loadBalancerVIPs, nodePort, port } = servicePort
  const protocol = nftProtocol(servicePort.protocol)
  const atAddress = (address: IpAddress): NftKeyValue[] => [address, protocol, port]
  const external = [...externalIPs, ...loadBalancerVIPs].map(atAddress)
  const nodePorts: NftKeyValue[][] = nodePort === 0 ? [] : [[protocol, nodePort]]
  const refusal = refusalOf(on)
  const refused = (keys: readonly NftKeyValue[][]): Entry[] =>
    on.hasExternalEndpoints ? [] : keys.map(key => entry(key, refusal, names.label))
  const dispatched = (keys: readonly NftKeyValue[][]): Entry[] =>
    categories.hasAny ? keys.map(key => entry(key, goTo(names.external))) : []
  const internal = atAddress(clusterIP)
  return {
    'cluster-ips': [entry([clusterIP])],
    'no-endpoint-services': [
      ...(on.hasInternalEndpoints ? [] : [entry(internal, refusal, names.label)]),
      ...refused(external),
    ],
    'no-endpoint-nodeports': refused(nodePorts),
    'firewall-ips': on.restrictsSources ? loadBalancerVIPs.map(ip => entry(atAddress(ip), goTo(names.firewall))) : [],
    'service-ips': [
      ...(on.hasInternalEndpoints ? [entry(internal, goTo(on.internalPolicyChain))] : []),
      ...dispatched(external),
    ],
    'service-nodeports': dispatched(nodePorts),
  }
}

type Entry = readonly [keyText: string, element: NftElement]

const entry = (key: readonly NftKeyValue[], verdict?: NftVerdict, comment?: string): Entry => [
  nftKeyText(key),
  { key, ...(verdict && { verdict }), ...(comment !== undefined && { comment }) },
]

/** Without endpoints the client is told; with endpoints elsewhere the packet vanishes, so that a load balancer tries another node. */
const refusalOf = (on: PortOnNode): NftVerdict => (on.categories.hasAny ? DROP : goTo('reject-chain'))
