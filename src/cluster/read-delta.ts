/**
 * Files that change a cluster -> the events of the change: what a document `{"delete": […]}` names is gone, then the objects replace
 * their namesakes. An item of `delete` needs a kind, a name and, unless it is `default`, a namespace; a whole object does as well.
 */
import * as E from 'fp-ts/lib/Either.js'
import { didYouMean } from '../problem/near-names.ts'
import { badInput, type Place, type Problem } from '../problem/problem.ts'
import type { ClusterEvent } from './cluster-event.ts'
import { type ClusterState, storedOfKind } from './cluster-state.ts'
import { FieldCursor } from './field-cursor.ts'
import type { ManifestFile } from './manifest-document.ts'
import { eachEntry, type ManifestEntry, placeOf } from './manifest-entries.ts'
import { CLUSTER_KINDS, KINDS, type Kind, objectKey } from './objects.ts'
import { objectReader, type ReadObjects } from './read-objects.ts'

export interface Delta {
  readonly deletions: readonly Deletion[]
  readonly read: ReadObjects
}

export interface Deletion {
  readonly kind: Kind
  /** As `objectKey`. */
  readonly key: string
  readonly place: Place
}

export function readDelta(files: readonly ManifestFile[]): E.Either<Problem, Delta> {
  const { read, take } = objectReader()
  const deletions: Deletion[] = []
  const problem = eachEntry(files, entry => {
    if (entry.json['delete'] === undefined || entry.json['kind'] !== undefined) return take(entry)
    return readDeletions(entry, deletions)
  })
  return problem === undefined ? E.right({ deletions, read }) : E.left(problem)
}

/** What the delta is to a cluster in that state; what it deletes must be there. */
export function deltaEvents({ deletions, read }: Delta, state: ClusterState): E.Either<Problem, ClusterEvent[]> {
  const events: ClusterEvent[] = []
  const push = (type: ClusterEvent['type'], object: ClusterEvent['object']): void => {
    events.push({ sequence: events.length, timeUs: 0, type, object })
  }
  for (const { kind, key, place } of deletions) {
    const known = storedOfKind(state, kind)
    const stored = known.get(key)
    if (stored === undefined) {
      const mend = didYouMean(key, known.keys(), 'delete what an earlier state holds')
      return E.left(badInput(place, `there is no ${kind} ${key} to delete`, mend))
    }
    push('DELETED', stored.object)
  }
  for (const { object } of read.items) push('MODIFIED', object)
  return E.right(events)
}

function readDeletions(entry: ManifestEntry, deletions: Deletion[]): Problem | undefined {
  const cursor = new FieldCursor(entry.json)
  const found = cursor.objects('delete').map((item, i) => {
    const kind = item.oneOf('kind', KINDS, 'Node')
    if (item.text('kind') === '') item.refuse('kind', 'the kind is missing', 'write the kind of what is to be deleted')
    const meta = item.object('metadata')
    const name = meta.text('name')
    if (name === '') meta.refuse('name', 'the name is missing', 'write the name of what is to be deleted')
    const namespace = CLUSTER_KINDS.has(kind) ? '' : meta.text('namespace', 'default')
    return { kind, key: objectKey({ namespace, name }), place: placeOf(entry, ['delete', i]) }
  })
  const { fault } = cursor
  if (fault !== undefined) return badInput(placeOf(entry, fault.path), fault.what, fault.mend)
  deletions.push(...found)
  return undefined
}
