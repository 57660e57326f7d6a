/**
 * Addresses under other values, as Crypto-PAn does it (Xu, Fan, Ammar, Moon 2002): two addresses that share their first n bits share
 * them afterwards too, so prefixes, pod CIDRs and Service ranges stay what they are, and a keyed hash decides each next bit.
 * Here also the kind of an address stays: private ranges map into themselves, and addresses that mean the same everywhere
 * (loopback, link-local, multicast, unspecified) stay as they are. Below a private range the first bit always changes, so no address keeps its value.
 */
import { createHmac } from 'node:crypto'
import { familyBits, formatIp, type IpFamily, networkAddress, parseIp, parsePrefix } from '../../net/ip.ts'

export interface AddressRenamer {
  /** Canonical text of the address under its new value; undefined when the text is no address. */
  address(text: string): string | undefined
  /** The same of `address/length`: host bits that are zero stay zero. */
  prefix(text: string): string | undefined
}

export function addressRenamer(seed: string): AddressRenamer {
  const blocks = new Map<string, Uint8Array>()
  /** Bit for every place in the tree of the eight bits below a prefix of whole bytes. */
  const blockBelow = (prefix: string): Uint8Array => {
    let block = blocks.get(prefix)
    if (block === undefined) {
      block = createHmac('sha256', seed).update(`address ${prefix}`).digest()
      blocks.set(prefix, block)
    }
    return block
  }
  const renamed = (family: IpFamily, value: bigint): bigint => {
    const bits = familyBits(family)
    let flips = 0n
    let bytes = `${family}`
    for (let i = 0; i < bits; i++) {
      const rest = value >> BigInt(bits - i)
      const rule = ruleBelow(family, rest, i)
      if (rule === 'keep all') break
      if (i % 8 === 0 && i > 0) bytes += `.${(value >> BigInt(bits - i)) & 255n}`
      const place = (1 << (i % 8)) | Number(rest & BigInt((1 << (i % 8)) - 1))
      const flip = rule === 'flip' || (rule === 'hash' && ((blockBelow(bytes)[place >> 3] >> (place & 7)) & 1) === 1)
      flips = (flips << 1n) | (flip ? 1n : 0n)
      if (i === bits - 1) return value ^ flips
    }
    return value
  }
  return {
    address: text => {
      const ip = parseIp(text)
      return ip && formatIp({ ...ip, value: renamed(ip.family, ip.value) })
    },
    prefix: text => {
      const prefix = parsePrefix(text)
      if (prefix === undefined) return undefined
      const { family, value, length } = prefix
      const moved = { family, value: renamed(family, value), length }
      const kept = value === networkAddress(prefix) ? { ...moved, value: networkAddress(moved) } : moved
      return `${formatIp(kept)}/${length}`
    },
  }
}

/** What becomes of the bit below a prefix: nothing and of all further ones, nothing, the other value, or as the hash says. */
function ruleBelow(family: IpFamily, prefix: bigint, length: number): 'keep all' | 'keep' | 'flip' | 'hash' {
  for (const range of RANGES) {
    if (range.family !== family) continue
    const shift = range.length - length
    // On the way to a range nothing may change, or the range would move.
    if (shift > 0 && range.prefix >> BigInt(shift) === prefix) return 'keep'
    if (shift === 0 && range.prefix === prefix) return range.fixed ? 'keep all' : 'flip'
  }
  return 'hash'
}

const RANGES = [
  // Mean the same everywhere.
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/16', 'fe80::/10', 'ff00::/8'].map(text => ({
    ...rangeOf(text),
    fixed: true,
  })),
  // Private and shared ranges, and the global unicast addresses of IPv6.
  ...['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', '2000::/3', 'fc00::/7'].map(text => ({
    ...rangeOf(text),
    fixed: false,
  })),
]

function rangeOf(text: string) {
  const prefix = parsePrefix(text)!
  return {
    family: prefix.family,
    length: prefix.length,
    prefix: prefix.value >> BigInt(familyBits(prefix.family) - prefix.length),
  }
}
