/**
 * Which endpoints of a Service port one node uses, for each traffic policy. Pure, and common to the proxy modes.
 * Models kube-proxy 1.34's CategorizeEndpoints and topologyModeFromHints (pkg/proxy/topology.go); only hints count, never
 * spec.trafficDistribution or annotations.
 */
import type { Endpoint } from '../cluster/objects.ts'
import type { ProxierNode } from './proxier-node.ts'
import { entryOnNode } from './service-endpoints.ts'
import type { ServicePort } from './service-ports.ts'
import { usesClusterEndpoints, usesLocalEndpoints } from './service-ports.ts'

/** Lists hold indexes into `servicePort.endpoints`, rising. */
export interface EndpointCategories {
  /** For policy Cluster. */
  readonly cluster: readonly number[]
  /** For policy Local: those on the node. */
  readonly local: readonly number[]
  /** The union of both: what the node can send to. */
  readonly reachable: readonly number[]
  /** Some endpoint could take traffic, if not from this node. */
  readonly hasAny: boolean
}

export function categorizeEndpoints(servicePort: ServicePort, node: ProxierNode): EndpointCategories {
  const entries = servicePort.endpoints.map(e => entryOnNode(e, node.name))
  const cluster = usesClusterEndpoints(servicePort) ? clusterEndpoints(entries, node) : []
  if (!usesLocalEndpoints(servicePort)) return { cluster, local: [], reachable: cluster, hasAny: cluster.length > 0 }
  const local = readyElseTerminating(entries, e => e.nodeName === node.name)
  const hasAny = cluster.length > 0 || entries.some(e => e.ready || isServingTerminating(e))
  return { cluster, local, reachable: union(cluster, local), hasAny }
}

/** Ready, or on its way out but still answering: an endpoint that some policy may use. */
export const isUsable = (e: Endpoint): boolean => e.ready || isServingTerminating(e)

function clusterEndpoints(entries: readonly Endpoint[], node: ProxierNode): number[] {
  const near = nearby(entries, node)
  const ready = indexes(entries, e => e.ready && near(e))
  return ready.length > 0 ? ready : indexes(entries, isServingTerminating)
}

/**
 * Topology: hints hold only when every ready endpoint carries them and one names this node (PreferSameNode) or, failing that,
 * this zone (PreferSameZone).
 */
function nearby(entries: readonly Endpoint[], node: ProxierNode): (e: Endpoint) => boolean {
  const forNode = (e: Endpoint): boolean => e.hintNodes?.includes(node.name) ?? false
  const forZone = (e: Endpoint): boolean => e.hintZones?.includes(node.zone) ?? false
  const ready = entries.filter(e => e.ready)
  if (ready.every(e => isFilled(e.hintNodes)) && ready.some(forNode)) return forNode
  if (ready.every(e => isFilled(e.hintZones)) && ready.some(forZone)) return forZone
  return () => true
}

function readyElseTerminating(entries: readonly Endpoint[], wanted: (e: Endpoint) => boolean): number[] {
  const ready = indexes(entries, e => e.ready && wanted(e))
  return ready.length > 0 ? ready : indexes(entries, e => isServingTerminating(e) && wanted(e))
}

const isServingTerminating = (e: Endpoint): boolean => e.serving && e.terminating

const isFilled = (hints: readonly string[] | undefined): boolean => hints !== undefined && hints.length > 0

function indexes(entries: readonly Endpoint[], wanted: (e: Endpoint) => boolean): number[] {
  const found: number[] = []
  for (let i = 0; i < entries.length; i++) if (wanted(entries[i])) found.push(i)
  return found
}

const union = (a: readonly number[], b: readonly number[]): number[] => [...new Set([...a, ...b])].sort((x, y) => x - y)
