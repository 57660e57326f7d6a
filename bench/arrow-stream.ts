/**
 * Memory while a table is written: `npm run bench:arrow [-- ROWS]` streams so many rows (100 million) of a table of five columns to a
 * file in the temporary folder, prints rate and memory as it goes (resident, and what lives after a garbage collection), and removes the
 * file. Fails when what lives, or what is resident, grew with the rows.
 *
 * The young generation of V8 is held at semi-spaces of 16 MiB (package.json): left alone it doubles once, some 65 million rows in, which shows
 * as 66 MiB more of resident memory and says nothing of the stream.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { ArrowField } from '../src/arrow/arrow-vector.ts'
import { openArrowFile, ROWS_PER_BATCH } from '../src/arrow/ipc/write-arrow-file.ts'
import { int64Vector } from '../src/arrow/table-vectors.ts'
import { Utf8Builder } from '../src/arrow/utf8-column.ts'

/** After the first tenth. */
const MOST_GROWTH_MIB = { living: 8, resident: 32 }

const rows = Number(process.argv[2] ?? 100_000_000)
const words = ['delivered', 'refused', 'dropped']
const fields: readonly ArrowField[] = [
  { name: 'sequence', type: { kind: 'int64' }, nullable: false, unit: '1' },
  { name: 'node', type: { kind: 'uint32' }, nullable: false, unit: '1' },
  { name: 'outcome', type: { kind: 'dictionary', words, indexBits: 32 }, nullable: false },
  { name: 'us', type: { kind: 'float64' }, nullable: true, unit: 'us' },
  { name: 'pod', type: { kind: 'utf8' }, nullable: false },
]

const folder = mkdtempSync(join(tmpdir(), 'svcsim-bench-'))
const fd = openSync(join(folder, 'rows.arrow'), 'w')
try {
  const grown = writeRows()
  for (const kind of ['living', 'resident'] as const)
    if (grown[kind] > MOST_GROWTH_MIB[kind]) throw new Error(`${kind} memory grew by ${grown[kind].toFixed(1)} MiB`)
} finally {
  closeSync(fd)
  rmSync(folder, { recursive: true })
}

/** Answers by how much memory grew after the first tenth, in MiB. */
function writeRows(): Record<keyof typeof MOST_GROWTH_MIB, number> {
  let bytes = 0
  const writer = openArrowFile(fields, {}, piece => {
    bytes += piece.byteLength
    for (let at = 0; at < piece.byteLength; ) at += writeSync(fd, piece, at)
  })
  const sequence = new Float64Array(ROWS_PER_BATCH)
  const node = new Uint32Array(ROWS_PER_BATCH)
  const outcome = new Int32Array(ROWS_PER_BATCH)
  const us = new Float64Array(ROWS_PER_BATCH)
  const pods = new Utf8Builder()
  const start = performance.now()
  const samples = { living: [] as number[], resident: [] as number[] }
  let tenth = 1
  for (let from = 0; from < rows; from += ROWS_PER_BATCH) {
    const rowCount = Math.min(ROWS_PER_BATCH, rows - from)
    pods.reset()
    for (let i = 0; i < rowCount; i++) {
      const row = from + i
      sequence[i] = row
      node[i] = Math.imul(row, 0x9e3779b1) >>> 12
      outcome[i] = row % words.length
      us[i] = row / 7
      pods.push(`web-${node[i]}`)
    }
    const plain = (values: Uint32Array | Int32Array | Float64Array) => ({
      length: rowCount,
      nullCount: 0,
      values: values.subarray(0, rowCount),
      children: [],
    })
    writer.write({
      rowCount,
      vectors: [int64Vector(sequence.subarray(0, rowCount)), plain(node), plain(outcome), plain(us), pods.vector()],
    })
    if (from + rowCount < (rows * tenth) / 10) continue
    tenth++
    globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    samples.living.push((heapUsed + external) / 2 ** 20)
    samples.resident.push(rss / 2 ** 20)
    const seconds = (performance.now() - start) / 1000
    const mib = bytes / 2 ** 20
    console.log(
      `${(from + rowCount).toLocaleString('en')} rows, ${mib.toFixed(0)} MiB at ${(mib / seconds).toFixed(0)} MiB/s; resident ${samples.resident.at(-1)!.toFixed(0)} MiB, living ${samples.living.at(-1)!.toFixed(1)} MiB`,
    )
  }
  writer.close()
  const growth = (of: readonly number[]): number => Math.max(...of) - of[0]
  return { living: growth(samples.living), resident: growth(samples.resident) }
}
