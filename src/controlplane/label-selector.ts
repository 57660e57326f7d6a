/**
 * Equality selectors, the only ones a Service has, and the `key=value` pairs that objects are indexed by.
 */
import type { Labels } from '../cluster/objects.ts'

/** Every pair of the selector is a label. An empty selector selects everything: callers ask for none first. */
export function selects(selector: Labels, labels: Labels): boolean {
  for (const key of Object.keys(selector))
    if (!Object.hasOwn(labels, key) || labels[key] !== selector[key]) return false
  return true
}

/** Namespace and label as one index key; `=` cannot be in a key, a line break in none of the three. */
export const labelKeys = (namespace: string, labels: Labels): string[] =>
  Object.keys(labels).map(key => `${namespace}\n${key}=${labels[key]}`)

export const sameLabels = (a: Labels, b: Labels): boolean =>
  a === b || (Object.keys(a).length === Object.keys(b).length && selects(a, b))
