/**
 * Pods by namespace and label, so that a selector looks only at the pods of its rarest label. Order within a label is that of arrival.
 */
import type { Labels, Pod } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import { labelKeys, sameLabels, selects } from './label-selector.ts'

export class PodIndex {
  readonly #byLabel = new Map<string, Map<string, Pod>>()

  /** Adds `pod`, or replaces the one of its name that was `before`. */
  put(pod: Pod, before: Pod | undefined): void {
    if (before !== undefined && !sameLabels(before.labels, pod.labels)) this.remove(before)
    const key = objectKey(pod)
    for (const label of labelKeys(pod.namespace, pod.labels)) {
      let pods = this.#byLabel.get(label)
      if (pods === undefined) {
        pods = new Map()
        this.#byLabel.set(label, pods)
      }
      pods.set(key, pod)
    }
  }

  remove(pod: Pod): void {
    const key = objectKey(pod)
    for (const label of labelKeys(pod.namespace, pod.labels)) {
      const pods = this.#byLabel.get(label)
      pods?.delete(key)
      if (pods?.size === 0) this.#byLabel.delete(label)
    }
  }

  /** Pods of the namespace that a selector of at least one pair selects. */
  matching(namespace: string, selector: Labels): Pod[] {
    let rarest: Map<string, Pod> | undefined
    for (const label of labelKeys(namespace, selector)) {
      const pods = this.#byLabel.get(label)
      if (pods === undefined) return []
      if (rarest === undefined || pods.size < rarest.size) rarest = pods
    }
    return rarest === undefined ? [] : [...rarest.values()].filter(pod => selects(selector, pod.labels))
  }
}
