/**
 * Files -> the single objects in them: Lists taken apart (also typed ones, such as a PodList, whose items need not say what they
 * are), each object with the way back to its place. Not decoded yet.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'
import { formatJsonPath, isJsonObject, type JsonPath } from './field-cursor.ts'
import { readManifest } from './manifest.ts'
import { type ManifestDocument, type ManifestFile, placeIn } from './manifest-document.ts'
import { type JsonObject, KINDS } from './objects.ts'

const LISTS_OF_KINDS: ReadonlySet<string> = new Set(KINDS.map(kind => `${kind}List`))

export interface ManifestEntry {
  readonly json: JsonObject
  readonly document: ManifestDocument
  /** From the document's value to `json`: empty, or `items[3]`. */
  readonly path: JsonPath
}

/** Entries in the order of the files and of the text; stops at the first problem, of the text or of `visit`. */
export function eachEntry(
  files: readonly ManifestFile[],
  visit: (entry: ManifestEntry) => Problem | undefined,
): Problem | undefined {
  for (const file of files) {
    const documents = readManifest(file)
    if (E.isLeft(documents)) return documents.left
    for (const document of documents.right) {
      const problem = unfold(document.value, document, [], visit)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** Where a field of an entry stands. */
export const placeOf = (entry: ManifestEntry, path: JsonPath): Place =>
  placeIn(entry.document, [...entry.path, ...path])

/** Where the entry stands, with line and column looked for only when they are read: there may be 150,000 of them. */
export function lazyPlaceOf({ document, path }: ManifestEntry): Place {
  return {
    file: document.file,
    document: document.document,
    field: formatJsonPath(path),
    get line() {
      return document.locate(path).line
    },
    get column() {
      return document.locate(path).column
    },
  }
}

function unfold(
  value: unknown,
  document: ManifestDocument,
  path: JsonPath,
  visit: (entry: ManifestEntry) => Problem | undefined,
): Problem | undefined {
  if (!isJsonObject(value)) {
    const mend = 'write a Kubernetes object, with apiVersion and kind (several make a List, or documents of their own)'
    return badInput(placeIn(document, path), `expected an object, found ${quoted(value)}`, mend)
  }
  const kind = value['kind']
  if (typeof kind !== 'string' || !isList(kind, value['items'])) return visit({ json: value, document, path })
  const items = value['items'] ?? []
  if (!Array.isArray(items))
    return badInput(
      placeIn(document, [...path, 'items']),
      `expected a list, found ${quoted(items)}`,
      'write a list of objects',
    )
  for (let i = 0; i < items.length; i++) {
    const problem = unfold(ofList(items[i], kind, value['apiVersion']), document, [...path, 'items', i], visit)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A custom kind may well be named AllowList and hold no items. */
const isList = (kind: string, items: unknown): boolean =>
  kind === 'List' || (kind.endsWith('List') && (Array.isArray(items) || LISTS_OF_KINDS.has(kind)))

/** The API server leaves kind and apiVersion out of the items of a typed list. */
function ofList(item: unknown, listKind: string, apiVersion: unknown): unknown {
  if (listKind === 'List' || !isJsonObject(item) || item['kind'] !== undefined) return item
  return { apiVersion, kind: listKind.slice(0, -'List'.length), ...item }
}
