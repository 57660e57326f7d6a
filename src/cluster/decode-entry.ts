/** An entry of a manifest -> its object, or the name of a kind that is not read here. */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'
import { decodeObject, isKnownKind } from './decode-object.ts'
import type { JsonPath } from './field-cursor.ts'
import { type ManifestEntry, placeOf } from './manifest-entries.ts'
import { type ClusterObject, type JsonObject, KINDS } from './objects.ts'

export type DecodedEntry =
  | { readonly _tag: 'Object'; readonly object: ClusterObject }
  /** The kind, with its API version where a kind of that name is read in another. */
  | { readonly _tag: 'UnknownKind'; readonly name: string }

/** `json` stands at `path` below the entry. */
export function decodeEntry(entry: ManifestEntry, json: JsonObject, path: JsonPath): E.Either<Problem, DecodedEntry> {
  const { apiVersion, kind } = json
  const place = (below: JsonPath): Place => placeOf(entry, [...path, ...below])
  for (const [name, value] of Object.entries({ apiVersion, kind })) {
    if (value === undefined || value === null || value === '')
      return E.left(
        badInput(place([]), `the object has no ${name}`, `write its ${name}, as kubectl get -o yaml prints it`),
      )
    if (typeof value !== 'string')
      return E.left(badInput(place([name]), `expected text, found ${quoted(value)}`, `write its ${name} as text`))
  }
  if (!isKnownKind(String(apiVersion), String(kind))) {
    const isNamesake = (KINDS as readonly string[]).includes(String(kind))
    return E.right({ _tag: 'UnknownKind', name: isNamesake ? `${kind} (${apiVersion})` : String(kind) })
  }
  const decoded = decodeObject(json, place)
  return E.isLeft(decoded) ? decoded : E.right({ _tag: 'Object', object: decoded.right })
}
