/**
 * The cluster as the control plane sees it while it works: the state, indexes over it, and the Services whose endpoints may have changed.
 * Every change of any object goes through `put` and `remove`, which emit the event, fold it and note what it touches.
 */
import type { ClusterEvent, ClusterEventType } from '../cluster/cluster-event.ts'
import type { ClusterState, Stored } from '../cluster/cluster-state.ts'
import { applyEvent, emptyState, stateKey } from '../cluster/cluster-state.ts'
import type { ClusterNode, ClusterObject, EndpointSlice, Pod, Service } from '../cluster/objects.ts'
import { nodeZone, objectKey } from '../cluster/objects.ts'
import type { TimeUs } from '../sim/time.ts'
import { sameLabels } from './label-selector.ts'
import { PodIndex } from './pod-index.ts'
import { SelectorIndex } from './selector-index.ts'

export class ClusterStore {
  readonly state: ClusterState = emptyState()
  readonly podIndex = new PodIndex()
  /** Keys of Services to reconcile; whoever reconciles them clears it. */
  readonly dirtyServices = new Set<string>()
  /** Counts changes of nodes that topology hints depend on; they concern the Services in `topologyServices`. */
  topologyGeneration = 0
  /** Keys of Services of topology mode Auto. */
  readonly topologyServices = new Set<string>()
  /** The instant that events are stamped with. */
  nowUs: TimeUs = 0
  readonly #emit: (event: ClusterEvent) => void
  readonly #selectors = new SelectorIndex()
  readonly #slicesOf = new Map<string, Map<string, EndpointSlice>>()
  /** Keys by node, in the order in which the pods came there; made when first asked for, or when a first pod goes elsewhere. */
  #podsOn: Map<string, Set<string>> | undefined
  #sequence = 0

  constructor(emit: (event: ClusterEvent) => void) {
    this.#emit = emit
  }

  /** The object, whose stateKey is `key`, is now as given: ADDED when there was none of its name. */
  put(object: ClusterObject, key = stateKey(object)): void {
    const before = this.#mapOf(object).get(key)?.object
    this.#write(before === undefined ? 'ADDED' : 'MODIFIED', object, key)
    if (object.kind === 'Pod') this.#podPut(object, key, before as Pod | undefined)
    else if (object.kind === 'Service') {
      this.#selectors.put(object)
      this.dirtyServices.add(key)
      if (object.topologyMode === 'Auto') this.topologyServices.add(key)
      else this.topologyServices.delete(key)
    } else if (object.kind === 'EndpointSlice') this.#slicePut(object, before as EndpointSlice | undefined)
    else if (object.kind === 'Node') this.#nodePut(object, before as ClusterNode | undefined)
  }

  /** The object of this kind and name is gone; no change when there was none. */
  remove(object: ClusterObject): void {
    const key = stateKey(object)
    const before = this.#mapOf(object).get(key)?.object
    if (before === undefined) return
    this.#write('DELETED', before, key)
    if (before.kind === 'Pod') {
      this.podIndex.remove(before, key)
      if (hasEndpoint(before)) this.#touchSelecting(before)
      this.#podsOn?.get(before.nodeName)?.delete(key)
    } else if (before.kind === 'Service') {
      this.#selectors.remove(before)
      this.dirtyServices.add(key)
      this.topologyServices.delete(key)
    } else if (before.kind === 'EndpointSlice') this.#sliceRemoved(before)
    else if (before.kind === 'Node') {
      this.topologyGeneration++
      this.#touchServicesOnNode(before.name)
    }
  }

  service = (key: string): Service | undefined => this.state.services.get(key)?.object

  node = (name: string): ClusterNode | undefined => this.state.nodes.get(name)?.object

  pod = (key: string): Pod | undefined => this.state.pods.get(key)?.object

