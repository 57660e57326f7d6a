/**
 * Finds a conntrack entry by the tuple of either of its directions: chained hashing over typed arrays. Handle 2 e + d is entry e's tuple of
 * direction d (0 original, 1 reply). A tuple is source, destination (one word each for IPv4, four for IPv6) and source port << 16 | destination port.
 */
import type { IpFamily } from '../../net/ip.ts'
import { grownArray } from './grown-array.ts'

export class TupleIndex {
  /** Words of one tuple, of one address. */
  readonly width: number
  readonly addressWords: number
  readonly bucketCount: number
  tuples: Uint32Array
  protocols: Uint8Array
  readonly #heads: Int32Array
  #next: Int32Array

  constructor(family: IpFamily, bucketCount: number, entries: number) {
    this.addressWords = family === 4 ? 1 : 4
    this.width = 2 * this.addressWords + 1
    this.bucketCount = bucketCount
    this.tuples = new Uint32Array(2 * entries * this.width)
    this.protocols = new Uint8Array(entries)
    this.#heads = new Int32Array(bucketCount).fill(-1)
    this.#next = new Int32Array(2 * entries)
  }

  grow(entries: number): void {
    this.tuples = grownArray(this.tuples, new Uint32Array(2 * entries * this.width))
    this.protocols = grownArray(this.protocols, new Uint8Array(entries))
    this.#next = grownArray(this.#next, new Int32Array(2 * entries))
  }

  /** Addresses are four words each, as in a packet. */
  write(handle: number, source: Uint32Array, destination: Uint32Array, ports: number): void {
    const { tuples, addressWords } = this
    let at = handle * this.width
    for (let i = 4 - addressWords; i < 4; i++) tuples[at++] = source[i]
    for (let i = 4 - addressWords; i < 4; i++) tuples[at++] = destination[i]
    tuples[at] = ports
  }

  /** The handle of a tuple, or -1. */
  find(protocol: number, source: Uint32Array, destination: Uint32Array, ports: number): number {
    const { tuples, addressWords, width } = this
    const skip = 4 - addressWords
    for (let h = this.#heads[this.bucket(protocol, source, destination, ports)]; h >= 0; h = this.#next[h]) {
      if (this.protocols[h >> 1] !== protocol) continue
      const at = h * width
      if (tuples[at + width - 1] !== ports) continue
      let same = true
      for (let i = 0; i < addressWords; i++)
        if (tuples[at + i] !== source[skip + i] || tuples[at + addressWords + i] !== destination[skip + i]) same = false
      if (same) return h
    }
    return -1
  }

  bucket(protocol: number, source: Uint32Array, destination: Uint32Array, ports: number): number {
    let h = Math.imul(ports ^ protocol, 0x9e3779b1)
    for (let i = 4 - this.addressWords; i < 4; i++) {
      h = Math.imul(h ^ (h >>> 15) ^ source[i], 0x21f0aaad)
      h = Math.imul(h ^ (h >>> 15) ^ destination[i], 0xd35a2d97)
    }
    return (h ^ (h >>> 15)) & (this.bucketCount - 1)
  }

  insert(handle: number): void {
    const bucket = this.#bucketOf(handle)
    this.#next[handle] = this.#heads[bucket]
    this.#heads[bucket] = handle
  }

  remove(handle: number): void {
    const bucket = this.#bucketOf(handle)
    if (this.#heads[bucket] === handle) {
      this.#heads[bucket] = this.#next[handle]
      return
    }
    let before = this.#heads[bucket]
    while (this.#next[before] !== handle) before = this.#next[before]
    this.#next[before] = this.#next[handle]
  }

  /** The first handle of a bucket and the one after a handle; -1: none. */
  first(bucket: number): number {
    return this.#heads[bucket]
  }

  after(handle: number): number {
    return this.#next[handle]
  }

  readonly #source = new Uint32Array(4)
  readonly #destination = new Uint32Array(4)

  #bucketOf(handle: number): number {
    this.readSource(handle, this.#source)
    this.readDestination(handle, this.#destination)
    return this.bucket(this.protocols[handle >> 1], this.#source, this.#destination, this.ports(handle))
  }

  readSource(handle: number, target: Uint32Array): void {
    const at = handle * this.width - (4 - this.addressWords)
    for (let i = 4 - this.addressWords; i < 4; i++) target[i] = this.tuples[at + i]
  }

  readDestination(handle: number, target: Uint32Array): void {
    const at = handle * this.width + this.addressWords - (4 - this.addressWords)
    for (let i = 4 - this.addressWords; i < 4; i++) target[i] = this.tuples[at + i]
  }

  ports(handle: number): number {
    return this.tuples[handle * this.width + this.width - 1]
  }
}
