/**
 * A cluster of equal Services on one node, and packets to them: what calibration measures and predicts. Deterministic in its shape, so
 * the same shape is the same rules everywhere.
 */
import { applyEvent, type ClusterState, emptyState } from '../../cluster/cluster-state.ts'
import type { ClusterObject, EndpointSlice, Service } from '../../cluster/objects.ts'
import type { ProxierConfig } from '../../proxier/proxier-config.ts'
import { DEFAULT_PROXIER_CONFIG } from '../../proxier/proxier-config.ts'

export interface WorldShape {
  readonly services: number
  /** Of each Service. */
  readonly endpoints: number
  /** Ports of each Service, on one address; each has all endpoints. */
  readonly ports: number
  readonly affinity: boolean
  /** Type NodePort. */
  readonly nodePorts: boolean
  /** From a pod's address, or from outside: then the source is masqueraded. */
  readonly from: 'inside' | 'outside'
  /** Packets go to one Service port, in the order the rules stand, or to each in turn. */
  readonly to: 'first' | 'last' | 'every'
  readonly byNodePort: boolean
  /** Above so many endpoints their rules have no comment; kube-proxy's own number is 1,000. */
  readonly largeClusterEndpoints: number
}

export interface Destination {
  readonly address: string
  readonly port: number
}

export const ONE_SERVICE: WorldShape = {
  services: 1,
  endpoints: 1,
  ports: 1,
  affinity: false,
  nodePorts: false,
  from: 'inside',
  to: 'last',
  byNodePort: false,
  largeClusterEndpoints: DEFAULT_PROXIER_CONFIG.largeClusterEndpoints,
}

export const NODE_NAME = 'node'
export const NODE_ADDRESS = '192.168.10.1'
export const POD_CIDR = '10.244.0.0/14'
/** First addresses of the clients. */
export const SOURCE = { inside: '10.246.0.1', outside: '198.18.0.1' } as const

export const worldConfig = (mode: ProxierConfig['mode'], { largeClusterEndpoints }: WorldShape): ProxierConfig => ({
  ...DEFAULT_PROXIER_CONFIG,
  largeClusterEndpoints,
  mode,
  clusterCidrs: [POD_CIDR],
  ...(mode === 'nftables' ? { nodePortAddresses: ['primary'] } : {}),
})

export function worldState(shape: WorldShape): ClusterState {
  const state = emptyState()
  let sequence = 0
  const add = (object: ClusterObject): void =>
    applyEvent(state, { sequence: sequence++, type: 'ADDED', object, timeUs: 0 })
  add({
    kind: 'Node',
    namespace: '',
    name: NODE_NAME,
    labels: {},
    podCIDRs: [],
    addresses: [{ type: 'InternalIP', address: NODE_ADDRESS }],
    ready: true,
  })
  for (let i = 0; i < shape.services; i++) {
    add(service(shape, i))
    add(slice(shape, i))
  }
  return state
}

/** Where the packets of the world go, met in turn. */
export function destinations(shape: WorldShape): readonly Destination[] {
  const all = Array.from({ length: shape.services * shape.ports }, (_, p): Destination => {
    const service = Math.floor(p / shape.ports)
    return shape.byNodePort
      ? { address: NODE_ADDRESS, port: FIRST_NODE_PORT + p }
      : { address: clusterIp(service), port: FIRST_PORT + (p % shape.ports) }
  })
  return shape.to === 'every' ? all : [shape.to === 'first' ? all[0] : all[all.length - 1]]
}

/** Backends that the packets of the world spread over. */
export const spreadOf = (shape: WorldShape): number => destinations(shape).length * shape.endpoints

export const endpointAddress = (index: number): string => addressAfter(POD_BASE, index)

export const ENDPOINT_PORT = 8080
const FIRST_PORT = 80
const FIRST_NODE_PORT = 30_000
const SERVICE_BASE = 0x0a600001
const POD_BASE = 0x0af40001

const clusterIp = (index: number): string => addressAfter(SERVICE_BASE, index)

const addressAfter = (base: number, index: number): string =>
  [24, 16, 8, 0].map(shift => ((base + index) >>> shift) & 255).join('.')

const named = (i: number): { readonly namespace: string; readonly name: string } => ({
  namespace: 'load',
  name: `service-${String(i).padStart(5, '0')}`,
})

const portName = (p: number): string => `p${String(p).padStart(3, '0')}`

const service = (shape: WorldShape, i: number): Service => ({
  kind: 'Service',
  ...named(i),
  labels: {},
  type: shape.nodePorts ? 'NodePort' : 'ClusterIP',
  selector: {},
  clusterIPs: [clusterIp(i)],
  ipFamilies: ['IPv4'],
  ports: Array.from({ length: shape.ports }, (_, p) => ({
    name: portName(p),
    protocol: 'UDP',
    port: FIRST_PORT + p,
    targetPort: ENDPOINT_PORT + p,
    nodePort: shape.nodePorts ? FIRST_NODE_PORT + i * shape.ports + p : 0,
  })),
  sessionAffinity: shape.affinity ? 'ClientIP' : 'None',
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
})

const slice = (shape: WorldShape, i: number): EndpointSlice => ({
  kind: 'EndpointSlice',
  namespace: named(i).namespace,
  name: `${named(i).name}-1`,
  labels: {},
  serviceName: named(i).name,
  addressType: 'IPv4',
  ports: Array.from({ length: shape.ports }, (_, p) => ({
    name: portName(p),
    protocol: 'UDP',
    port: ENDPOINT_PORT + p,
  })),
  endpoints: Array.from({ length: shape.endpoints }, (_, e) => ({
    addresses: [endpointAddress(i * shape.endpoints + e)],
    ready: true,
    serving: true,
    terminating: false,
    nodeName: '',
    zone: '',
    podName: '',
  })),
})
