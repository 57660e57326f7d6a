/**
 * Finds a field in the bytes of a JSON value that is known to be whole and well formed. Only asked when there is something to
 * report, so it may walk; where a name stands twice the last one counts, as for JSON.parse.
 */
import type { JsonPath } from './field-cursor.ts'
import { endOfString, isClosing, isOpening, isSpace } from './json-stream.ts'

const OBJECT = 0x7b
const LIST = 0x5b
const COLON = 0x3a
const COMMA = 0x2c
const QUOTE = 0x22

/** Offset of the value at `path` below the value at `offset`, or of the last value on the way when the path goes on in vain. */
export function locateJson(bytes: Uint8Array, offset: number, path: JsonPath): number {
  let at = skip(bytes, offset)
  for (const step of path) {
    const next = typeof step === 'number' ? listElements(bytes, at)[step] : memberNamed(bytes, at, step)
    if (next === undefined) return at
    at = next
  }
  return at
}

/** Offsets of the elements of the list at `offset`; none when it is no list. */
export function listElements(bytes: Uint8Array, offset: number): readonly number[] {
  const offsets: number[] = []
  if (bytes[offset] !== LIST) return offsets
  for (let i = skip(bytes, offset + 1); !isClosing(bytes[i]); i = skip(bytes, i)) {
    offsets.push(i)
    i = endOfValue(bytes, i)
  }
  return offsets
}

function memberNamed(bytes: Uint8Array, offset: number, name: string): number | undefined {
  let found: number | undefined
  if (bytes[offset] !== OBJECT) return found
  for (let i = skip(bytes, offset + 1); !isClosing(bytes[i]); i = skip(bytes, i)) {
    const end = endOfString(bytes, i)
    const value = skip(bytes, end)
    if (JSON.parse(textOf(bytes, i, end)) === name) found = value
    i = endOfValue(bytes, value)
  }
  return found
}

function endOfValue(bytes: Uint8Array, offset: number): number {
  let depth = 0
  for (let i = offset; i < bytes.length; ) {
    const byte = bytes[i]
    if (byte === QUOTE) i = endOfString(bytes, i)
    else {
      if (isOpening(byte)) depth++
      else if (isClosing(byte) && --depth < 0) return i
      else if (depth === 0 && (byte === COMMA || isSpace(byte))) return i
      i++
    }
    if (depth === 0 && (byte === QUOTE || isClosing(byte))) return i
  }
  return bytes.length
}

/** First offset that is neither white space nor a comma or colon: in a well-formed value, where the next thing begins. */
function skip(bytes: Uint8Array, offset: number): number {
  let i = offset
  while (i < bytes.length && (isSpace(bytes[i]) || bytes[i] === COMMA || bytes[i] === COLON)) i++
  return i
}

const textOf = (bytes: Uint8Array, begin: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin).toString('utf8')
