/**
 * The controller that an imported object names in metadata.ownerReferences, read from the JSON it came from.
 */
import type { JsonObject } from '../cluster/objects.ts'

export interface OwnerReference {
  readonly kind: string
  readonly name: string
}

/** The reference with `controller: true`, else the first; undefined when there is none. Hostile shapes count as none. */
export function controllerOf(object: { readonly source?: JsonObject }): OwnerReference | undefined {
  const references = asRecord(object.source?.['metadata'])?.['ownerReferences']
  if (!Array.isArray(references)) return undefined
  const records = references.map(asRecord)
  const owner = records.find(r => r?.['controller'] === true) ?? records[0]
  const kind = owner?.['kind']
  const name = owner?.['name']
  return typeof kind === 'string' && typeof name === 'string' ? { kind, name } : undefined
}

/** undefined when the value is no JSON object. */
export const asRecord = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
