/**
 * Objects as JSON text in Kubernetes' own form: what the log keeps of kinds that have no columns, and of imported objects. An imported
 * one comes back with its JSON in `source`, the fields that changed since and the defaults written into it.
 */
import * as E from 'fp-ts/lib/Either.js'
import { decodeObject } from '../cluster/decode-object.ts'
import type { ClusterObject, JsonObject } from '../cluster/objects.ts'
import { toKubernetes } from '../cluster/to-kubernetes.ts'
import { describeProblem } from '../problem/problem.ts'

export const objectToJson = (object: ClusterObject): string => JSON.stringify(toKubernetes(object))

/** Throws when `text` is no object that was written here. */
export function objectFromJson(text: string, imported: boolean): ClusterObject {
  const decoded = decodeObject(JSON.parse(text) as JsonObject)
  if (E.isLeft(decoded)) throw new Error(describeProblem(decoded.left))
  if (imported) return decoded.right
  const { source: _, ...object } = decoded.right
  return object as ClusterObject
}
