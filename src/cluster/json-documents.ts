/**
 * The documents of a JSON text: one value, or many one after another. Each is parsed by itself; positions are looked for in the
 * bytes when there is something to report.
 */
import * as E from 'fp-ts/lib/Either.js'
import { badInput, type Problem } from '../problem/problem.ts'
import type { JsonPath } from './field-cursor.ts'
import { MOST_NESTING, splitJsonStream } from './json-stream.ts'
import { listElements, locateJson } from './locate-json.ts'
import type { ManifestDocument, ManifestFile } from './manifest-document.ts'
import { type Position, textPositions } from './text-position.ts'

/** The longest string V8 can hold. */
const MOST_STRING_BYTES = 2 ** 29 - 24

/** `from`: where the text begins, behind a byte order mark. */
export function readJsonDocuments(file: ManifestFile, from: number): E.Either<Problem, readonly ManifestDocument[]> {
  const { name, bytes } = file
  const position = textPositions(bytes)
  const refuse = (offset: number, what: string, mend: string): E.Either<Problem, never> =>
    E.left(badInput({ file: name, ...position(offset) }, what, mend))
  const stream = splitJsonStream(bytes, from)
  switch (stream._tag) {
    case 'NotJson':
      return refuse(stream.offset, 'what begins as JSON goes on as something else here', 'hand in JSON or YAML')
    case 'TooDeep':
      return refuse(stream.offset, `nested deeper than ${MOST_NESTING}`, 'hand in Kubernetes objects')
    case 'CutOff':
      return refuse(
        stream.offset,
        'the JSON that begins here does not end',
        'hand in the whole file; it seems to be cut off',
      )
  }
  const documents: ManifestDocument[] = []
  for (let i = 0; i < stream.bounds.length; i += 2) {
    const begin = stream.bounds[i]
    const length = stream.bounds[i + 1] - begin
    if (length > MOST_STRING_BYTES)
      return refuse(
        begin,
        `one JSON value of ${length} bytes`,
        'split the list: kubectl get in several calls, by namespace',
      )
    try {
      const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + begin, length).toString('utf8'))
      documents.push({ file: name, document: i / 2 + 1, value, locate: jsonLocator(bytes, begin, position) })
    } catch (error) {
      const message = (error as SyntaxError).message
      const at = /at position (\d+)/.exec(message)
      const what = `no valid JSON: ${message.replace(/ in JSON at position.*| is not valid JSON$/s, '')}`
      return refuse(begin + (at === null ? 0 : Number(at[1])), what, 'correct the JSON')
    }
  }
  return E.right(documents)
}

/** The elements of `items` are indexed once: a warning may name many of them. */
function jsonLocator(bytes: Uint8Array, begin: number, position: (offset: number) => Position) {
  let items: readonly number[] | undefined
  return (path: JsonPath): Position => {
    if (path[0] !== 'items' || typeof path[1] !== 'number') return position(locateJson(bytes, begin, path))
    items ??= listElements(bytes, locateJson(bytes, begin, ['items']))
    return position(locateJson(bytes, items[path[1]] ?? begin, path.slice(2)))
  }
}
