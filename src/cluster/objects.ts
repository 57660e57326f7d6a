/**
 * Kubernetes objects as this project reads them: the fields that Services, endpoints and rules depend on, with the API server's
 * defaults filled in, lists never absent, addresses canonical. Sources: core/v1, discovery.k8s.io/v1, networking.k8s.io/v1, apps/v1.
 * An imported object keeps the JSON it came from in `source`, so that nothing of it is lost in the log.
 */
import type { Protocol } from '../net/protocol.ts'
import type { TimeUs } from '../sim/time.ts'

export type ClusterObject = ClusterNode | Pod | Service | EndpointSlice | ServiceCidr | Workload

export type Kind = ClusterObject['kind']

export const KINDS: readonly Kind[] = [
  'Node',
  'Pod',
  'Service',
  'EndpointSlice',
  'ServiceCIDR',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
]

/** Kinds without a namespace. */
export const CLUSTER_KINDS: ReadonlySet<Kind> = new Set<Kind>(['Node', 'ServiceCIDR'])

export type Labels = Readonly<Record<string, string>>

export type JsonObject = { readonly [key: string]: unknown }

interface ObjectMeta {
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  /** The object as it was imported; absent when the simulator made it. */
  readonly source?: JsonObject
}

export interface ClusterNode extends ObjectMeta {
  readonly kind: 'Node'
  readonly podCIDRs: readonly string[]
  readonly addresses: readonly NodeAddress[]
  /** Condition Ready is True (or absent, as in hand-written manifests). */
  readonly ready: boolean
  /** spec.unschedulable: cordoned. */
  readonly unschedulable?: boolean
}

export interface NodeAddress {
  readonly type: string
  readonly address: string
}

export interface Pod extends ObjectMeta {
  readonly kind: 'Pod'
  /** Empty until scheduled. */
  readonly nodeName: string
  /** Empty until started; at most one of each family. */
  readonly podIPs: readonly string[]
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
  /** Condition Ready is True. */
  readonly ready: boolean
  /** metadata.deletionTimestamp is set. */
  readonly terminating: boolean
  readonly hostNetwork: boolean
  readonly containerPorts: readonly ContainerPort[]
}

export interface ContainerPort {
  /** Empty when unnamed. */
  readonly name: string
  readonly port: number
  readonly protocol: Protocol
}

export interface Service extends ObjectMeta {
  readonly kind: 'Service'
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  /** Absent: no selector, the EndpointSlices are the user's own. */
  readonly selector?: Labels
  /** Empty until allocated; `['None']` when headless. */
  readonly clusterIPs: readonly string[]
  /** Empty until allocated. */
  readonly ipFamilies: readonly ('IPv4' | 'IPv6')[]
  readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  readonly ports: readonly ServicePort[]
  readonly sessionAffinity: 'None' | 'ClientIP'
  /** spec.sessionAffinityConfig.clientIP.timeoutSeconds, 10800 by default. */
  readonly affinityTimeoutSeconds: number
  readonly externalTrafficPolicy: 'Cluster' | 'Local'
  readonly internalTrafficPolicy: 'Cluster' | 'Local'
  readonly externalIPs: readonly string[]
  readonly loadBalancerIngress: readonly LoadBalancerIngress[]
  readonly loadBalancerSourceRanges: readonly string[]
  /** 0 until allocated, or where none is needed. */
  readonly healthCheckNodePort: number
  readonly allocateLoadBalancerNodePorts: boolean
  readonly publishNotReadyAddresses: boolean
  /** Absent: none. */
  readonly trafficDistribution?: TrafficDistribution
  /** Annotation service.kubernetes.io/topology-mode (or the older topology-aware-hints) is Auto. */
  readonly topologyMode?: 'Auto'
  /** Type ExternalName only; empty otherwise. */
  readonly externalName: string
}

export type TrafficDistribution = (typeof TRAFFIC_DISTRIBUTIONS)[number]

export interface ServicePort {
  /** Empty when unnamed. */
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  /** A port number, or the name of a container port; the Service port's own number when the user wrote none. */
  readonly targetPort: number | string
  /** 0 until allocated, or where none is needed. */
  readonly nodePort: number
}

export interface LoadBalancerIngress {
  readonly ip?: string
  readonly hostname?: string
  readonly ipMode?: 'VIP' | 'Proxy'
}

export interface EndpointSlice extends ObjectMeta {
  readonly kind: 'EndpointSlice'
  /** Label kubernetes.io/service-name; empty when the slice belongs to no Service. */
  readonly serviceName: string
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
  /**
   * Annotation endpoints.kubernetes.io/last-change-trigger-time: when the first of the changes came about that this version of the slice
   * answers; programming latency counts from it. In a log it counts from the start, as all times. Absent: no change to measure from.
   */
  readonly lastChangeTriggerUs?: TimeUs
}

export interface EndpointPort {
  /** null: the field was absent (kube-proxy ignores such a port; the API server would have written ""). */
  readonly name: string | null
  readonly protocol: Protocol
  /** null: all ports. */
  readonly port: number | null
}

export interface Endpoint {
  readonly addresses: readonly string[]
  /** nil is true. */
  readonly ready: boolean
  /** nil is true. */
  readonly serving: boolean
  readonly terminating: boolean
  /** Empty when unknown. */
  readonly nodeName: string
  readonly zone: string
  /** hints.forZones names; absent when there are no zone hints. */
  readonly hintZones?: readonly string[]
  /** hints.forNodes names. */
  readonly hintNodes?: readonly string[]
  /** targetRef.name when it is a Pod; empty otherwise. */
  readonly podName: string
}

export interface ServiceCidr extends ObjectMeta {
  readonly kind: 'ServiceCIDR'
  readonly cidrs: readonly string[]
}

/** Deployment, StatefulSet, DaemonSet or ReplicaSet: a source of pods. */
export interface Workload extends ObjectMeta {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'ReplicaSet'
  /** 1 by default; a DaemonSet has one a node and this is 0. */
  readonly replicas: number
  /** Labels of the pod template. */
  readonly podLabels: Labels
  readonly containerPorts: readonly ContainerPort[]
  readonly hostNetwork: boolean
  /** metadata.ownerReferences names a controller: that one makes the pods, not this. */
  readonly owned: boolean
}

/** PreferClose is the older word for PreferSameZone. */
export const TRAFFIC_DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'] as const

export const TOPOLOGY_ANNOTATION = 'service.kubernetes.io/topology-mode'
export const OLD_TOPOLOGY_ANNOTATION = 'service.kubernetes.io/topology-aware-hints'

export const ZONE_LABEL = 'topology.kubernetes.io/zone'
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'
export const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time'

/**
 * `namespace/name`, or `name` for a cluster-scoped kind: unique within a kind. `join` and not a template, as it makes a flat string
 * where a template makes a rope, which a Map flattens first: a get and a set of 1 M keys took 0.71 s of processor time against 0.91 s.
 */
export const objectKey = (object: { readonly namespace: string; readonly name: string }): string =>
  object.namespace === '' ? object.name : [object.namespace, object.name].join('/')

export const nodeZone = (node: ClusterNode): string => node.labels[ZONE_LABEL] ?? ''

/** The node's first InternalIP of a family (what kube-proxy takes as the node IP); undefined when it has none. */
export function nodeInternalIp(node: ClusterNode, family: 4 | 6): string | undefined {
  return node.addresses.find(a => a.type === 'InternalIP' && a.address.includes(':') === (family === 6))?.address
}
