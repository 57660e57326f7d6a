/** The lines of a text's bytes, decoded one at a time, without their ends (LF or CRLF); undefined for a line that is not UTF-8. */
export function* textLines(bytes: Uint8Array): Generator<string | undefined> {
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (start < bytes.length) {
    let end = bytes.indexOf(LF, start)
    if (end < 0) end = bytes.length
    yield decoded(bytes.subarray(start, end > start && bytes[end - 1] === CR ? end - 1 : end))
    start = end + 1
  }
}

const LF = 0x0a
const CR = 0x0d

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
