/** The node of a flow file's topology, as its routes know it: clients behind the uplink, pods behind one interface. */
import type { FlowTopology } from '../../net/flow.ts'
import { formatIp, formatPrefix, hostPrefix, type IpAddress, type IpFamily, prefixContains } from '../../net/ip.ts'
import { type HostView, hostView } from '../../netfilter/host.ts'

/** Names of the node's interfaces, which rules may ask for. */
export interface InterfaceNames {
  readonly uplink: string
  readonly pod: string
}

/** As the kernel's replay names them. */
export const FLOW_INTERFACES: InterfaceNames = { uplink: 'e0', pod: 'p0' }

/** `backends`: addresses that rules send to; those in no pod CIDR, and not the node's own, are pods of the node too. */
export function topologyHost(
  topology: FlowTopology,
  backends: readonly IpAddress[],
  interfaces: InterfaceNames,
  family: IpFamily,
): HostView {
  const own = [
    ...topology.nodeIps,
    ...topology.localIps,
    ...(topology.podSideIp === undefined ? [] : [topology.podSideIp]),
  ]
  const isOwn = (address: IpAddress): boolean => own.some(o => o.family === address.family && o.value === address.value)
  const lone = backends.filter(b => !isOwn(b) && !topology.podPrefixes.some(p => prefixContains(p, b)))
  return hostView(
    {
      localAddresses: own.map(formatIp),
      podPrefixes: [...topology.podPrefixes.map(formatPrefix), ...new Set(lone.map(b => formatPrefix(hostPrefix(b))))],
      uplinkName: interfaces.uplink,
      podInterfaceName: interfaces.pod,
      loopbackAddresses: topology.localIps.map(formatIp),
      ...(topology.podSideIp === undefined ? {} : { podSideAddress: formatIp(topology.podSideIp) }),
    },
    family,
  )
}
