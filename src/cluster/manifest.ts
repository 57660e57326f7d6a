/**
 * The bytes of a file -> its documents as plain JSON values, each able to say where a field of it stands. The start of the line, and
 * the one door of the yaml package. JSON is tried first, because it is fast (about 40 MB/s, 2 busy cores) and YAML is slow (about 1 MB/s);
 * positions are looked for only when there is something to report. Hostile text (alias bombs, endless nesting or lines, names that
 * stand twice, bytes that are no text) is refused before it can cost time or memory.
 */
import { isUtf8 } from 'node:buffer'
import * as E from 'fp-ts/lib/Either.js'
import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  stringify,
} from 'yaml'
import { badInput, type Place, type Problem, quoted } from '../problem/problem.ts'
import type { JsonPath } from './field-cursor.ts'
import { readJsonDocuments } from './json-documents.ts'
import { isSpace, MOST_NESTING } from './json-stream.ts'
import type { ManifestDocument, ManifestFile } from './manifest-document.ts'
import type { Position } from './text-position.ts'

const MOST_FILE_BYTES = 2 ** 30
const MOST_YAML_BYTES = 2 ** 26
/** Of one document: it costs about 200 bytes each while its syntax tree lives. 20 MB of kubectl's YAML have as many. */
const MOST_LEXEMES = 5_000_000
const MOST_LINE_BYTES = 2 ** 24
/** A broken JSON text up to this size is tried as YAML too (which has unquoted names and trailing commas). */
const MOST_DOUBTFUL_BYTES = 2 ** 20
/** Of one anchor. */
const MOST_ALIASES = 100
/** With the aliases: the yaml package looks each alias up among all of them. */
const MOST_ANCHORS = 10_000
const YAML_OPTIONS = { merge: true, uniqueKeys: false, stringKeys: true, logLevel: 'silent' } as const

export function readManifest(file: ManifestFile): E.Either<Problem, readonly ManifestDocument[]> {
  const fault = checkText(file)
  if (fault !== undefined) return E.left(fault)
  const { bytes } = file
  // A byte order mark is no character of the text.
  const from = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  let first = from
  while (first < bytes.length && isSpace(bytes[first])) first++
  if (first === bytes.length) return E.right([])
  const isJson = bytes[first] === 0x7b || bytes[first] === 0x5b
  if (!isJson) return readYaml(file, from)
  const asJson = readJsonDocuments(file, from)
  if (E.isRight(asJson) || bytes.length > MOST_DOUBTFUL_BYTES) return asJson
  const asYaml = readYaml(file, from)
  return E.isRight(asYaml) ? asYaml : asJson
}

/** A JSON value as kubectl prints it with `-o yaml`: names sorted, no anchors, words such as `yes` between quotes. */
export const printYaml = (value: unknown): string =>
  stringify(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1', lineWidth: 0, sortMapEntries: true })

function checkText({ name, bytes }: ManifestFile): Problem | undefined {
  const refuse = (what: string, mend: string): Problem => badInput({ file: name }, what, mend)
  if (bytes.length > MOST_FILE_BYTES)
    return refuse(`${bytes.length} bytes are too many`, 'split it into files under 1 GiB')
  const mend = 'hand in JSON or YAML as UTF-8 text (unpack it first, if it is compressed)'
  if (!isUtf8(bytes)) return refuse('the file is no UTF-8 text', mend)
  const nul = bytes.indexOf(0)
  return nul < 0 ? undefined : refuse(`the file is no text: byte ${nul} is 0`, mend)
}

function readYaml({ name, bytes }: ManifestFile, from: number): E.Either<Problem, readonly ManifestDocument[]> {
  const refuse = (place: Place, what: string, mend: string): E.Either<Problem, never> =>
    E.left(badInput({ file: name, ...place }, what, mend))
  if (bytes.length > MOST_YAML_BYTES)
    return refuse({}, `${bytes.length} bytes of YAML are too many`, 'hand in JSON (kubectl get -o json), or split it')
  const line = longLine(bytes)
  if (line !== undefined)
    return refuse({ line }, `the line has more than ${MOST_LINE_BYTES} bytes`, 'hand in JSON or YAML')
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, bytes.length - from).toString('utf8')
  const lines = new LineCounter()
  const documents: ManifestDocument[] = []
  let begin = 0
  let number = 1
  try {
    for (const document of parseYaml(text, lines)) {
      refuseFaults(document, number)
      const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES })
      if (sizeOf(value) > MOST_YAML_BYTES)
        throw new Refusal(number, undefined, 'aliases make this document too large', 'write less, or without aliases')
      const range = { begin, end: document.range[2] }
      if (value !== null && value !== undefined)
        documents.push({ file: name, document: number, value, locate: yamlLocator(document, text, range, lines) })
      begin = range.end
      number++
    }
  } catch (error) {
    if (error instanceof Refusal) {
      const { line, col } = error.offset === undefined ? {} : lines.linePos(error.offset)
      return refuse({ document: error.document, line, column: col }, error.message, error.mend)
    }
    // The stack is at its end: aliases can nest what the text does not.
    if (error instanceof RangeError) return refuse({ document: number }, TOO_DEEP, 'write the values out')
    // The yaml package throws this, and only this, for aliases without a target or too many of them.
    if (error instanceof ReferenceError)
      return refuse({ document: number }, error.message, 'write the values out in place of the aliases')
    throw error
  }
  return E.right(documents)
}

const TOO_DEEP = `nested deeper than ${MOST_NESTING}`

