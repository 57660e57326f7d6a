/**
 * Ranges of addresses that DNAT and SNAT translate to, and which address of one a connection gets.
 *
 * Models find_best_ips_proto of Linux 6.18: a hash of the source, and of the destination unless --persistent, that no secret goes into;
 * so the choice is the same on every (little-endian) machine.
 */
import type { IpAddress } from '../net/ip.ts'
import { writeIpWords } from '../net/ip.ts'
import type { AddressSpan } from '../net/packet.ts'
import type { NatTarget } from '../ruleset/ruleset.ts'

export type NatRange = AddressSpan

/** undefined: it names one address. */
export function natRangeOf({ address, lastAddress, persistent = false }: NatTarget): NatRange | undefined {
  if (lastAddress === undefined || lastAddress.value === address.value) return undefined
  return { first: ipWords(address), last: ipWords(lastAddress), persistent }
}

/** Writes the address that a packet of this source and destination gets; `target` may be either of them. */
export function writeRangeAddress(
  { first, last, persistent }: NatRange,
  family: number,
  source: Uint32Array,
  destination: Uint32Array,
  target: Uint32Array,
): void {
  let hash = hashAddress(family, source, persistent ? 0 : swapped(destination[3]))
  let fullRange = false
  for (let i = family === 4 ? 3 : 0; i < 4; i++) {
    const distance = fullRange ? 0xffff_ffff : (last[i] - first[i] + 1) >>> 0
    const word = ((fullRange ? 0 : first[i]) + Number((BigInt(hash) * BigInt(distance)) >> 32n)) >>> 0
    target[i] = word
    if (word !== last[i]) fullRange = true
    // Of a destination that is translated itself this is the new word, in the kernel too.
    if (!persistent) hash = (hash ^ swapped(destination[i])) >>> 0
  }
}

export function isInRange(words: Uint32Array, { first, last }: NatRange): boolean {
  return compare(words, first) >= 0 && compare(words, last) <= 0
}

function compare(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1
  return 0
}

/** jhash2 over the four words of an address as the kernel has it in memory: IPv4 in the first, zeroes behind. */
function hashAddress(family: number, words: Uint32Array, initial: number): number {
  const k0 = swapped(family === 4 ? words[3] : words[0])
  const [k1, k2, k3] = family === 4 ? [0, 0, 0] : [swapped(words[1]), swapped(words[2]), swapped(words[3])]
  const start = (0xdead_beef + (4 << 2) + initial) | 0
  let a = (start + k0) | 0
  let b = (start + k1) | 0
  let c = (start + k2) | 0
  a = ((a - c) ^ rotated(c, 4)) | 0
  c = (c + b) | 0
  b = ((b - a) ^ rotated(a, 6)) | 0
  a = (a + c) | 0
  c = ((c - b) ^ rotated(b, 8)) | 0
  b = (b + a) | 0
  a = ((a - c) ^ rotated(c, 16)) | 0
  c = (c + b) | 0
  b = ((b - a) ^ rotated(a, 19)) | 0
  a = (a + c) | 0
  c = ((c - b) ^ rotated(b, 4)) | 0
  b = (b + a) | 0
  a = (a + k3) | 0
  c = ((c ^ b) - rotated(b, 14)) | 0
  a = ((a ^ c) - rotated(c, 11)) | 0
  b = ((b ^ a) - rotated(a, 25)) | 0
  c = ((c ^ b) - rotated(b, 16)) | 0
  a = ((a ^ c) - rotated(c, 4)) | 0
  b = ((b ^ a) - rotated(a, 14)) | 0
  c = ((c ^ b) - rotated(b, 24)) | 0
  return c >>> 0
}

const rotated = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))

/** As a little-endian machine reads a word of the wire. */
const swapped = (word: number): number =>
  ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0

function ipWords(address: IpAddress): Uint32Array {
  const words = new Uint32Array(4)
  writeIpWords(address.value, words, 0)
  return words
}
