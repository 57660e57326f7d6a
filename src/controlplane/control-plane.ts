/**
 * The control plane: objects as users write or dump them go in, the cluster's events come out. All inputs of one instant are one batch
 * (as long as no object comes twice), so that each Service is reconciled once however many pods change. Order within a batch:
 * ServiceCIDRs, Nodes, workloads, Services, Pods, pods of workloads, EndpointSlices. There are no clocks here and no
 * latencies: what follows from an input happens at its instant. What the input itself brings (pods with an owner, EndpointSlices)
 * is never made a second time.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { ClusterEvent, ClusterEventType } from '../cluster/cluster-event.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type {
  ClusterNode,
  ClusterObject,
  EndpointSlice,
  Pod,
  Service,
  ServiceCidr,
  Workload,
} from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import { canonicalIp } from '../net/ip.ts'
import type { Place, Problem } from '../problem/problem.ts'
import { badInput } from '../problem/problem.ts'
import type { TimeUs } from '../sim/time.ts'
import { clusterIpRange } from './allocate-cluster-ip.ts'
import { batchesOf } from './batches.ts'
import { checkConfig } from './check-config.ts'
import { ClusterStore } from './cluster-store.ts'
import type { ControlPlaneConfig } from './control-plane-config.ts'
import { reconcileSlices } from './endpointslice-controller.ts'
import { GeneratedNames } from './generated-name.ts'
import { NodeAdmission } from './node-admission.ts'
import { asRecord } from './owner-reference.ts'
import { PodPlacement } from './pod-placement.ts'
import { ServiceAdmission } from './service-admission.ts'
import type { ServiceRanges } from './service-ranges.ts'
import { serviceRanges } from './service-ranges.ts'
import { suppliedWorkloads } from './supplied-workloads.ts'
import { TopologyHints } from './topology-hints.ts'
import { WorkloadController } from './workload-controller.ts'

/** One change as the user makes it; for DELETED the object's kind, namespace and name matter alone. */
export interface ControlPlaneInput {
  readonly timeUs: TimeUs
  readonly type: ClusterEventType
  readonly object: ClusterObject
  /** Where in the user's input it stands. */
  readonly place?: Place
}

export interface ControlPlaneResult {
  /** The fold of all events. */
  readonly state: ClusterState
  /** Faults that were gone on with, a sentence each. */
  readonly warnings: readonly string[]
}

/** `inputs` in order of time. `emit` gets every event in order; after a Problem, those it got are not the whole story. */
export function runControlPlane(
  inputs: readonly ControlPlaneInput[],
  config: ControlPlaneConfig,
  emit: (event: ClusterEvent) => void,
): E.Either<Problem, ControlPlaneResult> {
  const fault = checkConfig(config)
  if (fault !== undefined) return E.left(fault)
  const objects = inputs.map(i => i.object)
  const ranges = serviceRanges(config.serviceCidrs, objects)
  if (E.isLeft(ranges)) return ranges
  const controlPlane = new ControlPlane(config, ranges.right, objects, emit)
  for (const batch of batchesOf(inputs)) {
    const problem = controlPlane.take(batch)
    if (problem !== undefined) return E.left(problem)
  }
  return E.right({ state: controlPlane.store.state, warnings: [...controlPlane.warnings] })
}

/** Who follows what happens to workloads, pods and nodes: at the instant itself, or over time (live/). */
export interface WorkloadFollower {
  workloadPut(workload: Workload, place: Place): void
  workloadRemoved(workload: Workload): void
  podRemoved(podKey: string): void
  nodesAdded(): void
  reconcile(): Problem | undefined
}

/** The API server with its admission, and the controllers that follow at once. */
export class ControlPlane {
  readonly store: ClusterStore
  readonly placement: PodPlacement
  readonly names: GeneratedNames
  readonly topology: TopologyHints
  readonly warnings = new Set<string>()
  readonly workloads: WorkloadController
  follower: WorkloadFollower
  readonly #ranges: ServiceRanges
  readonly #services: ServiceAdmission
  readonly #nodes: NodeAdmission
  readonly #goneNodes = new Set<string>()
  /** Keys of Services whose slices the input brings. */
  readonly #suppliedSlices: ReadonlySet<string>

