/**
 * The digest of a run: SHA-256 over its result columns, in hexadecimal. Equal digests mean equal results, whatever the machine, the
 * number of workers, or the version of the Arrow library: what is hashed is each column's name, type and values, not file bytes.
 */
import { createHash, type Hash } from 'node:crypto'
import type { Column, ColumnTable } from '../arrow/column-table.ts'

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
      return hashTexts(hash, column.values)
    case 'dictionary':
      return hashDictionary(hash, column.values)
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

/** All lengths, then all bytes: no two lists of texts give the same. */
function hashTexts(hash: Hash, values: readonly string[]): void {
  hash.update(bytes(Uint32Array.from(values, v => Buffer.byteLength(v))))
  const CHUNK = 4_096
  for (let at = 0; at < values.length; at += CHUNK) hash.update(values.slice(at, at + CHUNK).join(''))
}

/** Distinct texts in order of first appearance, then each row's place among them: a long text is hashed once. */
function hashDictionary(hash: Hash, values: readonly string[]): void {
  const places = new Map<string, number>()
  const rows = new Uint32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    let place = places.get(values[i])
    if (place === undefined) {
      place = places.size
      places.set(values[i], place)
    }
    rows[i] = place
  }
  hash.update(`${places.size}\n`)
  hashTexts(hash, [...places.keys()])
  hash.update(bytes(rows))
}

/** NaN has many bit patterns (0/0 gives another on x86 than on ARM); zero has two. */
const canonical = (v: number): number => (Number.isNaN(v) ? NaN : v === 0 ? 0 : v)

const bytes = (values: NodeJS.TypedArray): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
