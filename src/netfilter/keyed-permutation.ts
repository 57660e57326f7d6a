/**
 * A permutation of 0 … size-1 for every key, computed in both directions without a table: the order in which a node's kube-proxy
 * happened to write its Services (Go walks maps in random order).
 *
 * Four rounds of an unbalanced Feistel network over the next power of two, walked until the value lies below `size` (at most two
 * steps on average). Pinned by a 'must not change' test: results depend on it.
 */

/** Place of `slot` in the order of `key`; slot and result in 0 … size-1, key a 32-bit word. */
export function rankOf(key: number, size: number, slot: number): number {
  const bits = domainBits(size)
  let x = slot
  do x = encrypt(key, bits, x)
  while (x >= size)
  return x
}

/** The slot that stands at place `rank` in the order of `key`: the inverse of rankOf. */
export function slotAt(key: number, size: number, rank: number): number {
  const bits = domainBits(size)
  let x = rank
  do x = decrypt(key, bits, x)
  while (x >= size)
  return x
}

const domainBits = (size: number): number => (size <= 4 ? 2 : 32 - Math.clz32(size - 1))

function encrypt(key: number, bits: number, x: number): number {
  const lowBits = bits >> 1
  const lowMask = (1 << lowBits) - 1
  const highMask = (1 << (bits - lowBits)) - 1
  let low = x & lowMask
  let high = x >>> lowBits
  high ^= mix(low, key) & highMask
  low ^= mix(high, key ^ 0x9e3779b9) & lowMask
  high ^= mix(low, key ^ 0x3c6ef372) & highMask
  low ^= mix(high, key ^ 0xdaa66d2b) & lowMask
  return (high << lowBits) | low
}

function decrypt(key: number, bits: number, x: number): number {
  const lowBits = bits >> 1
  const lowMask = (1 << lowBits) - 1
  const highMask = (1 << (bits - lowBits)) - 1
  let low = x & lowMask
  let high = x >>> lowBits
  low ^= mix(high, key ^ 0xdaa66d2b) & lowMask
  high ^= mix(low, key ^ 0x3c6ef372) & highMask
  low ^= mix(high, key ^ 0x9e3779b9) & lowMask
  high ^= mix(low, key) & highMask
  return (high << lowBits) | low
}

/** One multiply-xorshift hash of half a value under a round's key. */
function mix(x: number, key: number): number {
  let h = Math.imul(x + 1, 0x21f0aaad) ^ key
  h = Math.imul(h ^ (h >>> 15), 0xd35a2d97)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return h ^ (h >>> 15)
}