  constructor(
    config: ControlPlaneConfig,
    ranges: ServiceRanges,
    objects: readonly ClusterObject[],
    emit: (event: ClusterEvent) => void,
  ) {
    this.store = new ClusterStore(emit)
    this.topology = new TopologyHints(this.store)
    this.#ranges = ranges
    this.#services = new ServiceAdmission(config, ranges, text => this.warnings.add(text))
    this.#nodes = new NodeAdmission(config)
    this.placement = new PodPlacement(config.seed, config.maxPodsPerNode, this.store.node)
    this.names = new GeneratedNames(config.seed)
    const supplied = suppliedWorkloads(objects)
    this.workloads = new WorkloadController(this.store, this.placement, this.names, supplied)
    this.follower = this.workloads
    this.#suppliedSlices = new Set(
      objects.filter(o => o.kind === 'EndpointSlice').map(s => `${s.namespace}/${s.serviceName}`),
    )
  }

  /** All that follows happens at the batch's instant. */
  take(batch: readonly ControlPlaneInput[]): Problem | undefined {
    const problem = this.admit(batch)
    if (problem === undefined) this.#reconcileDirty()
    return problem
  }

  /** The objects themselves: EndpointSlices are left to be reconciled. */
  admit(batch: readonly ControlPlaneInput[]): Problem | undefined {
    this.store.nowUs = batch[0].timeUs
    return (
      this.#takeServiceCidrs(inputsOf(batch, 'ServiceCIDR')) ??
      this.#takeNodes([...inputsOf(batch, 'Node'), ...this.#impliedNodes(batch)]) ??
      this.#takeWorkloads(batch) ??
      this.#takeServices(inputsOf(batch, 'Service')) ??
      this.#takePods(inputsOf(batch, 'Pod')) ??
      this.follower.reconcile() ??
      this.#takeSlices(inputsOf(batch, 'EndpointSlice'))
    )
  }

  #takeServiceCidrs(inputs: readonly InputOf<ServiceCidr>[]): Problem | undefined {
    for (const { object, type, place } of inputs) {
      if (type === 'DELETED') {
        this.#ranges.setObject(object.name, [])
        this.store.remove(object)
        continue
      }
      const ranges = []
      for (const [i, cidr] of object.cidrs.entries()) {
        const range = clusterIpRange(cidr)
        if (E.isLeft(range))
          return badInput(
            { ...place, field: `spec.cidrs[${i}]` },
            `ServiceCIDR "${object.name}": ${JSON.stringify(cidr)} ${range.left}`,
            'write it as 10.96.0.0/12',
          )
        ranges.push(range.right)
      }
      this.#ranges.setObject(object.name, ranges)
      this.store.put(object)
    }
    return undefined
  }

  #takeNodes(inputs: readonly InputOf<ClusterNode>[]): Problem | undefined {
    for (const { object, type } of inputs) if (type === 'DELETED') this.#removeNode(object)
    const joining = inputs.filter(i => i.type !== 'DELETED')
    for (const { object } of joining) this.#nodes.reserve(object)
    for (const { object, place } of joining) {
      const before = this.store.node(object.name)
      const admitted = this.#nodes.complete(object, before, place ?? {})
      if (E.isLeft(admitted)) return admitted.left
      const node = admitted.right
      this.#goneNodes.delete(node.name)
      this.store.put(node)
      this.placement.nodeChanged(node)
      if (before === undefined) this.follower.nodesAdded()
      else if (before.ready !== node.ready) this.#followReadiness(node)
    }
    return undefined
  }

  #removeNode(named: ClusterNode): void {
    const node = this.store.node(named.name)
    if (node === undefined) return
    this.#goneNodes.add(node.name)
    this.#nodes.release(node)
    this.placement.nodeRemoved(node)
    this.store.remove(node)
    for (const pod of this.store.podsOn(node.name)) if (this.placement.isPlaced(pod)) this.#removePod(pod)
  }

  /** The kubelet of a node that is not ready vouches for none of its pods; pods with a status of their own keep it. */
  #followReadiness(node: ClusterNode): void {
    for (const pod of this.store.podsOn(node.name))
      if (this.placement.isPlaced(pod)) this.store.put({ ...pod, ready: node.ready })
  }

  /** Nodes that pods of the batch are on and that nobody has described. */
  #impliedNodes(batch: readonly ControlPlaneInput[]): InputOf<ClusterNode>[] {
    const described = new Set(inputsOf(batch, 'Node').map(i => i.object.name))
    const implied = new Map<string, InputOf<ClusterNode>>()
    for (const { object: pod, type, timeUs, place } of inputsOf(batch, 'Pod')) {
      const name = pod.nodeName
      if (type === 'DELETED' || name === '' || implied.has(name) || described.has(name)) continue
      if (this.store.node(name) !== undefined || this.#goneNodes.has(name)) continue
      implied.set(name, { timeUs, type: 'ADDED', object: impliedNode(pod), place })
    }
    if (implied.size > 0) {
      const names = [...implied.keys()].sort()
      const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? `, … (${names.length} in all)` : '')
      this.warnings.add(`Nodes that Pods are on but no Node object describes were made: ${shown}`)
    }
    return [...implied.values()]
  }

  #takeWorkloads(batch: readonly ControlPlaneInput[]): Problem | undefined {
    for (const { object, type, place } of batch) {
      if (!('podLabels' in object)) continue
      if (type === 'DELETED') {
        this.store.remove(object)
        this.follower.workloadRemoved(object)
      } else {
        this.store.put(object)
        this.follower.workloadPut(object, place ?? {})
      }
    }
    return undefined
  }

  #takeServices(inputs: readonly InputOf<Service>[]): Problem | undefined {
    const kept: { readonly input: InputOf<Service>; readonly before: Service | undefined }[] = []
    for (const input of inputs) {
      const before = this.store.service(objectKey(input.object))
      if (before !== undefined) this.#services.release(before)
      if (input.type === 'DELETED') this.store.remove(input.object)
      else kept.push({ input, before })
    }
    const reserved: Service[] = []
    for (const { input, before } of kept) {
      const service = this.#services.reserve(input.object, before, input.place ?? {})
      if (E.isLeft(service)) return service.left
      reserved.push(service.right)
    }
    for (const [i, { input }] of kept.entries()) {
      const service = this.#services.complete(reserved[i], input.place ?? {})
      if (E.isLeft(service)) return service.left
      this.store.put(service.right)
    }
    return undefined
  }

  #takePods(inputs: readonly InputOf<Pod>[]): Problem | undefined {
    const toPlace = inputs.filter(i => i.type !== 'DELETED' && this.#wantsPlace(i.object))
    const problem = this.placement.expect(toPlace.length, toPlace[0]?.place ?? {})
    if (problem !== undefined) return problem
    for (const { object, type, place } of inputs) {
      const before = this.store.pod(objectKey(object))
      if (type === 'DELETED') {
        if (before !== undefined) this.#removePod(before)
      } else if (!this.placement.isBare(object) || this.#isStranded(object)) {
        if (before !== undefined) this.placement.release(before)
        this.placement.adopt(object)
        this.store.put(object)
      } else if (before !== undefined) this.store.put(startedAs(object, before))
      else {
        const placed = this.placement.place(object, place ?? {})
        if (E.isLeft(placed)) return placed.left
        this.store.put(placed.right)
      }
    }
    return undefined
  }

  #wantsPlace(pod: Pod): boolean {
    return pod.nodeName === '' && this.placement.isBare(pod) && this.store.pod(objectKey(pod)) === undefined
  }

  /** Bound to a Node that has gone: it never starts, as nobody is there to start it. */
  #isStranded(pod: Pod): boolean {
    return pod.nodeName !== '' && this.store.node(pod.nodeName) === undefined
  }

  #removePod(pod: Pod): void {
    this.placement.release(pod)
    this.store.remove(pod)
    this.follower.podRemoved(objectKey(pod))
  }

  #takeSlices(inputs: readonly InputOf<EndpointSlice>[]): Problem | undefined {
    for (const { object, type } of inputs) {
      if (type === 'DELETED') this.store.remove(object)
      else this.store.put(object)
    }
    return undefined
  }

  #reconcileDirty(): void {
    this.topology.follow()
    for (const key of this.store.dirtyServices) this.reconcile(key, undefined)
    this.store.dirtyServices.clear()
  }

  /** Brings a Service's slices up to date, unless the input brings them; `triggerUs`: since when they were not. */
  reconcile(serviceKey: string, triggerUs: TimeUs | undefined): void {
    if (this.#suppliedSlices.has(serviceKey)) return
    const service = this.store.service(serviceKey)
    const existing = this.store.slicesOf(serviceKey)
    if (service === undefined) {
      for (const slice of existing) this.store.remove(slice)
      return
    }
    const pods = this.store.podIndex.matching(service.namespace, service.selector ?? {})
    const newName = (): string =>
      this.names.next(`${service.name}-`, `slices ${serviceKey}`, name =>
        this.store.state.endpointSlices.has(objectKey({ namespace: service.namespace, name })),
      )
    const hints = this.topology.policyOf(service)
    const { put, remove } = reconcileSlices(service, pods, this.store.node, existing, newName, hints)
    for (const slice of remove) this.store.remove(slice)
    for (const slice of put)
      this.store.put(triggerUs === undefined ? slice : { ...slice, lastChangeTriggerUs: triggerUs })
  }
}

