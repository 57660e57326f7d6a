/**
 * Service ports: what a proxier makes rules for, one for each port of each Service that has a clusterIP of the family, with its
 * endpoints. First step of every proxy mode; nothing here depends on the node.
 * Models kube-proxy's ServicePortMap and newBaseServiceInfo (pkg/proxy/serviceport.go). kube-proxy walks its map in random order;
 * here the order is (namespace, name, port name).
 */
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { ServicePort as PortSpec, Service } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import { networkAddress, parseIp, parsePrefix } from '../net/ip.ts'
import type { Protocol } from '../net/protocol.ts'
import type { EndpointsByPort, ServiceEndpoint } from './service-endpoints.ts'
import { isLeftToOthers, serviceEndpoints, servicePortKey } from './service-endpoints.ts'

export interface ServicePort {
  readonly namespace: string
  readonly name: string
  /** Empty when unnamed. */
  readonly portName: string
  readonly protocol: Protocol
  readonly clusterIP: IpAddress
  readonly port: number
  /** 0: none. */
  readonly nodePort: number
  readonly externalIPs: readonly IpAddress[]
  /** Load balancer addresses that reach the node unchanged (ipMode VIP). */
  readonly loadBalancerVIPs: readonly IpAddress[]
  /** Empty: everyone may come in. */
  readonly sourceRanges: readonly IpPrefix[]
  /** Seconds of ClientIP affinity; 0: none. */
  readonly affinitySeconds: number
  readonly externalPolicyLocal: boolean
  readonly internalPolicyLocal: boolean
  /** 0: none. */
  readonly healthCheckNodePort: number
  /** Sorted by `address:port` as text. */
  readonly endpoints: readonly ServiceEndpoint[]
}

export function servicePorts(state: ClusterState, family: IpFamily): ServicePort[] {
  const endpoints = serviceEndpoints(state, family)
  return [...state.services.values()]
    .flatMap(s => portsOfService(s.object, endpoints, family))
    .sort(compareServicePorts)
}

/** The ports of one Service, in order; none when kube-proxy of this family has nothing to do for it. */
export function portsOfService(service: Service, endpoints: EndpointsByPort, family: IpFamily): ServicePort[] {
  const clusterIP = ofFamily(service.clusterIPs, family)[0]
  if (clusterIP === undefined || isLeftToOthers(service.labels) || service.type === 'ExternalName') return []
  const ports = new Map<string, ServicePort>()
  for (const port of service.ports) {
    const key = servicePortKey(objectKey(service), port.name, port.protocol)
    ports.set(key, servicePort(service, port, clusterIP, endpoints.get(key) ?? []))
  }
  return [...ports.values()].sort(compareServicePorts)
}

/** The order of Service ports everywhere. */
export const compareServicePorts = (a: ServicePort, b: ServicePort): number =>
  compare(a.namespace, b.namespace) ||
  compare(a.name, b.name) ||
  compare(a.portName, b.portName) ||
  compare(a.protocol, b.protocol)

/** Reachable by more than its clusterIP. */
export const isExternallyAccessible = (p: ServicePort): boolean =>
  p.nodePort !== 0 || p.loadBalancerVIPs.length > 0 || p.externalIPs.length > 0

/** Needs the endpoints of the whole cluster: for policy Cluster, and for the node's and pods' way to external addresses. */
export const usesClusterEndpoints = (p: ServicePort): boolean => !p.internalPolicyLocal || isExternallyAccessible(p)

/** Needs to know which endpoints are on the node. */
export const usesLocalEndpoints = (p: ServicePort): boolean =>
  p.internalPolicyLocal || (p.externalPolicyLocal && isExternallyAccessible(p))

function servicePort(
  service: Service,
  port: PortSpec,
  clusterIP: IpAddress,
  endpoints: readonly ServiceEndpoint[],
): ServicePort {
  const { family } = clusterIP
  const takesExternalTraffic =
    service.type === 'LoadBalancer' ||
    service.type === 'NodePort' ||
    (service.type === 'ClusterIP' && service.externalIPs.length > 0)
  const externalPolicyLocal = takesExternalTraffic && service.externalTrafficPolicy === 'Local'
  return {
    namespace: service.namespace,
    name: service.name,
    portName: port.name,
    protocol: port.protocol,
    clusterIP,
    port: port.port,
    nodePort: port.nodePort,
    externalIPs: ofFamily(service.externalIPs, family),
    loadBalancerVIPs: ofFamily(
      service.loadBalancerIngress.flatMap(i => (i.ip === undefined || i.ipMode === 'Proxy' ? [] : [i.ip])),
      family,
    ),
    sourceRanges: sourceRanges(service.loadBalancerSourceRanges, family),
    affinitySeconds: service.sessionAffinity === 'ClientIP' ? service.affinityTimeoutSeconds : 0,
    externalPolicyLocal,
    internalPolicyLocal: service.internalTrafficPolicy === 'Local',
    healthCheckNodePort: service.type === 'LoadBalancer' && externalPolicyLocal ? service.healthCheckNodePort : 0,
    endpoints,
  }
}

/** The API server lets blanks around a range pass; a /0 lifts every restriction. */
function sourceRanges(texts: readonly string[], family: IpFamily): IpPrefix[] {
  const ranges = texts.flatMap(text => {
    const prefix = parsePrefix(text.trim())
    return prefix?.family === family ? [{ ...prefix, value: networkAddress(prefix) }] : []
  })
  return ranges.some(r => r.length === 0) ? [] : ranges
}

function ofFamily(texts: readonly string[], family: IpFamily): IpAddress[] {
  return texts.flatMap(text => {
    const address = parseIp(text)
    return address?.family === family ? [address] : []
  })
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
