/**
 * The fast replay loop: a connection is one look-up of its destination, one draw and one increment at its way (way-table.ts). Plain and
 * portable, for both families; the judge of count-ways-simd.ts, which does the same four connections at a time. Nothing is allocated.
 */
import { draw32, type StreamSeed } from '../sim/random.ts'
import { placeOf } from './displaced-places.ts'
import { exactWay, RUN_COUNT_MASK, rowStart, WORDS } from './draw-rows.ts'
import { ENTRY, hashDestination, type WayTable } from './way-table.ts'

/** Connections of one sender, by destination. */
export interface Connections {
  /** One word a connection (IPv4) or four. */
  readonly addresses: Uint32Array
  /** protocol << 16 | port */
  readonly ports: Uint32Array
}

/** Counts connections of one sender by way. */
export interface WayCounter {
  /** By way: connections so far. */
  readonly cells: Uint32Array
  /** Numbers of connections whose destination the table does not know: how many, `count` answers. */
  readonly missed: Uint32Array
  /** Connections `from` … `to - 1`, CHUNK at most; the flow number of connection n is (flowLow + n, flowHigh). */
  count(connections: Connections, from: number, to: number, flowLow: number): number
}

export const CHUNK = 1 << 14

export function plainCounter(table: WayTable, seed: StreamSeed, flowHigh: number): WayCounter {
  const cells = new Uint32Array(table.wayCount)
  const missed = new Uint32Array(CHUNK)
  const count = table.family === 4 ? count4 : count6
  return {
    cells,
    missed,
    count: (connections, from, to, flowLow) =>
      count(table, seed, flowLow, flowHigh, connections, from, to, cells, missed),
  }
}

function count4(
  table: WayTable,
  { low, high }: StreamSeed,
  flowLow: number,
  flowHigh: number,
  { addresses, ports }: Connections,
  from: number,
  to: number,
  cells: Uint32Array,
  missed: Uint32Array,
): number {
  const { entries } = table
  let missedCount = 0
  for (let i = from; i < to; i++) {
    const address = addresses[i] | 0
    const port = ports[i] | 0
    const at = placeOf(table, hashDestination(0, 0, 0, address, port)) << 2
    if (entries[at] !== address || entries[at + 1] !== port) missed[missedCount++] = i
    else
      cells[
        entries[at + 1 + ENTRY.firstWay] +
          takenWay(table, entries[at + 1 + ENTRY.run], draw32(low, high, flowLow + i, flowHigh, 0))
      ]++
  }
  return missedCount
}

function count6(
  table: WayTable,
  { low, high }: StreamSeed,
  flowLow: number,
  flowHigh: number,
  { addresses, ports }: Connections,
  from: number,
  to: number,
  cells: Uint32Array,
  missed: Uint32Array,
): number {
  const { entries } = table
  let missedCount = 0
  for (let i = from; i < to; i++) {
    const a = addresses[4 * i] | 0
    const b = addresses[4 * i + 1] | 0
    const c = addresses[4 * i + 2] | 0
    const d = addresses[4 * i + 3] | 0
    const port = ports[i] | 0
    const at = placeOf(table, hashDestination(a, b, c, d, port)) << 3
    const same = entries[at + 3] === d && entries[at + 4] === port && entries[at + 2] === c
    if (same && entries[at + 1] === b && entries[at] === a)
      cells[
        entries[at + 4 + ENTRY.firstWay] +
          takenWay(table, entries[at + 4 + ENTRY.run], draw32(low, high, flowLow + i, flowHigh, 0))
      ]++
    else missed[missedCount++] = i
  }
  return missedCount
}

/** As wayOf in draw-rows.ts. */
function takenWay({ margin, rowStarts, thresholds }: WayTable, run: number, word: number): number {
  const count = run & RUN_COUNT_MASK
  const scaled = word * count
  const way = (scaled * 2 ** -32) | 0
  const rest = scaled - way * WORDS
  if (rest >= margin && rest < WORDS - margin && run > 0) return way
  return exactWay(thresholds, rowStart(rowStarts, run), count, word)
}
