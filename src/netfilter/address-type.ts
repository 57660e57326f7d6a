/**
 * What kind of address a node's routing says something is (`-m addrtype`), on a node with a default route whose addresses are /32 and /128:
 * no subnet broadcasts, nothing unreachable. IPv4 (inet_addr_type): the one kind of the address is among those asked for. IPv6
 * (match_type6): an address is unicast, multicast or unspecified beside being local, and every kind asked for must hold.
 */
import type { AddressType } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'
import { isLocal } from './route.ts'

const LOCAL = 1
const UNICAST = 2
const BROADCAST = 4
const MULTICAST = 8
const UNSPEC = 16
/** Anycast and unreachable, which nothing is here. */
const NOWHERE = 32

const BIT: Readonly<Record<AddressType, number>> = {
  UNSPEC,
  UNICAST,
  LOCAL,
  BROADCAST,
  ANYCAST: NOWHERE,
  MULTICAST,
  BLACKHOLE: NOWHERE,
  UNREACHABLE: NOWHERE,
  PROHIBIT: NOWHERE,
  THROW: NOWHERE,
  NAT: NOWHERE,
  XRESOLVE: NOWHERE,
}

export const addressTypeBits = (types: readonly AddressType[]): number =>
  types.reduce((bits, type) => bits | BIT[type], 0)

/** Whether the address in `words` is what `bits` ask for. */
export function isAddressType(host: HostView, words: Uint32Array, bits: number): boolean {
  if (host.family === 4) return (bits & typeOf4(host, words)) !== 0
  const kind = kindOf6(words)
  if ((bits & (UNICAST | MULTICAST | UNSPEC) & ~kind) !== 0) return false
  return (bits & (LOCAL | NOWHERE)) === 0 || ((bits & LOCAL) !== 0 && isLocal(host, words))
}

function typeOf4(host: HostView, words: Uint32Array): number {
  const address = words[3]
  if (address >>> 24 === 0 || address === 0xffff_ffff) return BROADCAST
  if (address >>> 28 === 14) return MULTICAST
  return isLocal(host, words) ? LOCAL : UNICAST
}

function kindOf6(words: Uint32Array): number {
  if (words[0] >>> 24 === 0xff) return MULTICAST
  return (words[0] | words[1] | words[2] | words[3]) === 0 ? UNSPEC : UNICAST
}
