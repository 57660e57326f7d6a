import type { IpFamily } from '../net/ip.ts'
import { INTERFACE } from './interface.ts'

/** An interface's own first address; `lo` has 127.0.0.1 or ::1 before all others. */
export function interfaceRedirects(
  family: IpFamily,
  local: Uint32Array,
  loopback: Uint32Array,
  podSide: Uint32Array,
): Uint32Array {
  const redirects = new Uint32Array(16)
  redirects[4 * INTERFACE.lo + 3] = family === 4 ? 0x7f00_0001 : 1
  redirects.set(podSide, 4 * INTERFACE.pod)
  const elsewhere = [loopback, podSide].flatMap(chunked).map(words => words.join())
  const uplink = chunked(local).find(words => !elsewhere.includes(words.join()))
  if (uplink !== undefined) redirects.set(uplink, 4 * INTERFACE.uplink)
  return redirects
}

const chunked = (words: Uint32Array): Uint32Array[] =>
  Array.from({ length: words.length / 4 }, (_, i) => words.subarray(4 * i, 4 * i + 4))
