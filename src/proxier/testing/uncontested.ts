/**
 * A random cluster in which no two Services claim the same external address and port, or nodePort. Where they do, iptables mode heeds
 * the first, nftables mode the last, and a difference between nodes may be hidden.
 */
import type { Service } from '../../cluster/objects.ts'
import { makeState } from './make-objects.ts'
import type { RandomCluster } from './random-cluster.ts'

export function uncontested({ state, nodeNames }: RandomCluster): RandomCluster {
  const services = [...state.services.values()].map(({ object }, i): Service => {
    const moved = (ip: string): string => ip.replace(/\d$/, last => `${10 * i + Number(last)}`)
    return {
      ...object,
      externalIPs: object.externalIPs.map(moved),
      loadBalancerIngress: object.loadBalancerIngress.map(({ ip }) => ({ ip: moved(ip!) })),
      ports: object.ports.map(p => ({ ...p, nodePort: p.nodePort && p.nodePort + i })),
    }
  })
  const others = [...state.nodes.values(), ...state.endpointSlices.values()].map(s => s.object)
  return { state: makeState(...others, ...services), nodeNames }
}
