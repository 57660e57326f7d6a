/**
 * The digest of a run: SHA-256 over its result columns, in hexadecimal. Equal digests mean equal results, whatever the machine, the
 * number of workers, or the version of the Arrow library: what is hashed is each column's name, type and values, not file bytes.
 */
import { createHash, type Hash } from 'node:crypto'
import type { Column, ColumnTable } from '../arrow/column-table.ts'
import type { PooledTexts } from '../arrow/pooled-texts.ts'

export function digestTables(tables: readonly ColumnTable[]): string {
  const hash = createHash('sha256')
  for (const table of tables.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))) {
    hash.update(`${JSON.stringify([table.name, table.rowCount, table.columns.length])}\n`)
    for (const column of table.columns) {
      hash.update(`${JSON.stringify([column.name, column.type])}\n`)
      hashValues(hash, column)
    }
  }
  return hash.digest('hex')
}

function hashValues(hash: Hash, column: Column): void {
  switch (column.type) {
    case 'utf8':
    case 'dictionary':
      return column.pooled === undefined ? hashTexts(hash, column.values) : hashPooled(hash, column.pooled)
    case 'bool':
      hash.update(Uint8Array.from(column.values, v => (v ? 1 : 0)))
      return
    case 'float64':
    case 'int64':
      hash.update(bytes(column.values.map(canonical)))
      return
    default:
      hash.update(bytes(column.values))
  }
}

/**
 * Neighbours that are equal count as one text with a number of repeats (a column of node names is a few texts). First the bytes of
 * all texts, then their lengths and repeats: no two lists of texts give the same.
 */
function hashTexts(hash: Hash, values: readonly string[]): void {
  const lengths = new Uint32Array(values.length)
  const repeats = new Uint32Array(values.length)
  const chunk: string[] = []
  let chunkLength = 0
  let texts = 0
  const flush = (): void => {
    const joined = Buffer.from(chunk.join(''))
    const first = texts - chunk.length
    // ASCII has a byte a character. Other texts are encoded one by one, as halves of a character might meet where two are joined.
    if (joined.length === chunkLength) {
      hash.update(joined)
      for (let i = 0; i < chunk.length; i++) lengths[first + i] = chunk[i].length
    } else
      for (let i = 0; i < chunk.length; i++) {
        const encoded = Buffer.from(chunk[i])
        hash.update(encoded)
        lengths[first + i] = encoded.length
      }
    chunk.length = 0
    chunkLength = 0
  }
  for (let i = 0; i < values.length; i++) {
    const text = values[i]
    if (i > 0 && text === values[i - 1]) {
      repeats[texts - 1]++
      continue
    }
    chunk.push(text)
    chunkLength += text.length
    texts++
    if (chunkLength >= CHUNK_LENGTH) flush()
  }
  flush()
  hash.update(bytes(lengths.subarray(0, texts)))
  hash.update(bytes(repeats.subarray(0, texts)))
}

/** The same for texts that are encoded already: stretches that lie together are hashed together. */
function hashPooled(hash: Hash, { pool, numbers }: PooledTexts): void {
  const lengths = new Uint32Array(numbers.length)
  const repeats = new Uint32Array(numbers.length)
  const { offsets, values } = pool.utf8()
  const chunk = new Uint8Array(CHUNK_LENGTH)
  let filled = 0
  const take = (stretch: Uint8Array): void => {
    if (filled + stretch.length > CHUNK_LENGTH) {
      hash.update(chunk.subarray(0, filled))
      filled = 0
    }
    if (stretch.length > CHUNK_LENGTH) hash.update(stretch)
    else {
      chunk.set(stretch, filled)
      filled += stretch.length
    }
  }
  let texts = 0
  // Texts first … end - 1 lie together.
  let first = 0
  let end = 0
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]
    if (i > 0 && number === end - 1) {
      repeats[texts - 1]++
      continue
    }
    if (number !== end) {
      take(values.subarray(offsets[first], offsets[end]))
      first = number
    }
    end = number + 1
    lengths[texts++] = offsets[end] - offsets[number]
  }
  take(values.subarray(offsets[first], offsets[end]))
  hash.update(chunk.subarray(0, filled))
  hash.update(bytes(lengths.subarray(0, texts)))
  hash.update(bytes(repeats.subarray(0, texts)))
}

/** Characters that are encoded and hashed at a time: one call for a thousand texts. */
const CHUNK_LENGTH = 1 << 16

/** NaN has many bit patterns (0/0 gives another on x86 than on ARM); zero has two. */
const canonical = (v: number): number => (Number.isNaN(v) ? NaN : v === 0 ? 0 : v)

const bytes = (values: NodeJS.TypedArray): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
