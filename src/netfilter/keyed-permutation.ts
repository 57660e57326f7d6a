/**
 * A permutation of 0 … size-1 for every key: the order in which a node's kube-proxy happened to write its Services (Go walks maps in
 * random order). Computed, not stored.
 *
 * slot -> (a slot + b) mod p, with p the first prime from `size` on and a, b hashed from the key; what lands at `size` or above goes
 * round again. Every slot's place is uniform over the keys and any two slots' places are as good as independent (Carter, Wegman
 * 1979), which is all that means and variances of counters can see; three or more are not, as they would be in Go. All ranks of a node
 * take one addition a slot, about an eighth of what a Feistel network took. Pinned by a 'must not change' test: results depend on it.
 */

/** Place of `slot` in the order of `key`; slot and result in 0 … size-1, key a 32-bit word, size up to 2^26. */
export function rankOf(key: number, size: number, slot: number): number {
  if (key !== last.key || size !== last.size) remember(key, size)
  const { prime, factor, shift } = last
  let x = slot
  // value % prime, which for doubles is slow: the quotient is below 2^26, so its fraction (at least 2^-26 below the next whole) survives rounding.
  do {
    const value = factor * x + shift
    x = value - Math.floor(value / prime) * prime
  } while (x >= size)
  return x
}

/** The order asked for last: a node's packets ask for the same one over and over. */
const last = { key: 0, size: -1, prime: 2, factor: 1, shift: 0 }

function remember(key: number, size: number): void {
  last.key = key
  last.size = size
  last.prime = primeFrom(size)
  last.factor = factorOf(key, last.prime)
  last.shift = shiftOf(key, last.prime)
}

/** Writes the places of all slots to ranks[0 … size-1]. */
export function writeRanks(key: number, size: number, ranks: Int32Array): void {
  const prime = primeFrom(size)
  const factor = factorOf(key, prime)
  let image = shiftOf(key, prime)
  for (let slot = 0; slot < size; slot++) {
    ranks[slot] = image < size ? image : rankOf(key, size, image)
    image += factor
    if (image >= prime) image -= prime
  }
}

/** The inverse of writeRanks: writes the slot of every place to slots[0 … size-1]. */
export function writeSlots(key: number, size: number, slots: Int32Array): void {
  const prime = primeFrom(size)
  const factor = inverseOf(factorOf(key, prime), prime)
  const zero = factor * (prime - shiftOf(key, prime))
  let image = zero - Math.floor(zero / prime) * prime
  const first = image
  for (let rank = 0; rank < size; rank++) {
    let slot = image
    // What went round again on its way there does so on its way back.
    while (slot >= size) {
      const value = factor * slot + first
      slot = value - Math.floor(value / prime) * prime
    }
    slots[rank] = slot
    image += factor
    if (image >= prime) image -= prime
  }
}

/** The number whose product with `factor` is 1 modulo `prime` (extended Euclid). */
function inverseOf(factor: number, prime: number): number {
  let [rest, next] = [prime, factor]
  let [before, now] = [0, 1]
  while (next > 1) {
    const times = Math.floor(rest / next)
    ;[rest, next] = [next, rest - times * next]
    ;[before, now] = [now, before - times * now]
  }
  return now < 0 ? now + prime : now
}

/** 1 … prime - 1 */
const factorOf = (key: number, prime: number): number => 1 + (mix(key) % (prime - 1))

/** 0 … prime - 1 */
const shiftOf = (key: number, prime: number): number => mix(key ^ 0x9e3779b9) % prime

/** A 32-bit hash (lowbias32, Wellons 2018, with Degski's multipliers). */
function mix(key: number): number {
  let h = key ^ (key >>> 16)
  h = Math.imul(h, 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0xd35a2d97)
  return (h ^ (h >>> 15)) >>> 0
}

/** Primes found so far: a ruleset has few segment sizes and asks for theirs with every packet. */
const PRIMES = new Map<number, number>()

/** The first prime that is at least `size` and at least 2. */
function primeFrom(size: number): number {
  let prime = PRIMES.get(size)
  if (prime === undefined) {
    prime = Math.max(2, size)
    while (!isPrime(prime)) prime++
    PRIMES.set(size, prime)
  }
  return prime
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false
  return true
}