  podsOn(nodeName: string): Pod[] {
    if (this.state.pods.size === 0) return []
    return [...(this.#keysOn().get(nodeName) ?? [])].map(key => this.pod(key)!)
  }

  slicesOf(serviceKey: string): EndpointSlice[] {
    return [...(this.#slicesOf.get(serviceKey)?.values() ?? [])]
  }

  #write(type: ClusterEventType, object: ClusterObject, key: string): void {
    const event: ClusterEvent = { sequence: this.#sequence++, timeUs: this.nowUs, type, object }
    applyEvent(this.state, event, key)
    this.#emit(event)
  }

  #podPut(pod: Pod, key: string, before: Pod | undefined): void {
    this.podIndex.put(pod, key, before)
    const had = before !== undefined && hasEndpoint(before)
    if (had || hasEndpoint(pod)) this.#touchSelecting(pod)
    if (before !== undefined) {
      if (had && !sameLabels(before.labels, pod.labels)) this.#touchSelecting(before)
      if (before.nodeName === pod.nodeName) return
      const podsOn = this.#keysOn()
      podsOn.get(before.nodeName)?.delete(key)
      // Made this moment, the map has the pod already, though not behind the others.
      podsOn.get(pod.nodeName)?.delete(key)
    }
    if (this.#podsOn !== undefined) file(this.#podsOn, pod.nodeName, key)
  }

  #keysOn(): Map<string, Set<string>> {
    if (this.#podsOn === undefined) {
      this.#podsOn = new Map()
      for (const [key, { object }] of this.state.pods) file(this.#podsOn, object.nodeName, key)
    }
    return this.#podsOn
  }

  #slicePut(slice: EndpointSlice, before: EndpointSlice | undefined): void {
    if (before !== undefined && before.serviceName !== slice.serviceName) this.#sliceRemoved(before)
    if (slice.serviceName === '') return
    const key = ownerKey(slice)
    const slices = this.#slicesOf.get(key)
    if (slices === undefined) this.#slicesOf.set(key, new Map([[slice.name, slice]]))
    else slices.set(slice.name, slice)
  }

  #sliceRemoved(slice: EndpointSlice): void {
    this.#slicesOf.get(ownerKey(slice))?.delete(slice.name)
  }

  #nodePut(node: ClusterNode, before: ClusterNode | undefined): void {
    this.topologyGeneration++
    if (before === undefined || nodeZone(before) !== nodeZone(node)) this.#touchServicesOnNode(node.name)
  }

  #touchServicesOnNode(name: string): void {
    for (const pod of this.podsOn(name)) this.#touchSelecting(pod)
  }

  #touchSelecting(pod: Pod): void {
    for (const key of this.#selectors.matching(pod.namespace, pod.labels)) this.dirtyServices.add(key)
  }

  #mapOf(object: ClusterObject): ReadonlyMap<string, Stored<ClusterObject>> {
    switch (object.kind) {
      case 'Node':
        return this.state.nodes
      case 'Pod':
        return this.state.pods
      case 'Service':
        return this.state.services
      case 'EndpointSlice':
        return this.state.endpointSlices
      case 'ServiceCIDR':
        return this.state.serviceCidrs
      case 'Deployment':
      case 'StatefulSet':
      case 'DaemonSet':
      case 'ReplicaSet':
        return this.state.workloads
    }
  }
}

function file(podsOn: Map<string, Set<string>>, nodeName: string, key: string): void {
  if (nodeName === '') return
  const keys = podsOn.get(nodeName)
  if (keys === undefined) podsOn.set(nodeName, new Set([key]))
  else keys.add(key)
}

/** A pod without addresses, or one that has ended, is no endpoint of anything: no Service needs to hear of it. */
const hasEndpoint = (pod: Pod): boolean => pod.podIPs.length > 0 && pod.phase !== 'Succeeded' && pod.phase !== 'Failed'

/** `Kind/namespace/name`: unique among all objects. */
export const kindKey = (object: { readonly kind: string; readonly namespace: string; readonly name: string }): string =>
  `${object.kind}/${objectKey(object)}`

const ownerKey = (slice: EndpointSlice): string => `${slice.namespace}/${slice.serviceName}`
