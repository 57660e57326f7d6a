/**
 * What of a Node its kube-proxy looks at, for one IP family: all that can make two nodes' rules differ.
 */
import type { ClusterNode } from '../cluster/objects.ts'
import { nodeZone } from '../cluster/objects.ts'
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import { parseIp, parsePrefix } from '../net/ip.ts'

export interface ProxierNode {
  readonly name: string
  /** Empty when the node has no zone label. */
  readonly zone: string
  /** The node IP: its first InternalIP, else its first ExternalIP. */
  readonly ip?: IpAddress
  /** Addresses taken to be on the node's interfaces, besides loopback: its InternalIPs. */
  readonly interfaceAddresses: readonly IpAddress[]
  /** First of spec.podCIDRs. */
  readonly podPrefix?: IpPrefix
}

/** `bindAddress`: the setting of that name, which may say what the node IP is. */
export function proxierNode(node: ClusterNode, family: IpFamily, bindAddress: string): ProxierNode {
  const addressesOf = (type: string): IpAddress[] =>
    node.addresses.flatMap(a => {
      const address = a.type === type ? parseIp(a.address) : undefined
      return address?.family === family ? [address] : []
    })
  const bound = parseIp(bindAddress)
  const internal = addressesOf('InternalIP')
  return {
    name: node.name,
    zone: nodeZone(node),
    ip: bound?.family === family ? bound : (internal[0] ?? addressesOf('ExternalIP')[0]),
    interfaceAddresses: internal,
    podPrefix: firstPrefix(node.podCIDRs, family),
  }
}

/** The first CIDR of a family; undefined when there is none. */
export function firstPrefix(cidrs: readonly string[], family: IpFamily): IpPrefix | undefined {
  for (const cidr of cidrs) {
    const prefix = parsePrefix(cidr)
    if (prefix?.family === family) return prefix
  }
  return undefined
}
