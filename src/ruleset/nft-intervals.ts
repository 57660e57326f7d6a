/**
 * The inside of an anonymous set of addresses as nft shows it: sorted, each address once. In a set of intervals, which is what one
 * with a prefix in it is, those that overlap or touch become one, shown as a prefix where it is one and as `first-last` otherwise.
 */
import type { IpFamily, IpPrefix } from '../net/ip.ts'
import { familyBits, formatIp, networkAddress, prefixSize } from '../net/ip.ts'

export function nftIntervals(prefixes: readonly IpPrefix[], braces: 'addresses' | 'intervals'): string[] {
  const sorted = prefixes.map(toInterval).sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const merged: Interval[] = []
  for (const { first, last } of sorted) {
    const before = merged.at(-1)
    const reach = braces === 'intervals' ? 1n : 0n
    if (before !== undefined && first <= before.last + reach) {
      if (last > before.last) merged[merged.length - 1] = { first: before.first, last }
    } else merged.push({ first, last })
  }
  const family = prefixes[0]?.family ?? 4
  return merged.map(interval => intervalText(interval, family))
}

/** The fewest prefixes that hold the addresses from `first` to `last`, and no other. */
export function prefixesOfInterval(first: bigint, last: bigint, family: IpFamily): IpPrefix[] {
  const prefixes: IpPrefix[] = []
  let value = first
  while (value <= last) {
    let length = familyBits(family)
    while (length > 0) {
      const wider = { family, value, length: length - 1 }
      if (networkAddress(wider) !== value || value + prefixSize(wider) - 1n > last) break
      length--
    }
    prefixes.push({ family, value, length })
    value += prefixSize({ family, value, length })
  }
  return prefixes
}

interface Interval {
  readonly first: bigint
  readonly last: bigint
}

function toInterval(prefix: IpPrefix): Interval {
  const first = networkAddress(prefix)
  return { first, last: first + prefixSize(prefix) - 1n }
}

function intervalText({ first, last }: Interval, family: IpFamily): string {
  const prefixes = prefixesOfInterval(first, last, family)
  if (prefixes.length === 1) return nftPrefix(prefixes[0])
  return `${formatIp({ family, value: first })}-${formatIp({ family, value: last })}`
}

/** `10.0.0.0/8`; the address alone when it is the only one. */
export const nftPrefix = (prefix: IpPrefix): string =>
  prefix.length === familyBits(prefix.family) ? formatIp(prefix) : `${formatIp(prefix)}/${prefix.length}`
