/**
 * Files of Kubernetes objects, as kubectl prints them or people write them -> decoded objects, each with its place. Kinds that are
 * not read are counted by name; an object that stands twice is a problem.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Place, type Problem } from '../problem/problem.ts'
import { decodeEntry } from './decode-entry.ts'
import type { ManifestFile } from './manifest-document.ts'
import { eachEntry, lazyPlaceOf, type ManifestEntry, placeOf } from './manifest-entries.ts'
import { type ClusterObject, objectKey } from './objects.ts'

export interface PlacedObject {
  readonly object: ClusterObject
  readonly place: Place
}

export interface ReadObjects {
  /** In the order of the files and of the text. */
  readonly items: readonly PlacedObject[]
  /** Kind -> how many objects of it were left aside. */
  readonly unknownKinds: ReadonlyMap<string, number>
}

export function readObjects(files: readonly ManifestFile[]): E.Either<Problem, ReadObjects> {
  const { read, take } = objectReader()
  const problem = eachEntry(files, take)
  return problem === undefined ? E.right(read) : E.left(problem)
}

/** Takes in entry by entry. */
export function objectReader(): {
  readonly read: ReadObjects
  readonly take: (entry: ManifestEntry) => Problem | undefined
} {
  const items: PlacedObject[] = []
  const unknownKinds = new Map<string, number>()
  const refuseTwins = twinDetector()
  const take = (entry: ManifestEntry): Problem | undefined => {
    if (isWatchEvent(entry))
      return badInput(placeOf(entry, []), 'a watch event in place of an object', 'make a log of it: svcsim log import')
    const decoded = decodeEntry(entry, entry.json, [])
    if (E.isLeft(decoded)) return decoded.left
    if (decoded.right._tag === 'UnknownKind') {
      const { name } = decoded.right
      unknownKinds.set(name, (unknownKinds.get(name) ?? 0) + 1)
      return undefined
    }
    const { object } = decoded.right
    const place = lazyPlaceOf(entry)
    items.push({ object, place })
    return refuseTwins(object, place)
  }
  return { read: { items, unknownKinds }, take }
}

/** A line of `kubectl get --watch --output-watch-events -o json`: the change of an object, not an object. */
export const isWatchEvent = ({ json }: ManifestEntry): boolean =>
  json['kind'] === undefined && typeof json['type'] === 'string' && json['object'] !== undefined

/** Remembers the objects it is shown; a second one of the same kind, namespace and name is a problem that names both places. */
export function twinDetector(): (object: ClusterObject, place: Place) => Problem | undefined {
  const seen = new Map<string, Place>()
  return (object, place) => {
    const name = `${object.kind} ${objectKey(object)}`
    const first = seen.get(name)
    if (first === undefined) {
      seen.set(name, place)
      return undefined
    }
    const where = `${first.file}:${first.line}:${first.column}`
    return badInput({ ...place }, `${name} stands here and at ${where}`, 'keep one of the two, or rename one')
  }
}
