/** Line and column of an offset in UTF-8 bytes, both from 1; a column counts characters. Lines are indexed at the first question. */
export interface Position {
  readonly line: number
  readonly column: number
}

export function textPositions(bytes: Uint8Array): (offset: number) => Position {
  let lineStarts: readonly number[] | undefined
  return offset => {
    lineStarts ??= findLineStarts(bytes)
    const line = lastAtOrBefore(lineStarts, offset)
    let column = 1
    // A continuation byte (10xxxxxx) does not begin a character.
    for (let i = lineStarts[line]; i < offset; i++) if ((bytes[i] & 0xc0) !== 0x80) column++
    return { line: line + 1, column }
  }
}

function findLineStarts(bytes: Uint8Array): readonly number[] {
  const starts = [0]
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, end + 1)) starts.push(end + 1)
  return starts
}

function lastAtOrBefore(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (sorted[middle] <= value) low = middle
    else high = middle - 1
  }
  return low
}
