/** A node of a cluster as its own routes know it: its addresses, the pods that run on it, everything else by the uplink. */
import type { ClusterState } from '../../cluster/cluster-state.ts'
import type { IpFamily } from '../../net/ip.ts'
import { type HostView, hostView } from '../../netfilter/host.ts'
import type { ProxierConfig } from '../../proxier/proxier-config.ts'

/** Pods are those of the Pods and of the EndpointSlices that name the node, beside its pod CIDRs. */
export function nodeHost(state: ClusterState, name: string, config: ProxierConfig, family: IpFamily): HostView {
  const node = state.nodes.get(name)!.object
  const addresses = node.addresses.filter(a => a.type === 'InternalIP').map(a => a.address)
  const pods = new Set<string>()
  for (const { object } of state.pods.values())
    if (object.nodeName === name && !object.hostNetwork) for (const ip of object.podIPs) pods.add(ip)
  for (const { object } of state.endpointSlices.values())
    for (const endpoint of object.endpoints)
      if (endpoint.nodeName === name) for (const ip of endpoint.addresses) pods.add(ip)
  for (const address of addresses) pods.delete(address)
  return hostView(
    {
      localAddresses: addresses,
      podPrefixes: [...node.podCIDRs, ...Array.from(pods, ip => `${ip}/${ip.includes(':') ? 128 : 32}`)],
      uplinkName: 'eth0',
      podInterfaceName: podInterface(config),
    },
    family,
  )
}

/** By the name that kube-proxy is told to know pods' interfaces by. */
const podInterface = ({ detectLocalMode, podBridgeInterface, podInterfaceNamePrefix }: ProxierConfig): string =>
  detectLocalMode === 'BridgeInterface'
    ? podBridgeInterface
    : detectLocalMode === 'InterfaceNamePrefix'
      ? `${podInterfaceNamePrefix}0`
      : 'veth0'
