/** Everything that the nftables rules of all Service ports on one node have in common. */
import type { ClusterNode, ServiceCidr } from '../cluster/objects.ts'
import type { IpFamily, IpPrefix } from '../net/ip.ts'
import { formatIp, formatPrefix, networkAddress, parsePrefix } from '../net/ip.ts'
import { localTraffic } from './local-traffic.ts'
import { type SetupStep, setupSteps } from './nftables-setup.ts'
import { nodePortAddresses } from './nodeport-addresses.ts'
import type { NodeSetting } from './port-on-node.ts'
import type { ProxierConfig } from './proxier-config.ts'
import { proxierNode } from './proxier-node.ts'

export interface NftablesSetting extends NodeSetting {
  /** What the node has apart from Services. */
  readonly setup: readonly SetupStep[]
}

/** `cidrs`: where clusterIPs come from, of the family. */
export function nftablesSetting(
  object: ClusterNode,
  config: ProxierConfig,
  family: IpFamily,
  cidrs: readonly IpPrefix[],
): NftablesSetting {
  const node = proxierNode(object, family, config.bindAddress)
  const nodePorts = nodePortAddresses(config, node, family)
  return {
    portKey: config.detectLocalMode === 'NodeCIDR' && node.podPrefix ? formatPrefix(node.podPrefix) : '',
    fixedKey: nodePorts.all ? 'all' : nodePorts.addresses.map(formatIp).join(),
    node,
    config,
    comments: false,
    localTraffic: localTraffic(config, node, family),
    localhostNodePorts: false,
    setup: setupSteps({ family, masqueradeBit: config.masqueradeBit, nodePorts, serviceCidrs: cidrs }),
  }
}

/** Of all ServiceCIDR objects, sorted as text; kube-proxy has them in random order. */
export function serviceCidrs(objects: Iterable<ServiceCidr>, family: IpFamily): IpPrefix[] {
  const texts = [...objects].flatMap(({ cidrs }) => cidrs)
  return [...new Set(texts)].sort().flatMap(text => {
    const prefix = parsePrefix(text)
    return prefix?.family === family ? [{ ...prefix, value: networkAddress(prefix) }] : []
  })
}
