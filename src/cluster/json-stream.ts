/**
 * A text of JSON values one after another (a dump, NDJSON, what `kubectl --watch` prints) -> where each of them begins and ends, in
 * one pass over the bytes and before any of them is parsed: this is what keeps nesting bounded and lets a file be longer than a
 * string can be. Values may also stand between `---` lines. Cost: about 4 ns a byte.
 */

/** Nesting beyond this is refused: no Kubernetes object comes near, and recursion stays far from the end of the stack. */
export const MOST_NESTING = 512

export type JsonStream =
  /** Begin and end of each value, flat: [begin, end, begin, end, …]. */
  | { readonly _tag: 'Values'; readonly bounds: readonly number[] }
  /** From `offset` on, the text is something else than objects and lists in JSON. */
  | { readonly _tag: 'NotJson'; readonly offset: number }
  | { readonly _tag: 'TooDeep'; readonly offset: number }
  /** The text ends inside a value that begins at `offset`. */
  | { readonly _tag: 'CutOff'; readonly offset: number }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DASH = 0x2d

export function splitJsonStream(bytes: Uint8Array, from: number): JsonStream {
  const bounds: number[] = []
  let depth = 0
  let begin = from
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      if (depth === 0) return { _tag: 'NotJson', offset: i }
      i = endOfString(bytes, i) - 1
    } else if (isOpening(byte)) {
      if (depth === 0) begin = i
      if (++depth > MOST_NESTING) return { _tag: 'TooDeep', offset: i }
    } else if (isClosing(byte)) {
      if (depth === 0) return { _tag: 'NotJson', offset: i }
      if (--depth === 0) bounds.push(begin, i + 1)
    } else if (depth === 0 && !isSpace(byte)) {
      if (byte !== DASH || bytes[i + 1] !== DASH || bytes[i + 2] !== DASH) return { _tag: 'NotJson', offset: i }
      i += 2
    }
  }
  return depth === 0 ? { _tag: 'Values', bounds } : { _tag: 'CutOff', offset: begin }
}

/** Offset after the closing quote of the string that begins at `offset`; past the end of the bytes when it is not closed. */
export function endOfString(bytes: Uint8Array, offset: number): number {
  let i = offset + 1
  for (; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++
  return i + 1
}

export const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b
export const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d
export const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
