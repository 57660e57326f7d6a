/**
 * What a scenario puts into the control plane: the objects that were read, the synthetic ones of its cluster section, and a node pool
 * where the objects bring no nodes. All of them come at the simulation's start.
 */
import type { PlacedObject } from '../cluster/read-objects.ts'
import type { ClusterSpec, Scenario } from '../scenario/scenario.ts'
import { syntheticObjects } from '../scenario/synthetic-cluster.ts'
import type { ControlPlaneInput } from './control-plane.ts'
import {
  type ControlPlaneConfig,
  defaultControlPlaneConfig,
  dualStackControlPlaneConfig,
} from './control-plane-config.ts'

/** Size of the synthetic node pool where neither the scenario nor its objects say. */
const DEFAULT_POOL = 3

/** `brought`: all objects that will ever come, those of recordings too. */
export function scenarioInputs(
  cluster: ClusterSpec,
  read: readonly PlacedObject[],
  brought: readonly PlacedObject[] = read,
): ControlPlaneInput[] {
  const poolSize = cluster.nodes ?? (brought.some(bringsNode) ? 0 : DEFAULT_POOL)
  return [
    ...syntheticObjects(cluster, poolSize).map(object => ({ timeUs: 0, type: 'ADDED', object }) as const),
    ...read.map(({ object, place }) => ({ timeUs: 0, type: 'ADDED', object, place }) as const),
  ]
}

/** Objects of a real cluster without a scenario's ranges are taken as they are; two families where someone asks for both. */
export function controlPlaneConfig({ cluster, seed }: Scenario, read: readonly PlacedObject[]): ControlPlaneConfig {
  const base = wantsBothFamilies(cluster, read) ? dualStackControlPlaneConfig : defaultControlPlaneConfig
  return {
    ...base,
    seed,
    serviceCidrs: cluster.serviceCidrs ?? (read.length > 0 ? 'infer' : base.serviceCidrs),
    clusterCidrs: cluster.clusterCidrs ?? base.clusterCidrs,
    nodeCidrs: cluster.nodeCidrs ?? base.nodeCidrs,
    onClash: cluster.onClash,
    maxPodsPerNode: cluster.maxPodsPerNode,
    loadBalancer: { ...base.loadBalancer, ...cluster.loadBalancer },
  }
}

/** A Node, or a pod that is on one. */
const bringsNode = ({ object }: PlacedObject): boolean =>
  object.kind === 'Node' || (object.kind === 'Pod' && object.nodeName !== '')

function wantsBothFamilies(cluster: ClusterSpec, read: readonly PlacedObject[]): boolean {
  const ranges = [...(cluster.serviceCidrs ?? []), ...(cluster.clusterCidrs ?? [])]
  return (
    ranges.some(r => r.includes(':')) ||
    cluster.workloads.some(w => w.service !== undefined && w.service.ipFamilyPolicy !== 'SingleStack') ||
    read.some(
      ({ object: o }) =>
        o.kind === 'Service' && (o.ipFamilies.includes('IPv6') || o.ipFamilyPolicy?.endsWith('DualStack') === true),
    )
  )
}
