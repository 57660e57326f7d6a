/**
 * ClusterIPs as the API server hands them out (pkg/registry/core/service/ipallocator, one allocator a CIDR): never the network address
 * nor, with IPv4, the broadcast address; the first min(max(16, size/16), 256) addresses are left to explicit choices, dynamic
 * ones come from above them at random. Deviation: of several CIDRs of one family the first with room is taken, where the real
 * one goes through a Go map.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { IpAddress, IpFamily, IpPrefix } from '../net/ip.ts'
import { formatIp, formatPrefix, networkAddress, parsePrefix, prefixSize } from '../net/ip.ts'
import type { RandomStream } from '../sim/random.ts'
import type { BandedRange } from './banded-range.ts'
import { pickFree, staticBandSize } from './banded-range.ts'
import { Claims } from './claims.ts'

export interface ClusterIpRange extends BandedRange {
  readonly family: IpFamily
  /** Canonical text, as `10.96.0.0/12`. */
  readonly cidr: string
}

/** The allocatable part of a service CIDR; Left says what is wrong with the text. */
export function clusterIpRange(cidr: string): E.Either<string, ClusterIpRange> {
  const prefix = parsePrefix(cidr)
  if (prefix === undefined) return E.left('is no address/length')
  if (prefix.family === 6 && prefix.length < 64)
    return E.left(`has a prefix of ${prefix.length}, and the API server takes IPv6 service CIDRs from /64 on`)
  const network = networkAddress(prefix)
  const size = prefixSize(prefix)
  const first = network + 1n
  return E.right({
    family: prefix.family,
    cidr: formatPrefix({ ...prefix, value: network } satisfies IpPrefix),
    first,
    last: network + size - (prefix.family === 4 ? 2n : 1n),
    dynamicFirst: first + staticBandSize(size, 16n, 256n),
  })
}

/** What became of an explicit choice. */
export type Reservation =
  | { readonly outcome: 'granted' }
  | { readonly outcome: 'clash'; readonly with: string }
  | { readonly outcome: 'out of range' }

/** The ClusterIPs of one cluster. Ranges are asked in the order given by the caller at each call, so ServiceCIDRs may come and go. */
export class ClusterIpAllocator {
  readonly #random: RandomStream
  readonly #claims: Readonly<Record<IpFamily, Claims<bigint>>> = { 4: new Claims(), 6: new Claims() }

  constructor(random: RandomStream) {
    this.#random = random
  }

  /** Claims `address` for `service`, even in a clash (the caller decides what that means). `ranges` undefined: no limits. */
  reserve(address: IpAddress, service: string, ranges: readonly ClusterIpRange[] | undefined): Reservation {
    const inRange = ranges?.some(
      r => r.family === address.family && r.first <= address.value && address.value <= r.last,
    )
    if (inRange === false) return { outcome: 'out of range' }
    const other = this.#claims[address.family].claim(address.value, service)
    return other === undefined ? { outcome: 'granted' } : { outcome: 'clash', with: other }
  }

  /** A free address for `service` as text; undefined when all ranges of the family are full. */
  next(family: IpFamily, service: string, ranges: readonly ClusterIpRange[]): string | undefined {
    const claims = this.#claims[family]
    for (const range of ranges) {
      if (range.family !== family) continue
      const value = pickFree(range, v => claims.has(v), this.#random)
      if (value === undefined) continue
      claims.claim(value, service)
      return formatIp({ family, value })
    }
    return undefined
  }

  release(address: IpAddress, service: string): void {
    this.#claims[address.family].release(address.value, service)
  }
}

/** Addresses that a range can hand out at all. */
export const rangeCapacity = (range: BandedRange): bigint =>
  range.last < range.first ? 0n : range.last - range.first + 1n
