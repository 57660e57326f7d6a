/**
 * The EndpointSlice controller's decision for one Service (k8s.io/endpointslice: Reconcile): slices of each address family and port set,
 * at most 100 endpoints each, and an empty placeholder where there is nothing to hold. Only slices that differ are written; a slice
 * that would go while another comes is rewritten instead. Hints are given as the policy says (zone-hints.ts).
 */
import type { ClusterNode, Endpoint, EndpointPort, EndpointSlice, Labels, Pod, Service } from '../cluster/objects.ts'
import { SERVICE_NAME_LABEL } from '../cluster/objects.ts'
import type { EndpointGroup } from './desired-endpoints.ts'
import { desiredEndpoints, portSetKey } from './desired-endpoints.ts'
import { sameLabels } from './label-selector.ts'
import { packSlices } from './pack-slices.ts'
import type { ServiceFamily } from './service-families.ts'
import { hasSelector } from './service-families.ts'
import { type HintPolicy, withHints } from './zone-hints.ts'

/** kube-controller-manager's --max-endpoints-per-slice. */
const MAX_ENDPOINTS_PER_SLICE = 100

const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by'
const HEADLESS_LABEL = 'service.kubernetes.io/headless'
const RESERVED_LABELS: ReadonlySet<string> = new Set([SERVICE_NAME_LABEL, MANAGED_BY_LABEL, HEADLESS_LABEL])

/** New and changed slices, then slices to delete. */
export interface SliceChanges {
  readonly put: readonly EndpointSlice[]
  readonly remove: readonly EndpointSlice[]
}

/**
 * What must change in `existing` (all slices of this Service) so that `pods` (those its selector selects) are its endpoints.
 * `newName` makes names for new slices. Services without a selector and ExternalName ones are left alone.
 */
export function reconcileSlices(
  service: Service,
  pods: readonly Pod[],
  nodeOf: (name: string) => ClusterNode | undefined,
  existing: readonly EndpointSlice[],
  newName: () => string,
  hints: HintPolicy = { kind: 'none' },
): SliceChanges {
  if (!hasSelector(service) || service.type === 'ExternalName') return { put: [], remove: [] }
  const labels = sliceLabels(service)
  const put: EndpointSlice[] = []
  const remove = existing.filter(s => !service.ipFamilies.some(f => f === s.addressType))
  for (const family of service.ipFamilies) {
    const own = existing.filter(s => s.addressType === family)
    const desired = desiredEndpoints(service, pods, nodeOf, family, existing.length === 0)
    const changes = hinted(reconcileFamily(desired, own, labels), own, hints)
    const recycled = changes.remove.slice(0, changes.create.length)
    for (const { slice, endpoints } of changes.update) put.push({ ...slice, labels, endpoints })
    for (const [i, { ports, endpoints }] of changes.create.entries()) {
      const name = recycled[i]?.name ?? newName()
      put.push(makeSlice(service, name, family, labels, ports, endpoints))
    }
    remove.push(...changes.remove.slice(recycled.length))
  }
  return { put, remove }
}

interface NewSlice {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

interface FamilyChanges {
  readonly create: readonly NewSlice[]
  readonly update: readonly { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[]
  readonly remove: readonly EndpointSlice[]
}

function reconcileFamily(
  desired: ReadonlyMap<string, EndpointGroup>,
  existing: readonly EndpointSlice[],
  labels: Labels,
): FamilyChanges {
  const byPorts = Map.groupBy(existing, s => portSetKey(s.ports))
  const stale = (slice: EndpointSlice): boolean => !sameLabels(slice.labels, labels)
  const create: NewSlice[] = []
  const update: FamilyChanges['update'][number][] = []
  const remove: EndpointSlice[] = []
  for (const [key, { ports, endpoints }] of desired) {
    const packing = packSlices(byPorts.get(key) ?? [], endpoints, MAX_ENDPOINTS_PER_SLICE, stale)
    for (const packed of packing.create) create.push({ ports, endpoints: packed })
    update.push(...packing.update)
    remove.push(...packing.remove)
  }
  for (const [key, slices] of byPorts) if (!desired.has(key)) remove.push(...slices)
  if (existing.length !== remove.length || create.length > 0) return { create, update, remove }
  const isPlaceholder =
    remove.length === 1 && remove[0].endpoints.length === 0 && remove[0].ports.length === 0 && !stale(remove[0])
  return isPlaceholder ? { create, update, remove: [] } : { create: [{ ports: [], endpoints: [] }], update, remove }
}

/** The changes with hints, and changes of hints alone. */
function hinted(changes: FamilyChanges, existing: readonly EndpointSlice[], policy: HintPolicy): FamilyChanges {
  const touched = new Set([...changes.update.map(u => u.slice), ...changes.remove])
  const drafts = [...changes.create, ...changes.update.map(u => ({ ...u, ports: u.slice.ports }))]
  const create: NewSlice[] = []
  const update: FamilyChanges['update'][number][] = []
  for (const { slice, ports, endpoints } of withHints(
    drafts,
    existing.filter(s => !touched.has(s)),
    policy,
  ))
    if (slice === undefined) create.push({ ports, endpoints })
    else update.push({ slice, endpoints })
  return { create, update, remove: changes.remove }
}

function makeSlice(
  service: Service,
  name: string,
  addressType: ServiceFamily,
  labels: Labels,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    namespace: service.namespace,
    name,
    labels,
    serviceName: service.name,
    addressType,
    ports,
    endpoints,
  }
}

/** The Service's own labels, and those that say whose slice it is. */
function sliceLabels(service: Service): Labels {
  const labels: [string, string][] = Object.entries(service.labels).filter(([key]) => !RESERVED_LABELS.has(key))
  if (service.clusterIPs[0] === 'None') labels.push([HEADLESS_LABEL, ''])
  labels.push([SERVICE_NAME_LABEL, service.name], [MANAGED_BY_LABEL, 'endpointslice-controller.k8s.io'])
  return Object.fromEntries(labels)
}