type InputOf<T extends ClusterObject> = Omit<ControlPlaneInput, 'object'> & { readonly object: T }

function inputsOf<K extends ClusterObject['kind']>(
  batch: readonly ControlPlaneInput[],
  kind: K,
): InputOf<Extract<ClusterObject, { kind: K }>>[] {
  return batch.filter((i): i is InputOf<Extract<ClusterObject, { kind: K }>> => i.object.kind === kind)
}

/** A pod that runs already, described anew without a status: a manifest says nothing of readiness, a made object does. */
function startedAs(pod: Pod, before: Pod): Pod {
  const ready = pod.source === undefined && pod.phase !== 'Pending' ? pod.ready : before.ready
  return { ...pod, nodeName: before.nodeName, podIPs: before.podIPs, phase: before.phase, ready }
}

/** All that a pod tells of the node it is on: its name and, in status.hostIP, its address. */
function impliedNode(pod: Pod): ClusterNode {
  const hostIp = asRecord(pod.source?.['status'])?.['hostIP']
  const address = typeof hostIp === 'string' ? canonicalIp(hostIp) : undefined
  return {
    kind: 'Node',
    namespace: '',
    name: pod.nodeName,
    labels: { 'kubernetes.io/hostname': pod.nodeName },
    podCIDRs: [],
    addresses: address === undefined ? [] : [{ type: 'InternalIP', address }],
    ready: true,
  }
}
