/**
 * Pods by namespace and label, so that a selector looks only at the pods of its rarest label. Order within a label is that of arrival.
 * Pods of one workload share their labels object and come in a row, so the places of the last labels are remembered.
 */
import type { Labels, Pod } from '../cluster/objects.ts'
import { labelKeys, sameLabels, selects } from './label-selector.ts'

export class PodIndex {
  readonly #byLabel = new Map<string, Map<string, Pod>>()
  #last:
    | { readonly namespace: string; readonly labels: Labels; readonly places: readonly Map<string, Pod>[] }
    | undefined

  /** Adds `pod` under its object key, or replaces the one of that key, which was `before`. */
  put(pod: Pod, key: string, before: Pod | undefined): void {
    if (before !== undefined && !sameLabels(before.labels, pod.labels)) this.remove(before, key)
    for (const pods of this.#placesOf(pod.namespace, pod.labels)) pods.set(key, pod)
  }

  remove(pod: Pod, key: string): void {
    this.#last = undefined
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

  #placesOf(namespace: string, labels: Labels): readonly Map<string, Pod>[] {
    if (this.#last?.labels === labels && this.#last.namespace === namespace) return this.#last.places
    const places = labelKeys(namespace, labels).map(label => {
      const known = this.#byLabel.get(label)
      if (known !== undefined) return known
      const pods = new Map<string, Pod>()
      this.#byLabel.set(label, pods)
      return pods
    })
    this.#last = { namespace, labels, places }
    return places
  }
}
