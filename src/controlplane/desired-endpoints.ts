/**
 * The endpoints a Service should have, from its pods (k8s.io/endpointslice: getEndpointPorts, podToEndpoint): a pod counts when it has an
 * address of the family and has not ended; ready, serving and terminating follow its conditions. Named target ports are resolved per
 * pod, so pods are grouped by the port set that comes out; a pod that lacks a name is left out of that port only.
 */
import type { ClusterNode, Endpoint, EndpointPort, Pod, Service, ServicePort } from '../cluster/objects.ts'
import { nodeZone } from '../cluster/objects.ts'
import type { ServiceFamily } from './service-families.ts'

/** Endpoints that share one set of ports, in the pods' order; no two have one `endpointKey`, as no two pods of a namespace have one name. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: Endpoint[]
}

/**
 * Groups by `portSetKey`, in order of first appearance. `nodeOf` gives undefined for a node that does not exist. `isFirst`: no slice of the
 * Service is there yet, and in most clusters it is not looked at again, so nothing is remembered.
 */
export function desiredEndpoints(
  service: Service,
  pods: readonly Pod[],
  nodeOf: (name: string) => ClusterNode | undefined,
  family: ServiceFamily,
  isFirst = false,
): Map<string, EndpointGroup> {
  const groups = new Map<string, EndpointGroup>()
  const fixed = service.ports.every(p => typeof p.targetPort === 'number')
  let group: EndpointGroup | undefined
  for (const pod of pods) {
    if (pod.phase === 'Succeeded' || pod.phase === 'Failed' || pod.podIPs.length === 0) continue
    if (group === undefined || !fixed) group = groupOf(groups, resolvePorts(service.ports, pod))
    const node = nodeOf(pod.nodeName)
    if (node === undefined && !service.publishNotReadyAddresses) continue
    const endpoint = (isFirst ? makeEndpoint : endpointOf)(service.publishNotReadyAddresses, pod, node, family)
    if (endpoint !== undefined) group.endpoints.push(endpoint)
  }
  return groups
}

/** What makes an endpoint the same one before and after a change. */
export function endpointKey(endpoint: Endpoint): string {
  let key = keys.get(endpoint)
  if (key === undefined) {
    key = [endpoint.podName, ...endpoint.addresses].join('\n')
    keys.set(endpoint, key)
  }
  return key
}

/**
 * Objects are never changed in place, so what was made of one pod on one node is made once: a Service is reconciled again and again for
 * one changed pod among hundreds that stayed as they were.
 */
const keys = new WeakMap<Endpoint, string>()
const made = new WeakMap<Pod, MadeEndpoint[]>()

interface MadeEndpoint {
  readonly publish: boolean
  readonly node: ClusterNode | undefined
  readonly family: ServiceFamily
  /** undefined: the pod has no address of the family. */
  readonly endpoint: Endpoint | undefined
}

function endpointOf(
  publish: boolean,
  pod: Pod,
  node: ClusterNode | undefined,
  family: ServiceFamily,
): Endpoint | undefined {
  const before = made.get(pod)
  const known = before?.find(m => m.publish === publish && m.node === node && m.family === family)
  if (known !== undefined) return known.endpoint
  const endpoint = makeEndpoint(publish, pod, node, family)
  if (before === undefined) made.set(pod, [{ publish, node, family, endpoint }])
  else before.push({ publish, node, family, endpoint })
  return endpoint
}

function makeEndpoint(
  publish: boolean,
  pod: Pod,
  node: ClusterNode | undefined,
  family: ServiceFamily,
): Endpoint | undefined {
  const addresses = pod.podIPs.filter(ip => ip.includes(':') === (family === 'IPv6'))
  if (addresses.length === 0) return undefined
  return {
    addresses,
    ready: publish || (pod.ready && !pod.terminating),
    serving: pod.ready,
    terminating: pod.terminating,
    nodeName: pod.nodeName,
    zone: node === undefined ? '' : nodeZone(node),
    podName: pod.name,
  }
}

/** The same for two lists of ports that differ in order only. */
export const portSetKey = (ports: readonly EndpointPort[]): string =>
  ports
    .map(p => `${p.name}\n${p.protocol}\n${p.port}`)
    .sort()
    .join('\n\n')

function groupOf(groups: Map<string, EndpointGroup>, ports: readonly EndpointPort[]): EndpointGroup {
  const key = portSetKey(ports)
  let group = groups.get(key)
  if (group === undefined) {
    group = { ports, endpoints: [] }
    groups.set(key, group)
  }
  return group
}

function resolvePorts(ports: readonly ServicePort[], pod: Pod): EndpointPort[] {
  const resolved: EndpointPort[] = []
  for (const { name, protocol, targetPort } of ports) {
    const port =
      typeof targetPort === 'number'
        ? targetPort
        : pod.containerPorts.find(c => c.name === targetPort && c.protocol === protocol)?.port
    if (port !== undefined) resolved.push({ name, protocol, port })
  }
  return resolved
}
