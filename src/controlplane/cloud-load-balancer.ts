/**
 * The cloud provider's part of a LoadBalancer Service: the ingress it publishes, and the target group of its load balancer. Modelled on
 * the service controller and the common providers: every node is a target on the NodePort, except those labelled out; with
 * externalTrafficPolicy Local the health check asks kube-proxy on healthCheckNodePort, which answers 200 only on nodes with a ready
 * local endpoint. Deviation: health is that of this instant, without check intervals and thresholds.
 */
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { ClusterNode, LoadBalancerIngress, Service } from '../cluster/objects.ts'
import { nodeInternalIp } from '../cluster/objects.ts'
import type { Protocol } from '../net/protocol.ts'
import { streamSeed } from '../sim/random.ts'

export interface LoadBalancerConfig {
  readonly ingress: 'hostname' | 'ip'
  /** Where ingress IPs come from. */
  readonly ipRange: string
  /** `{id}` stands for 16 hexadecimal digits that depend on seed, namespace and name alone. */
  readonly hostnamePattern: string
}

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers'

export const isTargetNode = ({ labels }: ClusterNode): boolean => !Object.hasOwn(labels, EXCLUDE_LABEL)

/** Name of the load balancer that the provider would make up for this Service. */
export function hostnameIngress(service: Service, pattern: string, seed: string): LoadBalancerIngress {
  const { low, high } = streamSeed(seed, `load balancer ${service.namespace}/${service.name}`)
  const id = high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
  return { hostname: pattern.replaceAll('{id}', id) }
}

export interface TargetGroup {
  readonly portName: string
  readonly protocol: Protocol
  /** The port clients use. */
  readonly port: number
  readonly nodePort: number
  /** In order of the nodes' creation. */
  readonly targets: readonly Target[]
}

export interface Target {
  readonly nodeName: string
  /** The node's InternalIP of the Service's primary family; empty when it has none. */
  readonly address: string
  readonly healthy: boolean
}

/** One group a Service port that has a node port; empty for Services of another type. Walks all nodes and all slices once. */
export function targetGroup(state: ClusterState, service: Service): readonly TargetGroup[] {
  if (service.type !== 'LoadBalancer') return []
  const localNodes = service.externalTrafficPolicy === 'Local' ? nodesWithReadyEndpoint(state, service) : undefined
  const family = service.ipFamilies[0] === 'IPv6' ? 6 : 4
  const targets: Target[] = []
  for (const { object: node } of state.nodes.values()) {
    if (!isTargetNode(node)) continue
    const healthy = node.ready && (localNodes === undefined || localNodes.has(node.name))
    targets.push({ nodeName: node.name, address: nodeInternalIp(node, family) ?? '', healthy })
  }
  return service.ports
    .filter(p => p.nodePort !== 0)
    .map(p => ({ portName: p.name, protocol: p.protocol, port: p.port, nodePort: p.nodePort, targets }))
}

function nodesWithReadyEndpoint(state: ClusterState, service: Service): ReadonlySet<string> {
  const nodes = new Set<string>()
  for (const { object: slice } of state.endpointSlices.values()) {
    if (slice.serviceName !== service.name || slice.namespace !== service.namespace) continue
    for (const endpoint of slice.endpoints) if (endpoint.ready && endpoint.nodeName !== '') nodes.add(endpoint.nodeName)
  }
  return nodes
}
