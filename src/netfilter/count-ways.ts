/**
 * The fast replay loop: a connection is one look-up of its destination, one draw and one increment at its way (way-table.ts). Plain and
 * portable; count-ways.wasm.ts does the same, four connections at a time. Nothing is allocated.
 */
import type { StreamSeed } from '../sim/random.ts'
import { exactWay, RUN_COUNT_MASK, rowStart, WORDS } from './draw-rows.ts'
import { hashDestination, WAY_ENTRY, type WayTable } from './way-table.ts'

/** Connections `flowLow` … of one sender, by destination. */
export interface Connections {
  /** One word a connection (IPv4) or four. */
  readonly addresses: Uint32Array
  /** protocol << 16 | port */
  readonly ports: Uint32Array
}

/**
 * Counts connections `from` … `to - 1`, whose flow numbers are (their number, flowHigh), in `cells`, one per way. Those whose destination
 * the table does not know are left to the caller: their numbers are written to `missed`, how many they are is the answer.
 */
export function countWays(
  table: WayTable,
  seed: StreamSeed,
  flowHigh: number,
  { addresses, ports }: Connections,
  from: number,
  to: number,
  cells: Uint32Array,
  missed: Uint32Array,
): number {
  const { entries, entryMask, margin, rowStarts, thresholds } = table
  const addressWords = addresses.length / ports.length
  const { low } = seed
  const high = Math.imul(flowHigh ^ seed.high, 0x9e3779b1)
  const far = WORDS - margin
  let missedCount = 0
  for (let i = from; i < to; i++) {
    const portWord = ports[i] | 0
    const at = addressWords * i
    let a = 0
    let b = 0
    let c = 0
    let d = addresses[at] | 0
    if (addressWords === 4) {
      a = d
      b = addresses[at + 1] | 0
      c = addresses[at + 2] | 0
      d = addresses[at + 3] | 0
    }
    let slot = hashDestination(a, b, c, d, portWord) & entryMask
    for (;;) {
      const entry = slot << 3
      const run = entries[entry + RUN]
      if (run === 0) {
        missed[missedCount++] = i
        break
      }
      if (
        entries[entry + 3] !== d ||
        entries[entry + PORTS] !== portWord ||
        entries[entry + 2] !== c ||
        entries[entry + 1] !== b ||
        entries[entry] !== a
      ) {
        slot = (slot + 1) & entryMask
        continue
      }
      // draw32(seed, i, flowHigh, 0)
      let x = i ^ low
      x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
      x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
      x = ((x ^ (x >>> 15)) + high) | 0
      x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
      x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
      x = ((x ^ (x >>> 15)) + 0x85ebca6b) | 0
      x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
      x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
      const word = (x ^ (x >>> 15)) >>> 0
      const scaled = word * (run & RUN_COUNT_MASK)
      let way = (scaled * 2 ** -32) | 0
      const rest = scaled - way * WORDS
      if (rest < margin || rest >= far || run < 0)
        way = exactWay(thresholds, rowStart(rowStarts, run), run & RUN_COUNT_MASK, word)
      cells[entries[entry + FIRST_WAY] + way]++
      break
    }
  }
  return missedCount
}

const { run: RUN, ports: PORTS, firstWay: FIRST_WAY } = WAY_ENTRY
