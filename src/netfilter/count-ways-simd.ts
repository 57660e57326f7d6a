/**
 * The fast replay loop in WebAssembly SIMD, four connections at a time, IPv4 only (native/wasm/count-ways.as.ts). A thread's own: the table is
 * copied into the module's memory once, destinations by the chunk.
 */
import type { StreamSeed } from '../sim/random.ts'
import { CHUNK, type WayCounter } from './count-ways.ts'
import { COUNT_WAYS_WASM } from './count-ways-wasm.ts'
import type { WayTable } from './way-table.ts'

interface Exports {
  count4(...words: number[]): number
}

/** What is used of WebAssembly: its types come with a browser's only. */
interface Wasm {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm }

/** undefined where the table is of IPv6, or WebAssembly SIMD is missing: plainCounter does the same. */
export function simdCounter(table: WayTable, seed: StreamSeed, flowHigh: number): WayCounter | undefined {
  const code = table.family === 4 ? simdModule() : undefined
  if (code === undefined) return undefined
  const { entries, displacements, bucketShift, placeShift, margin, rowStarts, thresholds, wayCount } = table
  let end = 0
  const reserve = (words: number): number => {
    const at = end
    end += (4 * words + 15) & ~15
    return at
  }
  const addressesAt = reserve(CHUNK)
  const portsAt = reserve(CHUNK)
  const missedAt = reserve(CHUNK + 4)
  const rowStartsAt = reserve(rowStarts.length)
  const thresholdsAt = reserve(thresholds.length)
  const displacementsAt = reserve(displacements.length / 2)
  const entriesAt = reserve(entries.length)
  const cellsAt = reserve(wayCount)
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE_BYTES) })
  const { buffer } = memory
  new Int32Array(buffer, rowStartsAt).set(rowStarts)
  new Uint32Array(buffer, thresholdsAt).set(thresholds)
  new Uint16Array(buffer, displacementsAt).set(displacements)
  new Int32Array(buffer, entriesAt).set(entries)
  const addresses = new Uint32Array(buffer, addressesAt, CHUNK)
  const ports = new Uint32Array(buffer, portsAt, CHUNK)
  const missed = new Uint32Array(buffer, missedAt, CHUNK)
  const cells = new Uint32Array(buffer, cellsAt, wayCount)
  const { count4 } = new WebAssembly.Instance(code, { env: { memory } }).exports as Exports
  const high = Math.imul(flowHigh ^ seed.high, 0x9e3779b1)
  return {
    cells,
    missed,
    count: (connections, from, to, flowLow) => {
      const count = to - from
      addresses.set(connections.addresses.subarray(from, to))
      ports.set(connections.ports.subarray(from, to))
      // The loop takes four at a time: those beyond the last go nowhere, and are struck off again.
      for (let i = count; (i & 3) !== 0; i++) ports[i] = NOWHERE
      let missedCount = count4(
        addressesAt,
        portsAt,
        count,
        flowLow + from,
        seed.low,
        high,
        displacementsAt,
        bucketShift,
        placeShift,
        entriesAt,
        margin,
        rowStartsAt,
        thresholdsAt,
        cellsAt,
        missedAt,
      )
      while (missedCount > 0 && missed[missedCount - 1] >= count) missedCount--
      for (let i = 0; i < missedCount; i++) missed[i] += from
      return missedCount
    },
  }
}

const PAGE_BYTES = 65_536

/** No protocol has this number. */
const NOWHERE = 0xffff_ffff

let compiled: object | false | undefined

function simdModule(): object | undefined {
  if (compiled === undefined) {
    const bytes = Uint8Array.from(atob(COUNT_WAYS_WASM), c => c.charCodeAt(0))
    compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : false
  }
  return compiled === false ? undefined : compiled
}
