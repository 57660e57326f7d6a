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
  /** The workload's kindKey. */
  readonly owner: string
  readonly labels: Labels
  /** Deployment: the pod-template-hash; '' otherwise. */
  readonly hash: string
}

export function podTemplate(workload: Workload): PodTemplate {
  const owner = kindKey(workload)
  if (workload.kind !== 'Deployment') return { workload, owner, labels: workload.podLabels, hash: '' }
  const hash = templateHash(`${objectKey(workload)}\n${templateText(workload)}`)
  return { workload, owner, labels: { ...workload.podLabels, 'pod-template-hash': hash }, hash }
}

/** Two versions of a workload make the same pods, however many. */
export const sameTemplate = (a: Workload, b: Workload): boolean => templateText(a) === templateText(b)

export interface NewPod {
  readonly pod: Pod
  /** Its objectKey, the string that `taken` was asked about: a string is hashed once. */
  readonly key: string
}

/** A pod of the template that no node has yet; `ordinal` counts a StatefulSet's pods. */
export function makePod(
  template: PodTemplate,
  ordinal: number,
  names: GeneratedNames,
  taken: (podKey: string) => boolean,
): NewPod {
  const { workload, owner, labels, hash } = template
  const { namespace } = workload
  if (workload.kind === 'StatefulSet') {
    const name = ordinalName(workload, ordinal)
    return { pod: podNamed(name, workload, ordinalLabels(labels, name, ordinal)), key: objectKey({ namespace, name }) }
  }
  const base = hash === '' ? `${workload.name}-` : `${workload.name}-${hash}-`
  let key = ''
  const name = names.next(base, owner, n => {
    key = objectKey({ namespace, name: n })
    return taken(key)
  })
  return { pod: podNamed(name, workload, labels), key }
}

function podNamed(name: string, { namespace, hostNetwork, containerPorts }: Workload, labels: Labels): Pod {
  return {
    kind: 'Pod',
    namespace,
    name,
    labels,
    nodeName: '',
    podIPs: [],
    phase: 'Pending',
    ready: false,
    terminating: false,
    hostNetwork,
    containerPorts,
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
