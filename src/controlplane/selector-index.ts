/**
 * Services by a label of their selector, so that a changed pod finds the Services that select it without asking all. Each Service is
 * filed under the label that fewest other Services use at that moment. Pods of one workload share their labels object and come in a
 * row, so the last answer is remembered.
 */
import type { Labels, Service } from '../cluster/objects.ts'
import { objectKey } from '../cluster/objects.ts'
import { labelKeys, selects } from './label-selector.ts'
import { hasSelector } from './service-families.ts'

export class SelectorIndex {
  readonly #byLabel = new Map<string, Map<string, Labels>>()
  readonly #filedUnder = new Map<string, string>()
  #last: { readonly namespace: string; readonly labels: Labels; readonly found: readonly string[] } | undefined

  /** Files `service`, or files it anew. One without a selector selects nothing. */
  put(service: Service): void {
    this.remove(service)
    if (!hasSelector(service)) return
    const label = labelKeys(service.namespace, service.selector!).reduce((a, b) =>
      this.#sizeOf(b) < this.#sizeOf(a) ? b : a,
    )
    const key = objectKey(service)
    const filed = this.#byLabel.get(label)
    if (filed === undefined) this.#byLabel.set(label, new Map([[key, service.selector!]]))
    else filed.set(key, service.selector!)
    this.#filedUnder.set(key, label)
  }

  remove(service: Service): void {
    this.#last = undefined
    const key = objectKey(service)
    const label = this.#filedUnder.get(key)
    if (label === undefined) return
    this.#filedUnder.delete(key)
    const filed = this.#byLabel.get(label)!
    filed.delete(key)
    if (filed.size === 0) this.#byLabel.delete(label)
  }

  /** Keys of the Services of the namespace that select these labels. */
  matching(namespace: string, labels: Labels): readonly string[] {
    if (this.#last?.labels === labels && this.#last.namespace === namespace) return this.#last.found
    const found: string[] = []
    for (const label of labelKeys(namespace, labels)) {
      const filed = this.#byLabel.get(label)
      if (filed === undefined) continue
      for (const [key, selector] of filed) if (selects(selector, labels)) found.push(key)
    }
    this.#last = { namespace, labels, found }
    return found
  }

  #sizeOf(label: string): number {
    return this.#byLabel.get(label)?.size ?? 0
  }
}
