/**
 * The state of a cluster: a fold of events. `applyEvent` mutates a state it owns; `evolve` is the pure form, for tests and short
 * logs (it copies every map). A property test holds them equal.
 */
import type { TimeUs } from '../sim/time.ts'
import type { ClusterEvent } from './cluster-event.ts'
import type { ClusterNode, ClusterObject, EndpointSlice, Kind, Pod, Service, ServiceCidr, Workload } from './objects.ts'
import { objectKey } from './objects.ts'

/** An object in the state, with when it came to be; `applyEvent` puts a newer form of the object into the same place. */
export interface Stored<T> {
  object: T
  readonly createdUs: TimeUs
}

/** Maps are keyed by `objectKey` (workloads by `Kind/namespace/name`) and iterate in order of creation. */
export interface ClusterState {
  readonly nodes: Map<string, Stored<ClusterNode>>
  readonly pods: Map<string, Stored<Pod>>
  readonly services: Map<string, Stored<Service>>
  readonly endpointSlices: Map<string, Stored<EndpointSlice>>
  readonly serviceCidrs: Map<string, Stored<ServiceCidr>>
  readonly workloads: Map<string, Stored<Workload>>
}

export const emptyState = (): ClusterState => ({
  nodes: new Map(),
  pods: new Map(),
  services: new Map(),
  endpointSlices: new Map(),
  serviceCidrs: new Map(),
  workloads: new Map(),
})

/** Applies `event` to `state` in place. An unknown object that is MODIFIED is added; one that is DELETED is no change. `key`: the object's stateKey. */
export function applyEvent(state: ClusterState, event: ClusterEvent, key = stateKey(event.object)): void {
  const { object } = event
  switch (object.kind) {
    case 'Node':
      return put(state.nodes, key, object, event)
    case 'Pod':
      return put(state.pods, key, object, event)
    case 'Service':
      return put(state.services, key, object, event)
    case 'EndpointSlice':
      return put(state.endpointSlices, key, object, event)
    case 'ServiceCIDR':
      return put(state.serviceCidrs, key, object, event)
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
      return put(state.workloads, key, object, event)
  }
}

/** Key of an object in its map of a state. */
export function stateKey(object: ClusterObject): string {
  switch (object.kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
      return `${object.kind}/${objectKey(object)}`
    default:
      return objectKey(object)
  }
}

/** The objects of one kind, by `objectKey`. */
export function storedOfKind(state: ClusterState, kind: Kind): ReadonlyMap<string, Stored<ClusterObject>> {
  switch (kind) {
    case 'Node':
      return state.nodes
    case 'Pod':
      return state.pods
    case 'Service':
      return state.services
    case 'EndpointSlice':
      return state.endpointSlices
    case 'ServiceCIDR':
      return state.serviceCidrs
    default:
      return new Map(
        [...state.workloads.values()].filter(s => s.object.kind === kind).map(s => [objectKey(s.object), s]),
      )
  }
}

/** The state after `event`; `state` is left as it was. */
export function evolve(state: ClusterState, event: ClusterEvent): ClusterState {
  const next: ClusterState = {
    nodes: copyOf(state.nodes),
    pods: copyOf(state.pods),
    services: copyOf(state.services),
    endpointSlices: copyOf(state.endpointSlices),
    serviceCidrs: copyOf(state.serviceCidrs),
    workloads: copyOf(state.workloads),
  }
  applyEvent(next, event)
  return next
}

const copyOf = <T>(map: ReadonlyMap<string, Stored<T>>): Map<string, Stored<T>> =>
  new Map(Array.from(map, ([key, stored]) => [key, { ...stored }]))

function put<T>(map: Map<string, Stored<T>>, key: string, object: T, event: ClusterEvent): void {
  if (event.type === 'DELETED') {
    map.delete(key)
    return
  }
  if (event.type === 'MODIFIED') {
    // One look-up for the most frequent event: a fold of 1 M of them over 150,000 pods is a sixth faster.
    const before = map.get(key)
    if (before !== undefined) {
      before.object = object
      return
    }
  }
  const { size } = map
  map.set(key, { object, createdUs: event.timeUs })
  if (map.size > size) return
  // What is added anew, though its deletion was never seen, is a new object: it goes to the end of the order too.
  map.delete(key)
  map.set(key, { object, createdUs: event.timeUs })
}