/** Thrown inside this file only, to leave the yaml package's generators. */
class Refusal extends Error {
  readonly document: number
  readonly offset: number | undefined
  readonly mend: string
  constructor(document: number, offset: number | undefined, what: string, mend: string) {
    super(what)
    this.document = document
    this.offset = offset
    this.mend = mend
  }
}

/** Document by document, so that no more than two syntax trees live at a time. */
function* parseYaml(text: string, lines?: LineCounter): Generator<Document.Parsed> {
  lines?.addNewLine(0)
  const parser = new Parser(lines?.addNewLine)
  const composer = new Composer(YAML_OPTIONS)
  let number = 1
  let first: Refusal | undefined
  const refuse = (offset: number, message: string): never => {
    first ??= new Refusal(number, offset, `no valid YAML: ${message}`, 'correct the YAML')
    throw first
  }
  // The composer collects its faults, an Error each: hostile text would make millions. It also catches what is thrown while it
  // composes and reports it again, so the first refusal is thrown until it gets out.
  Reflect.set(composer, 'onError', (source: ErrorSource, _code: string, message: string, isWarning?: boolean) => {
    if (!isWarning) refuse(offsetOfError(source), message)
  })
  let lexemesCount = 0
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error') refuse(token.offset, token.message)
      yield* composer.next(token)
      lexemesCount = 0
      if (token.type === 'document') number++
    }
    if (++lexemesCount > MOST_LEXEMES)
      throw new Refusal(
        number,
        undefined,
        'one YAML document is too large',
        'hand in JSON (kubectl get -o json), or split it',
      )
    if (parser.stack.length > 2 * MOST_NESTING)
      throw new Refusal(number, undefined, TOO_DEEP, 'hand in Kubernetes objects')
  }
  for (const token of parser.end()) yield* composer.next(token)
  yield* composer.end()
}

/** What the yaml package hands to `onError` as the place of a fault. */
type ErrorSource = number | readonly number[] | { readonly offset: number }

function offsetOfError(source: ErrorSource): number {
  if (typeof source === 'number') return source
  return 'offset' in source ? source.offset : source[0]
}

/**
 * Refuses the few syntax errors that the composer kept to itself, what is YAML but not JSON (names that stand twice, numbers without
 * end), and more anchors than can be resolved in good time.
 */
function refuseFaults(document: Document.Parsed, number: number): void {
  const [error] = document.errors
  if (error !== undefined)
    throw new Refusal(number, error.pos[0], `no valid YAML: ${error.message}`, 'correct the YAML')
  let anchorsCount = 0
  const refuse = (node: unknown, what: string, mend: string): never => {
    throw new Refusal(number, offsetOf(node), what, mend)
  }
  const walk = (node: unknown): void => {
    if (isAlias(node) || (isNode(node) && node.anchor !== undefined)) {
      if (++anchorsCount > MOST_ANCHORS)
        refuse(node, `more than ${MOST_ANCHORS} anchors and aliases`, 'write the values out')
    }
    if (isScalar(node)) {
      if (typeof node.value === 'number' && !Number.isFinite(node.value))
        refuse(node, `${node.value} is no number of JSON`, 'write a finite number, or quote it')
    } else if (isSeq(node)) for (const item of node.items) walk(item)
    else if (isMap(node)) {
      const names = new Set<unknown>()
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? key.value : undefined
        if (name !== undefined && name !== '<<' && names.has(name))
          refuse(key, `${quoted(name)} stands twice in one object`, 'keep one of the two')
        names.add(name)
        walk(value)
      }
    }
  }
  walk(document.contents)
}

/** About how many bytes of JSON a value makes, aliases written out; not counted on beyond what a file may have. */
function sizeOf(value: unknown, before = 0): number {
  let size = before + 1
  if (size > MOST_YAML_BYTES) return size
  if (typeof value === 'string') return size + value.length
  if (Array.isArray(value)) for (const item of value) size = sizeOf(item, size)
  else if (typeof value === 'object' && value !== null)
    for (const [name, item] of Object.entries(value)) size = sizeOf(item, size + name.length)
  return size
}

/** Syntax trees are large: only where the elements of `items` begin is kept, the rest is parsed again when it is asked for. */
function yamlLocator(
  document: Document.Parsed,
  text: string,
  range: { begin: number; end: number },
  lines: LineCounter,
) {
  const start = offsetOf(document.contents)
  const items = itemOffsets(document)
  return (path: JsonPath): Position => {
    let offset: number | undefined = path.length === 0 ? start : undefined
    if (path.length === 2 && path[0] === 'items' && typeof path[1] === 'number') offset = items[path[1]]
    if (offset === undefined) {
      const [again] = parseYaml(text.slice(range.begin, range.end))
      offset = range.begin + locateYaml(again, path)
    }
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
}

function itemOffsets(document: Document.Parsed): readonly number[] {
  const items = isMap(document.contents) ? document.contents.get('items', true) : undefined
  return isSeq(items) ? items.items.map(offsetOf) : []
}

function locateYaml(document: Document.Parsed, path: JsonPath): number {
  let node: unknown = document.contents
  let offset = offsetOf(node)
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (!isMap(node) && !isSeq(node)) break
    node = node.get(step, true)
    if (node === undefined || node === null) break
    offset = offsetOf(node)
  }
  return offset
}

const offsetOf = (node: unknown): number => (node as Node | null)?.range?.[0] ?? 0

/** The line, from 1, that is too long. */
function longLine(bytes: Uint8Array): number | undefined {
  for (let begin = 0, line = 1; begin < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, begin)
    if ((end < 0 ? bytes.length : end) - begin > MOST_LINE_BYTES) return line
    if (end < 0) return undefined
    begin = end + 1
  }
  return undefined
}
