/**
 * Addresses of one prefix handed out in turn: from the first usable one upward, then around, skipping what is in use: the order of the
 * host-local IPAM plug-in and of a bridge network. The set of addresses in use is the caller's and may be shared by many pools, so
 * that imported addresses are never given twice.
 */
import type { AddressSet } from '../net/address-set.ts'
import type { IpPrefix } from '../net/ip.ts'
import { networkAddress, prefixSize } from '../net/ip.ts'

export class AddressPool {
  readonly prefix: IpPrefix
  readonly #first: bigint
  readonly #last: bigint
  readonly #inUse: AddressSet
  #next: bigint

  /** `reserved`: how many addresses from the network address on are never given (2: the network and the bridge). */
  constructor(prefix: IpPrefix, reserved: bigint, inUse: AddressSet) {
    const network = networkAddress(prefix)
    this.prefix = prefix
    this.#first = network + reserved
    this.#last = network + prefixSize(prefix) - (prefix.family === 4 ? 2n : 1n)
    this.#inUse = inUse
    this.#next = this.#first
  }

  /** How many addresses the pool can have out at once. */
  get capacity(): bigint {
    return this.#last < this.#first ? 0n : this.#last - this.#first + 1n
  }

  /** The next free address, now in use; undefined when there is none. */
  take(): string | undefined {
    for (let left = this.capacity; left > 0n; left--) {
      const address = this.#inUse.take({ family: this.prefix.family, value: this.#next })
      this.#next = this.#next === this.#last ? this.#first : this.#next + 1n
      if (address !== undefined) return address
    }
    return undefined
  }
}
