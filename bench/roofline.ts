/** The roofline loop (native/wasm/roofline.as.ts) over a burst's destinations: what a core of this machine does of the barest replay there is. */
import type { Burst } from '../src/replay/burst.ts'
import { ROOFLINE_WASM } from './roofline-wasm.ts'

/** What is used of WebAssembly: its types come with a browser's only. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm }

/** Runs over the destinations once a call, in place; answers how many it did not know. `burst` is of IPv4. */
export function newRoofline({ table, destinations: { addresses, ports } }: Burst): () => number {
  const count = ports.length & ~3
  const entriesAt = 8 * count
  const cellsAt = entriesAt + 4 * table.entries.length
  const memory = new WebAssembly.Memory({ initial: Math.ceil((cellsAt + 4 * table.wayCount) / 65_536) })
  new Uint32Array(memory.buffer, 0, count).set(addresses.subarray(0, count))
  new Uint32Array(memory.buffer, 4 * count, count).set(ports.subarray(0, count))
  const entries = new Int32Array(memory.buffer, entriesAt, table.entries.length)
  // The last word of an entry: the count of ways alone.
  entries.set(table.entries.map((word, i) => (i % 4 === 3 ? word & 0xf_ffff : word)))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(ROOFLINE_WASM, 'base64')), {
    env: { memory },
  })
  const { roofline } = exports as { roofline: (...words: number[]) => number }
  let seed = 0
  return () => roofline(0, 4 * count, count, 0, ++seed, entriesAt, table.entryMask, cellsAt)
}
