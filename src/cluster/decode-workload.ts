/** Decodes a Deployment, StatefulSet, DaemonSet or ReplicaSet (apps/v1): how many pods, and what they look like. */
import { decodeLabels, decodeMeta } from './decode-meta.ts'
import { decodePodSpec } from './decode-pod.ts'
import type { FieldCursor } from './field-cursor.ts'
import { dnsSubdomain } from './names.ts'
import type { Workload } from './objects.ts'

const MOST_REPLICAS = 2 ** 31 - 1

export function decodeWorkload(object: FieldCursor, kind: Workload['kind']): Workload {
  const spec = object.object('spec')
  const template = spec.object('template')
  const owners = object.object('metadata').objects('ownerReferences')
  return {
    kind,
    ...decodeMeta(object, 'namespaced', dnsSubdomain),
    replicas: kind === 'DaemonSet' ? 0 : spec.integer('replicas', 0, MOST_REPLICAS, 1),
    podLabels: decodeLabels(template.object('metadata'), 'labels'),
    ...decodePodSpec(template.object('spec')),
    owned: owners.some(owner => owner.flag('controller', false)),
  }
}
