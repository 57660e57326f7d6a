/**
 * Damages the Arrow files of a result folder, and a stream in pieces, at seeded places: `node test/fuzz-arrow.ts RUN_DIR [COUNT] [SEED]`.
 * Each must be refused in one sentence or read; what is read of a folder must be what was written. Ends with 1 and the case otherwise.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { isDeepStrictEqual } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import { exportRun } from '../src/app/export-run.ts'
import { readRun } from '../src/app/read-run.ts'
import { readArrowBatches, readArrowFile, unreadable } from '../src/arrow/ipc/read-arrow-file.ts'
import { describeProblem, type Problem } from '../src/problem/problem.ts'
import { randomStream } from '../src/sim/random.ts'

const [runDir = 'results/smoke', count = '20000', seed = '1'] = process.argv.slice(2)
const stream = randomStream(seed, 'fuzz-arrow')
const files = readdirSync(runDir)
  .filter(name => name.endsWith('.arrow'))
  .map(name => ({ name, bytes: new Uint8Array(readFileSync(join(runDir, name))) }))
const folder = mkdtempSync(join(tmpdir(), 'svcsim-fuzz-'))
const whole = await readRun(runDir)()
/** Whole numbers that lengths and offsets are lost at. */
const EDGES = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fff8, 0x4000_0000, 0x100]
const tally = { refused: 0, read: 0 }

try {
  for (let n = 0; n < Number(count); n++) {
    const { name, bytes } = files[n % files.length]
    const damaged = damage(bytes)
    const read = readArrowFile(damaged, name)
    note(n, name, damaged, E.isLeft(read) ? read.left : undefined)
    note(n, name, damaged, problemOfPieces(damaged, name))
    // A folder costs more: a file in fifty.
    if (n % 50 < files.length && Math.floor(n / files.length) % 7 === 0) await inFolder(n, name, damaged)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(`${JSON.stringify({ ...tally, peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024) })}\n`)

/** A few flipped bits, bytes, whole numbers, cuts or moved stretches; half of them among the first bytes, where most of the metadata is. */
function damage(bytes: Uint8Array): Uint8Array {
  let damaged = bytes.slice()
  for (let times = stream.below(3); times >= 0; times--) {
    const at = stream.below(stream.below(2) === 0 ? Math.min(4096, damaged.length) : damaged.length)
    const word = at & ~3
    const view = new DataView(damaged.buffer)
    switch (stream.below(6)) {
      case 0:
        damaged[at] ^= 1 << stream.below(8)
        break
      case 1:
        damaged[at] = [0, 1, 0x7f, 0x80, 0xff][stream.below(5)]
        break
      case 2:
        if (word + 4 <= damaged.length) view.setUint32(word, EDGES[stream.below(EDGES.length)], true)
        break
      case 3:
        if (word + 4 <= damaged.length) view.setUint32(word, stream.below(2 ** 32), true)
        break
      case 4:
        damaged.copyWithin(at, stream.below(damaged.length), stream.below(damaged.length))
        break
      default:
        // With the last magic, so that what lies before is looked at.
        damaged = Uint8Array.from([...damaged.subarray(0, at), ...(stream.below(2) === 0 ? [] : damaged.subarray(-6))])
        if (damaged.length === 0) return damaged
    }
  }
  return damaged
}

function problemOfPieces(bytes: Uint8Array, name: string): Problem | undefined {
  const pieces = function* (): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 997) yield bytes.subarray(at, at + 997)
  }
  try {
    for (const batch of readArrowBatches(pieces()).batches)
      if (batch.rowCount < 0) throw new Error('fewer than no rows')
    return undefined
  } catch (cause) {
    return unreadable(name, cause)
  }
}

async function inFolder(n: number, name: string, damaged: Uint8Array): Promise<void> {
  const dir = join(folder, 'run')
  cpSync(runDir, dir, { recursive: true })
  writeFileSync(join(dir, name), damaged)
  const again = await readRun(dir)()
  if (E.isRight(again) && !isDeepStrictEqual(again, whole)) fail(n, name, damaged, 'other data was read')
  note(n, name, damaged, E.isLeft(again) ? again.left : undefined)
  const exported = await exportRun(dir, 'csv', join(folder, 'out'))()
  if (E.isLeft(exported) !== E.isLeft(again))
    fail(n, name, damaged, 'it was exported and not read, or read and not exported')
  rmSync(dir, { recursive: true })
}

/** A sentence of our own: not what a library stumbled over. */
function note(n: number, name: string, damaged: Uint8Array, problem: Problem | undefined): void {
  if (problem === undefined) {
    tally.read++
    return
  }
  tally.refused++
  const text = describeProblem(problem)
  if (/undefined|Cannot |Invalid |not a function|out of bounds|is not iterable/.test(text)) fail(n, name, damaged, text)
}

function fail(n: number, name: string, damaged: Uint8Array, what: string): never {
  const kept = join(tmpdir(), `svcsim-fuzz-${seed}-${n}-${name}`)
  writeFileSync(kept, damaged)
  process.stderr.write(`case ${n} of seed ${seed}, ${kept}: ${what}\n`)
  process.exit(1)
}
