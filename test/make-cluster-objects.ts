/** Kubernetes objects with defaults for tests: a test states only what it is about. */
import type { ClusterNode, EndpointSlice, Pod, Service, ServicePort, Workload } from '../src/cluster/objects.ts'

export const makeNode = (name: string, more: Partial<ClusterNode> = {}): ClusterNode => ({
  kind: 'Node',
  namespace: '',
  name,
  labels: {},
  podCIDRs: [],
  addresses: [],
  ready: true,
  ...more,
})

export const makeNodes = (count: number): ClusterNode[] =>
  Array.from({ length: count }, (_, i) => makeNode(`node-${i}`))

/** A pod as a manifest has it: no node, no address, not started. */
export const makePod = (name: string, more: Partial<Pod> = {}): Pod => ({
  kind: 'Pod',
  namespace: 'default',
  name,
  labels: {},
  nodeName: '',
  podIPs: [],
  phase: 'Pending',
  ready: false,
  terminating: false,
  hostNetwork: false,
  containerPorts: [],
  ...more,
})

export const makeServicePort = (port: number, more: Partial<ServicePort> = {}): ServicePort => ({
  name: '',
  protocol: 'TCP',
  port,
  targetPort: port,
  nodePort: 0,
  ...more,
})

/** A ClusterIP Service with port 80 and selector app=NAME, nothing allocated. */
export const makeService = (name: string, more: Partial<Service> = {}): Service => ({
  kind: 'Service',
  namespace: 'default',
  name,
  labels: {},
  type: 'ClusterIP',
  selector: { app: name },
  clusterIPs: [],
  ipFamilies: [],
  ports: [makeServicePort(80)],
  sessionAffinity: 'None',
  affinityTimeoutSeconds: 10_800,
  externalTrafficPolicy: 'Cluster',
  internalTrafficPolicy: 'Cluster',
  externalIPs: [],
  loadBalancerIngress: [],
  loadBalancerSourceRanges: [],
  healthCheckNodePort: 0,
  allocateLoadBalancerNodePorts: true,
  publishNotReadyAddresses: false,
  externalName: '',
  ...more,
})

/** A Deployment of one pod labelled app=NAME. */
export const makeWorkload = (name: string, more: Partial<Workload> = {}): Workload => ({
  kind: 'Deployment',
  namespace: 'default',
  name,
  labels: {},
  replicas: 1,
  podLabels: { app: name },
  containerPorts: [],
  hostNetwork: false,
  owned: false,
  ...more,
})

export const makeSlice = (name: string, more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  kind: 'EndpointSlice',
  namespace: 'default',
  name,
  labels: {},
  serviceName: '',
  addressType: 'IPv4',
  ports: [],
  endpoints: [],
  ...more,
})
