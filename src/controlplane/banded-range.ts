/**
 * A range of numbers with two bands, as the API server cuts its ranges of ClusterIPs and node ports (KEP-3070, KEP-3682): the lower
 * band is left to explicit choices, dynamic ones start at random in the upper band and fall back to the lower when that is full.
 * From a random start the search goes upward and around, one number at a time, as the real one does: nothing is enumerated
 * before it is needed, so an IPv6 /64 costs no more than a /24.
 */
import type { RandomStream } from '../sim/random.ts'

/** `first` to `last` included (empty when last < first); numbers from `dynamicFirst` on are the upper band. */
export interface BandedRange {
  readonly first: bigint
  readonly last: bigint
  readonly dynamicFirst: bigint
}

/** The real allocator counts in int64. */
const LARGEST_COUNT = (1n << 63n) - 1n

/** Numbers set apart for explicit choices: min(max(16, size / step), most), and none in a range of at most 16. */
export function staticBandSize(size: bigint, step: bigint, most: bigint): bigint {
  if (size <= 16n) return 0n
  const part = size / step
  return part < 16n ? 16n : part > most ? most : part
}

/** A free number of the range; undefined when there is none. */
export function pickFree(
  range: BandedRange,
  taken: (value: bigint) => boolean,
  random: RandomStream,
): bigint | undefined {
  return (
    pickBetween(range.dynamicFirst, range.last, taken, random) ??
    pickBetween(range.first, range.dynamicFirst - 1n, taken, random)
  )
}

function pickBetween(
  first: bigint,
  last: bigint,
  taken: (value: bigint) => boolean,
  random: RandomStream,
): bigint | undefined {
  const size = last - first + 1n
  if (size <= 0n) return undefined
  const start = first + randomBelow(size > LARGEST_COUNT ? LARGEST_COUNT : size, random)
  for (let value = start; value <= last; value++) if (!taken(value)) return value
  for (let value = first; value < start; value++) if (!taken(value)) return value
  return undefined
}

/** Uniform below `bound`; above 2^32 it scales 64 random bits, so no value is off by more than one draw in 2^64. */
function randomBelow(bound: bigint, random: RandomStream): bigint {
  if (bound <= 0x1_0000_0000n) return BigInt(random.below(Number(bound)))
  const high = BigInt(random.below(0x1_0000_0000))
  const low = BigInt(random.below(0x1_0000_0000))
  return (((high << 32n) | low) * bound) >> 64n
}
