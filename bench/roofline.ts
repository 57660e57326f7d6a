/** The roofline loop (native/wasm/roofline.as.ts) over a burst's destinations: what a core of this machine does of the barest replay there is. */
import { RUN_COUNT_MASK } from '../src/netfilter/draw-rows.ts'
import { hashDestination, type WayTable } from '../src/netfilter/way-table.ts'
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
  const entries = searchedEntries(table)
  const entriesAt = 8 * count
  const cellsAt = entriesAt + 4 * entries.length
  const memory = new WebAssembly.Memory({ initial: Math.ceil((cellsAt + 4 * table.wayCount) / 65_536) })
  new Uint32Array(memory.buffer, 0, count).set(addresses.subarray(0, count))
  new Uint32Array(memory.buffer, 4 * count, count).set(ports.subarray(0, count))
  new Int32Array(memory.buffer, entriesAt, entries.length).set(entries)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(ROOFLINE_WASM, 'base64')), {
    env: { memory },
  })
  const { roofline } = exports as { roofline: (...words: number[]) => number }
  let seed = 0
  return () => roofline(0, 4 * count, count, 0, ++seed, entriesAt, entries.length / 4 - 1, cellsAt)
}

/** `times` in a row; answers how many it did not know. */
export function rooflineTimes(roofline: () => number, times: number): number {
  let unknown = 0
  for (let i = 0; i < times; i++) unknown += roofline()
  return unknown
}

/** The table's entries where the bare loop searches for them: open-addressed, at most half full; the last word is the count of ways alone. */
function searchedEntries({ entries }: WayTable): Int32Array {
  const known = []
  for (let at = 0; at < entries.length; at += 4) if (entries[at + 3] !== 0) known.push(at)
  const places = 2 ** (33 - Math.clz32(Math.max(2, known.length) - 1))
  const searched = new Int32Array(4 * places)
  for (const at of known) {
    const [address, ports, firstWay, run] = entries.subarray(at, at + 4)
    let place = hashDestination(0, 0, 0, address, ports) & (places - 1)
    while (searched[4 * place + 3] !== 0) place = (place + 1) & (places - 1)
    searched.set([address, ports, firstWay, run & RUN_COUNT_MASK], 4 * place)
  }
  return searched
}
