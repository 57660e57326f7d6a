/**
 * Pods as their workloads make them (apps/v1 controllers): so many replicas, or one a node; names as Kubernetes gives them; labels of the
 * template and those the controllers add. Pure: which pods a workload should have, given those it has.
 * Deviation: the template hash is made like the real one, but of the few fields of a template that are read here.
 */
import type { Labels, Pod, Workload } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import { kindKey } from './cluster-store.ts'
import type { GeneratedNames } from './generated-name.ts'
import { templateHash } from './generated-name.ts'

/** What the pods of one template of a workload have in common. */
export interface PodTemplate {
  readonly workload: Workload
  readonly labels: Labels
  /** Deployment: the pod-template-hash; '' otherwise. */
  readonly hash: string
}

export function podTemplate(workload: Workload): PodTemplate {
  if (workload.kind !== 'Deployment') return { workload, labels: workload.podLabels, hash: '' }
  const hash = templateHash(`${objectKey(workload)}\n${templateText(workload)}`)
  return { workload, labels: { ...workload.podLabels, 'pod-template-hash': hash }, hash }
}

/** Two versions of a workload make the same pods, however many. */
export const sameTemplate = (a: Workload, b: Workload): boolean => templateText(a) === templateText(b)

/** A pod of the template that no node has yet; `ordinal` counts a StatefulSet's pods. */
export function makePod(
  template: PodTemplate,
  ordinal: number,
  names: GeneratedNames,
  taken: (podKey: string) => boolean,
): Pod {
  const { workload, labels, hash } = template
  const { namespace } = workload
  const base = hash === '' ? `${workload.name}-` : `${workload.name}-${hash}-`
  const name =
    workload.kind === 'StatefulSet'
      ? ordinalName(workload, ordinal)
      : names.next(base, kindKey(workload), n => taken(objectKey({ namespace, name: n })))
  return {
    kind: 'Pod',
    namespace,
    name,
    labels: workload.kind === 'StatefulSet' ? ordinalLabels(labels, name, ordinal) : labels,
    nodeName: '',
    podIPs: [],
    phase: 'Pending',
    ready: false,
    terminating: false,
    hostNetwork: workload.hostNetwork,
    containerPorts: workload.containerPorts,
  }
}

/** `name-0`, `name-1`, … */
export const ordinalName = (workload: Workload, ordinal: number): string => `${workload.name}-${ordinal}`

const ordinalLabels = (labels: Labels, name: string, ordinal: number): Labels => ({
  ...labels,
  'statefulset.kubernetes.io/pod-name': name,
  'apps.kubernetes.io/pod-index': String(ordinal),
})

const templateText = (w: Workload): string => JSON.stringify([w.podLabels, w.containerPorts, w.hostNetwork])
