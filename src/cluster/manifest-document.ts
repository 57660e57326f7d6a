/** A document of a manifest file: a plain JSON value that can say where its fields stand in the file. */
import type { Place } from '../problem/problem.ts'
import { formatJsonPath, type JsonPath } from './field-cursor.ts'
import type { Position } from './text-position.ts'

export interface ManifestFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface ManifestDocument {
  readonly file: string
  /** From 1; empty documents count but are left out. */
  readonly document: number
  /** JSON: objects, lists, texts, numbers, true, false, null. */
  readonly value: unknown
  /** Where the value at a path stands, or the last one on the way to it. */
  readonly locate: (path: JsonPath) => Position
}

/** The place of a field of a document. */
export const placeIn = (document: ManifestDocument, path: JsonPath): Place => ({
  file: document.file,
  document: document.document,
  ...document.locate(path),
  field: formatJsonPath(path),
})
