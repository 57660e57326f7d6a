/**
 * What kind of address a node's routing says something is (`-m addrtype`): LOCAL, BROADCAST, MULTICAST, else UNICAST, as there is a default
 * route. Other kinds never come up. Models inet_addr_type and ipv6's of a node whose addresses are /32 and /128: no subnet broadcasts.
 */
import type { AddressType } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'
import { isLocal } from './route.ts'

/** Bits of address types, by name. */
export const ADDRESS_TYPE_BIT: Readonly<Partial<Record<AddressType, number>>> = {
  LOCAL: 1,
  UNICAST: 2,
  BROADCAST: 4,
  MULTICAST: 8,
}

export const addressTypeBits = (types: readonly AddressType[]): number =>
  types.reduce((bits, type) => bits | (ADDRESS_TYPE_BIT[type] ?? 0), 0)

/** The bit of the address in `words`. */
export function addressTypeOf(host: HostView, words: Uint32Array): number {
  const [first, , , last] = words
  if (host.family === 4) {
    if (last >>> 24 === 0 || last === 0xffff_ffff) return 4
    if (last >>> 28 === 14) return 8
  } else if (first >>> 24 === 0xff) return 8
  return isLocal(host, words) ? 1 : 2
}
