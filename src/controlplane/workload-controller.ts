/**
 * Keeps every workload at the pods it should have: makes and places what is missing, deletes what is too many, newest first (of a
 * StatefulSet: highest ordinal first). Deviations: a changed template replaces all pods at one instant, without a rolling update; pods
 * end at once, without a grace period; DaemonSets go to every Node, whatever its taints.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Pod, Workload } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import type { Place, Problem } from '../problem/problem.ts'
import { badInput } from '../problem/problem.ts'
import type { ClusterStore } from './cluster-store.ts'
import { kindKey } from './cluster-store.ts'
import type { GeneratedNames } from './generated-name.ts'
import { controllerOf } from './owner-reference.ts'
import type { PodPlacement } from './pod-placement.ts'
import type { NewPod, PodTemplate } from './workload-pods.ts'
import { makePod, ordinalName, podTemplate, sameTemplate } from './workload-pods.ts'

interface Charge {
  readonly key: string
  template: PodTemplate
  place: Place
  /** Keys of its pods, oldest first. */
  pods: string[]
  /** Its pods have another template, or it is gone itself. */
  outdated: boolean
  gone: boolean
}

/** A workload and the keys of its pods, oldest first. */
export interface HeldWorkload {
  readonly template: PodTemplate
  readonly pods: readonly string[]
  readonly place: Place
}

export class WorkloadController {
  readonly #store: ClusterStore
  readonly #placement: PodPlacement
  readonly #names: GeneratedNames
  readonly #supplied: ReadonlySet<string>
  readonly #charges = new Map<string, Charge>()
  /** By pod; made when first asked for, which in most clusters is never. */
  #holderOf: Map<string, string> | undefined
  readonly #dirty = new Set<string>()

  /** `supplied`: keys of workloads that are not to be touched. */
  constructor(store: ClusterStore, placement: PodPlacement, names: GeneratedNames, supplied: ReadonlySet<string>) {
    this.#store = store
    this.#placement = placement
    this.#names = names
    this.#supplied = supplied
  }

