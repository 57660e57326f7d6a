/**
 * Service ports as destinations of traffic: one row a Service port and family, with the addresses at which pods and nodes (its
 * ClusterIP) and clients outside (a node port behind the load balancer's healthy targets, or an address of its own) reach it.
 */
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { Service } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import { targetGroup } from '../controlplane/cloud-load-balancer.ts'
import type { IpFamily } from '../net/ip.ts'
import { formatIp } from '../net/ip.ts'
import { PROTOCOL_NUMBER } from '../net/protocol.ts'
import type { ServicePort } from '../proxier/service-ports.ts'
import type { TrafficDestination } from '../workload/traffic-request.ts'

export interface ServiceRow {
  readonly family: IpFamily
  readonly service: Service
  readonly port: ServicePort
  /** Index of `port` in the Service ports of its family. */
  readonly portIndex: number
  readonly inside: TrafficDestination
  /** null: clients outside have no way to it. */
  readonly outside: TrafficDestination | null
}

/** Rows of one family, in the order of `ports`; `nodeIndex` numbers the nodes by name. */
export function serviceRows(
  state: ClusterState,
  family: IpFamily,
  ports: readonly ServicePort[],
  nodeIndex: ReadonlyMap<string, number>,
): ServiceRow[] {
  const everyNode = [...nodeIndex.values()]
  const healthy = healthyNodes(state, nodeIndex)
  return ports.map((port, portIndex) => {
    const service = state.services.get(objectKey(port))!.object
    const protocol = PROTOCOL_NUMBER[port.protocol]
    return {
      family,
      service,
      port,
      portIndex,
      inside: { family, address: formatIp(port.clusterIP), protocol, port: port.port },
      outside: outsideDestination(
        port,
        family,
        protocol,
        service.type === 'LoadBalancer' ? healthy(service) : everyNode,
        everyNode,
      ),
    }
  })
}

/** A node port where there is one; else a load balancer VIP or external IP, which comes in on any node. */
function outsideDestination(
  port: ServicePort,
  family: IpFamily,
  protocol: number,
  targets: readonly number[],
  everyNode: readonly number[],
): TrafficDestination | null {
  if (port.nodePort !== 0) return { family, protocol, port: port.nodePort, ingressNodes: targets }
  const [vip] = port.loadBalancerVIPs
  if (vip !== undefined) return { family, address: formatIp(vip), protocol, port: port.port, ingressNodes: targets }
  const [externalIP] = port.externalIPs
  return externalIP === undefined
    ? null
    : { family, address: formatIp(externalIP), protocol, port: port.port, ingressNodes: everyNode }
}

/** Healthy targets of a Service's load balancer; Services with the same targets share one array. */
function healthyNodes(
  state: ClusterState,
  nodeIndex: ReadonlyMap<string, number>,
): (service: Service) => readonly number[] {
  const byService = new Map<Service, readonly number[]>()
  const shared = new Map<string, readonly number[]>()
  return service => {
    let nodes = byService.get(service)
    if (nodes === undefined) {
      const targets = targetGroup(state, service)[0]?.targets ?? []
      const found = targets.flatMap(t => (t.healthy ? [nodeIndex.get(t.nodeName)!] : []))
      const key = found.join(' ')
      nodes = shared.get(key) ?? found
      shared.set(key, nodes)
      byService.set(service, nodes)
    }
    return nodes
  }
}
