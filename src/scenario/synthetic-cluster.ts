/**
 * The synthetic part of a scenario's cluster as Kubernetes objects, just as a user would have written them: Nodes, workloads and
 * Services. The control plane gives them addresses, pods and EndpointSlices afterwards.
 */
import type { ClusterNode, ClusterObject, Labels, Service, Workload } from '../cluster/objects.ts'
import { ZONE_LABEL } from '../cluster/objects.ts'
import type { ClusterSpec, WorkloadSpec } from './scenario.ts'

/** In order: nodes, then per namespace its workloads, each followed by its Service. `nodeCount` is the size of the node pool. */
export function syntheticObjects(cluster: ClusterSpec, nodeCount: number): ClusterObject[] {
  const objects: ClusterObject[] = []
  const width = String(nodeCount - 1).length
  for (let i = 0; i < nodeCount; i++)
    objects.push(syntheticNode(`node-${String(i).padStart(width, '0')}`, i % cluster.zones))
  for (let n = 0; n < cluster.namespaces; n++) {
    const namespace =
      cluster.namespaces === 1 ? 'default' : `ns-${String(n).padStart(String(cluster.namespaces - 1).length, '0')}`
    for (const spec of cluster.workloads) {
      for (let i = 0; i < spec.count; i++) {
        const name = `${spec.name}-${i}`
        objects.push(makeWorkload(namespace, name, spec))
        if (spec.service !== undefined && i % spec.service.every === 0)
          objects.push(makeService(namespace, name, spec.service))
      }
    }
  }
  return objects
}

/** a, b, … z, aa, ab, … */
const zoneLetter = (i: number): string =>
  (i < 26 ? '' : zoneLetter(Math.floor(i / 26) - 1)) + String.fromCharCode(97 + (i % 26))

const appLabels = (name: string): Labels => ({ app: name })

/** A node of the pool, in the zone of this number. */
export function syntheticNode(name: string, zone: number): ClusterNode {
  return {
    kind: 'Node',
    namespace: '',
    name,
    labels: { 'kubernetes.io/hostname': name, [ZONE_LABEL]: `zone-${zoneLetter(zone)}` },
    podCIDRs: [],
    addresses: [],
    ready: true,
  }
}

function makeWorkload(namespace: string, name: string, spec: WorkloadSpec): Workload {
  return {
    kind: spec.kind,
    namespace,
    name,
    labels: appLabels(name),
    replicas: spec.kind === 'DaemonSet' ? 0 : spec.replicas,
    podLabels: appLabels(name),
    containerPorts: [{ name: '', port: spec.containerPort, protocol: 'TCP' }],
    hostNetwork: false,
    owned: false,
  }
}

function makeService(namespace: string, name: string, spec: NonNullable<WorkloadSpec['service']>): Service {
  return {
    kind: 'Service',
    namespace,
    name,
    labels: appLabels(name),
    type: spec.type,
    selector: appLabels(name),
    clusterIPs: [],
    ipFamilies: [],
    ipFamilyPolicy: spec.ipFamilyPolicy,
    ports: spec.ports.map(p => ({
      name: p.name,
      protocol: p.protocol,
      port: p.port,
      targetPort: p.targetPort ?? p.port,
      nodePort: 0,
    })),
    sessionAffinity: spec.sessionAffinity,
    affinityTimeoutSeconds: spec.affinityTimeoutSeconds,
    externalTrafficPolicy: spec.externalTrafficPolicy,
    internalTrafficPolicy: spec.internalTrafficPolicy,
    externalIPs: [],
    loadBalancerIngress: [],
    loadBalancerSourceRanges: [],
    healthCheckNodePort: 0,
    allocateLoadBalancerNodePorts: true,
    publishNotReadyAddresses: false,
    ...(spec.trafficDistribution === undefined ? {} : { trafficDistribution: spec.trafficDistribution }),
    ...(spec.topologyMode === undefined ? {} : { topologyMode: spec.topologyMode }),
    externalName: '',
  }
}