  workloadPut(workload: Workload, place: Place): void {
    const key = kindKey(workload)
    if (this.#supplied.has(key)) return
    this.#dirty.add(key)
    const charge = this.#charges.get(key)
    if (charge === undefined) {
      const template = podTemplate(workload)
      this.#charges.set(key, { key, template, place, pods: [], outdated: false, gone: false })
      return
    }
    charge.outdated ||= !sameTemplate(charge.template.workload, workload)
    charge.gone = false
    charge.template = podTemplate(workload)
    charge.place = place
  }

  workloadRemoved(workload: Workload): void {
    const key = kindKey(workload)
    const charge = this.#charges.get(key)
    if (charge === undefined) return
    charge.gone = true
    this.#dirty.add(key)
  }

  /** Someone else deleted this pod: its workload will make another. */
  podRemoved(podKey: string): void {
    const key = this.#holders().get(podKey)
    if (key === undefined) return
    this.#holders().delete(podKey)
    const charge = this.#charges.get(key)!
    charge.pods = charge.pods.filter(p => p !== podKey)
    this.#dirty.add(key)
  }

  /** Nodes have come: DaemonSets follow. */
  nodesAdded(): void {
    for (const [key, { template }] of this.#charges) if (template.workload.kind === 'DaemonSet') this.#dirty.add(key)
  }

  /** What it keeps, for one who goes on from here; nothing is kept any more. */
  handOver(): readonly HeldWorkload[] {
    const held = [...this.#charges.values()].map(({ template, pods, place }) => ({ template, pods, place }))
    this.#charges.clear()
    this.#holderOf = undefined
    return held
  }

  isSupplied = (workload: Workload): boolean => this.#supplied.has(kindKey(workload))

  /** Brings every workload that was touched to what it should be. Deletions first, then DaemonSets, then the rest. */
  reconcile(): Problem | undefined {
    const charges = [...this.#dirty].map(key => this.#charges.get(key)!)
    this.#dirty.clear()
    for (const charge of charges) this.#removeSurplus(charge)
    const kept = charges.filter(c => !c.gone)
    for (const charge of kept) this.#adoptOrphans(charge)
    for (const charge of kept) {
      const problem = charge.template.workload.kind === 'DaemonSet' ? this.#fillNodes(charge) : undefined
      if (problem !== undefined) return problem
    }
    const replicated = kept.filter(c => c.template.workload.kind !== 'DaemonSet')
    const missing = replicated.reduce((sum, c) => sum + Math.max(0, c.template.workload.replicas - c.pods.length), 0)
    const problem = this.#placement.expect(missing, replicated[0]?.place ?? {})
    if (problem !== undefined) return problem
    for (const charge of replicated) {
      const refused = this.#fillReplicas(charge)
      if (refused !== undefined) return refused
    }
    return undefined
  }

  #removeSurplus(charge: Charge): void {
    const surplus = charge.gone || charge.outdated ? charge.pods : surplusOf(charge)
    charge.outdated = false
    if (charge.gone) this.#charges.delete(charge.key)
    if (surplus.length === 0) return
    const leaving = new Set(surplus)
    charge.pods = charge.pods.filter(key => !leaving.has(key))
    for (const key of surplus.toReversed()) {
      const pod = this.#store.pod(key)!
      this.#holderOf?.delete(key)
      this.#placement.release(pod)
      this.#store.remove(pod)
    }
  }

  /** Pods of the input that nobody owns and the template's labels fit count as the workload's own, up to its replicas. */
  #adoptOrphans(charge: Charge): void {
    const { workload } = charge.template
    if (charge.pods.length > 0 || Object.keys(workload.podLabels).length === 0) return
    const most = workload.kind === 'DaemonSet' ? this.#store.state.nodes.size : workload.replicas
    for (const pod of this.#store.podIndex.matching(workload.namespace, workload.podLabels)) {
      if (charge.pods.length >= most) return
      const key = objectKey(pod)
      if (this.#holders().has(key) || controllerOf(pod) !== undefined) continue
      if (workload.kind === 'StatefulSet' && !(ordinalOf(workload, key) < workload.replicas)) continue
      this.#hold(charge, key)
    }
  }

  #fillNodes(charge: Charge): Problem | undefined {
    const covered = new Set(charge.pods.map(key => this.#store.pod(key)!.nodeName))
    for (const nodeName of this.#store.state.nodes.keys()) {
      if (covered.has(nodeName)) continue
      if (!this.#placement.hasRoom(nodeName))
        return badInput(
          charge.place,
          `no room on Node "${nodeName}" for a pod of DaemonSet "${objectKey(charge.template.workload)}"`,
          'raise cluster.maxPodsPerNode',
        )
      const { pod, key } = this.#newPod(charge, 0)
      const problem = this.#add(charge, { ...pod, nodeName }, key)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #fillReplicas(charge: Charge): Problem | undefined {
    const { workload } = charge.template
    if (charge.pods.length >= workload.replicas) return undefined
    const have = new Set(workload.kind === 'StatefulSet' ? charge.pods : [])
    for (let ordinal = 0; charge.pods.length < workload.replicas; ordinal++) {
      // Only a StatefulSet's pods have names to look for.
      const isThere =
        have.size > 0 && have.has(objectKey({ namespace: workload.namespace, name: ordinalName(workload, ordinal) }))
      if (isThere) continue
      const { pod, key } = this.#newPod(charge, ordinal)
      const problem = this.#add(charge, pod, key)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #newPod(charge: Charge, ordinal: number): NewPod {
    return makePod(charge.template, ordinal, this.#names, key => this.#store.pod(key) !== undefined)
  }

  #add(charge: Charge, pod: Pod, key: string): Problem | undefined {
    const placed = this.#placement.place(pod, charge.place)
    if (E.isLeft(placed)) return placed.left
    this.#store.put(placed.right, key)
    this.#hold(charge, key)
    return undefined
  }

  #hold(charge: Charge, podKey: string): void {
    charge.pods.push(podKey)
    this.#holderOf?.set(podKey, charge.key)
  }

  #holders(): Map<string, string> {
    this.#holderOf ??= new Map(
      [...this.#charges.values()].flatMap(({ key, pods }) => pods.map(pod => [pod, key] as const)),
    )
    return this.#holderOf
  }
}

/** Pods beyond the replicas, in the order of their age or ordinal. */
function surplusOf(charge: Charge): readonly string[] {
  const { workload } = charge.template
  if (workload.kind === 'DaemonSet') return []
  if (workload.kind !== 'StatefulSet') return charge.pods.slice(workload.replicas)
  return charge.pods
    .filter(key => !(ordinalOf(workload, key) < workload.replicas))
    .sort((a, b) => ordinalOf(workload, a) - ordinalOf(workload, b))
}

/** NaN when the pod is not one of this StatefulSet's names. */
function ordinalOf(workload: Workload, podKey: string): number {
  const prefix = `${objectKey(workload)}-`
  const digits = podKey.startsWith(prefix) ? podKey.slice(prefix.length) : ''
  return /^\d+$/.test(digits) ? Number(digits) : Number.NaN
}
