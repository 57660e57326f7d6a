/**
 * A place of its own for each of a fixed set of keys, found without searching: a key's hash names a bucket, the bucket's displacement moves all
 * its keys to places that are free. Looking a key up is one short read, one long one, and no branch that could be guessed wrong.
 *
 * Hash and displace: Belazzougui, Botelho, Dietzfelbinger, "Hash, displace, and compress" (ESA 2009), not compressed.
 */

export interface Displacements {
  /** By bucket, 16 bits. */
  readonly displacements: Uint16Array
  /** hash >>> bucketShift is the bucket. */
  readonly bucketShift: number
  /** See placeOf. */
  readonly placeShift: number
}

/** The place of a 32-bit hash; there are 2^(32 - placeShift) of them. */
export const placeOf = ({ displacements, bucketShift, placeShift }: Displacements, hash: number): number =>
  Math.imul(hash ^ displacements[hash >>> bucketShift], SPREAD) >>> placeShift

const SPREAD = 0x9e3779b1

export interface Displaced extends Displacements {
  /** By key, or -1: its bucket found no place for all its keys (as two of one hash never do). */
  readonly places: Int32Array
}

/** Places for keys with these hashes; at most 98 of 100 places are taken. Displacements lie on shared memory. */
export function displace(hashes: Int32Array): Displaced {
  const placeBits = Math.max(2, Math.ceil(Math.log2(1.02 * hashes.length)))
  const bucketBits = Math.max(1, placeBits - 2)
  const displaced: Displaced = {
    displacements: new Uint16Array(new SharedArrayBuffer(2 * 2 ** bucketBits)),
    bucketShift: 32 - bucketBits,
    placeShift: 32 - placeBits,
    places: new Int32Array(hashes.length).fill(-1),
  }
  const free = new Uint8Array(2 ** placeBits).fill(1)
  for (const bucket of fullestFirst(hashes, displaced.bucketShift)) settle(displaced, hashes, bucket, free)
  return displaced
}

function fullestFirst(hashes: Int32Array, bucketShift: number): number[][] {
  const buckets = new Map<number, number[]>()
  hashes.forEach((hash, key) => {
    const bucket = buckets.get(hash >>> bucketShift)
    if (bucket === undefined) buckets.set(hash >>> bucketShift, [key])
    else bucket.push(key)
  })
  return [...buckets.values()].sort((a, b) => b.length - a.length || a[0] - b[0])
}

/** The first displacement under which all keys of the bucket find a free place. */
function settle(displaced: Displaced, hashes: Int32Array, bucket: readonly number[], free: Uint8Array): void {
  const { displacements, bucketShift, places } = displaced
  const number = hashes[bucket[0]] >>> bucketShift
  for (let displacement = 0; displacement <= 0xffff; displacement++) {
    displacements[number] = displacement
    let settled = 0
    for (; settled < bucket.length; settled++) {
      const place = placeOf(displaced, hashes[bucket[settled]])
      if (free[place] === 0) break
      free[place] = 0
      places[bucket[settled]] = place
    }
    if (settled === bucket.length) return
    for (const key of bucket.slice(0, settled)) {
      free[places[key]] = 1
      places[key] = -1
    }
  }
}
