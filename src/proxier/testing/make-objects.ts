/** Cluster objects for tests of the proxier: a test states only what it is about. */
import { type ClusterState, emptyState } from '../../cluster/cluster-state.ts'
import type { ClusterNode, Endpoint, EndpointSlice, Service, ServicePort } from '../../cluster/objects.ts'
import { objectKey, ZONE_LABEL } from '../../cluster/objects.ts'

export const makeNode = (
  name: string,
  parts: Partial<ClusterNode> & { zone?: string; ip?: string } = {},
): ClusterNode => {
  const { zone, ip, ...rest } = parts
  return {
    kind: 'Node',
    namespace: '',
    name,
    labels: zone === undefined ? {} : { [ZONE_LABEL]: zone },
    podCIDRs: [],
    addresses: ip === undefined ? [] : [{ type: 'InternalIP', address: ip }],
    ready: true,
    ...rest,
  }
}

export const makePort = (parts: Partial<ServicePort> = {}): ServicePort => ({
  name: 'http',
  protocol: 'TCP',
  port: 80,
  targetPort: 8080,
  nodePort: 0,
  ...parts,
})

export const makeService = (parts: Partial<Service> = {}): Service => ({
  kind: 'Service',
  namespace: 'default',
  name: 'web',
  labels: {},
  type: 'ClusterIP',
  selector: { app: 'web' },
  clusterIPs: ['10.96.0.10'],
  ipFamilies: ['IPv4'],
  ports: [makePort()],
  sessionAffinity: 'None',
  affinityTimeoutSeconds: 10800,
  externalTrafficPolicy: 'Cluster',
  internalTrafficPolicy: 'Cluster',
  externalIPs: [],
  loadBalancerIngress: [],
  loadBalancerSourceRanges: [],
  healthCheckNodePort: 0,
  allocateLoadBalancerNodePorts: true,
  publishNotReadyAddresses: false,
  externalName: '',
  ...parts,
})

export const makeEndpoint = (address: string, parts: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [address],
  ready: true,
  serving: true,
  terminating: false,
  nodeName: '',
  zone: '',
  podName: '',
  ...parts,
})

/** A slice of Service `web`; port `http` 8080. */
export const makeSlice = (
  endpoints: readonly (Endpoint | string)[],
  parts: Partial<EndpointSlice> = {},
): EndpointSlice => ({
  kind: 'EndpointSlice',
  namespace: 'default',
  name: `${parts.serviceName ?? 'web'}-1`,
  labels: {},
  serviceName: 'web',
  addressType: 'IPv4',
  ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  endpoints: endpoints.map(e => (typeof e === 'string' ? makeEndpoint(e) : e)),
  ...parts,
})

export function makeState(...objects: readonly (ClusterNode | Service | EndpointSlice)[]): ClusterState {
  const state = emptyState()
  for (const object of objects) {
    const key = objectKey(object)
    if (object.kind === 'Node') state.nodes.set(key, { object, createdUs: 0 })
    else if (object.kind === 'Service') state.services.set(key, { object, createdUs: 0 })
    else state.endpointSlices.set(key, { object, createdUs: 0 })
  }
  return state
}
