/**
 * Workloads whose pods are not for the simulator to make, because the input brings them: those with a pod that names them as its owner
 * (a Deployment through its ReplicaSet), and those that an owner among the workloads makes pods for. So a dump of a live cluster with
 * Deployments, ReplicaSets and Pods together is not doubled, at whatever instant each of them comes.
 */
import type { ClusterObject, Workload } from '../cluster/objects.ts'
import { kindKey } from './cluster-store.ts'
import { controllerOf } from './owner-reference.ts'

/** Keys (`Kind/namespace/name`) of those among `objects`, which are all that will ever come. */
export function suppliedWorkloads(objects: Iterable<ClusterObject>): ReadonlySet<string> {
  const workloads = new Map<string, Workload>()
  const owners = new Set<string>()
  for (const object of objects) {
    if (object.kind === 'Pod') {
      const owner = controllerOf(object)
      if (owner !== undefined) owners.add(kindKey({ ...owner, namespace: object.namespace }))
    } else if ('podLabels' in object) workloads.set(kindKey(object), object)
  }
  const supplied = new Set<string>()
  for (const key of owners) {
    supplied.add(key)
    const deployment = deploymentOf(key, workloads.get(key))
    if (deployment !== undefined) supplied.add(deployment)
  }
  for (const [key, workload] of workloads) if (workload.owned && ownerPresent(workload, workloads)) supplied.add(key)
  return supplied
}

/** The Deployment above a ReplicaSet: as the ReplicaSet says, else by its name, which is the Deployment's and a hash. */
function deploymentOf(key: string, replicaSet: Workload | undefined): string | undefined {
  const [kind, namespace, name] = key.split('/')
  if (kind !== 'ReplicaSet' || name === undefined) return undefined
  const owner = replicaSet === undefined ? undefined : controllerOf(replicaSet)
  if (owner !== undefined) return kindKey({ ...owner, namespace })
  const dash = name.lastIndexOf('-')
  return dash <= 0 ? undefined : kindKey({ kind: 'Deployment', namespace, name: name.slice(0, dash) })
}

/** An owner that cannot be named (an object that was not imported) counts as present. */
function ownerPresent(workload: Workload, workloads: ReadonlyMap<string, Workload>): boolean {
  const owner = controllerOf(workload)
  return owner === undefined || workloads.has(kindKey({ ...owner, namespace: workload.namespace }))
}
