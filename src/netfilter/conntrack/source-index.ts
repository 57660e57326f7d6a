/**
 * Entries whose source is translated, by the source they came with, the latest first: what a later connection of the same source may become
 * too. Models find_appropriate_src of nf_nat_core.c.
 */
import type { Packet } from '../../net/packet.ts'
import { sameWords } from '../../net/same-words.ts'
import { grownArray } from './grown-array.ts'
import { allowsSource } from './nat-port.ts'
import type { TupleIndex } from './tuple-index.ts'

export class SourceIndex {
  /** What `earlier` found. */
  readonly address = new Uint32Array(4)
  port = 0
  readonly #index: TupleIndex
  /** Made with the first entry: most tables translate no source. */
  #heads: Int32Array | undefined
  #next: Int32Array
  readonly #source = new Uint32Array(4)

  constructor(index: TupleIndex, entries: number) {
    this.#index = index
    this.#next = new Int32Array(entries)
  }

  grow(entries: number): void {
    this.#next = grownArray(this.#next, new Int32Array(entries))
  }

  insert(entry: number): void {
    this.#heads ??= new Int32Array(this.#index.bucketCount).fill(-1)
    const bucket = this.#bucketOf(entry)
    this.#next[entry] = this.#heads[bucket]
    this.#heads[bucket] = entry
  }

  remove(entry: number): void {
    const heads = this.#heads!
    const bucket = this.#bucketOf(entry)
    if (heads[bucket] === entry) {
      heads[bucket] = this.#next[entry]
      return
    }
    let before = heads[bucket]
    while (this.#next[before] !== entry) before = this.#next[before]
    this.#next[before] = this.#next[entry]
  }

  /** Whether an earlier connection of the packet's source, alive at `nowUs`, became what the packet may become. */
  earlier(packet: Packet, expiresUs: Float64Array, nowUs: number): boolean {
    if (this.#heads === undefined) return false
    const { protocol, originalSource, originalSourcePort } = packet
    const index = this.#index
    const bucket = index.bucket(protocol, originalSource, NOWHERE, originalSourcePort)
    for (let e = this.#heads[bucket]; e >= 0; e = this.#next[e]) {
      if (index.protocols[e] !== protocol || index.ports(2 * e) >>> 16 !== originalSourcePort) continue
      index.readSource(2 * e, this.#source)
      if (!sameWords(this.#source, originalSource) || expiresUs[e] <= nowUs) continue
      index.readDestination(2 * e + 1, this.address)
      this.port = index.ports(2 * e + 1) & 0xffff
      if (allowsSource(packet, this.address, this.port)) return true
    }
    return false
  }

  #bucketOf(entry: number): number {
    this.#index.readSource(2 * entry, this.#source)
    return this.#index.bucket(this.#index.protocols[entry], this.#source, NOWHERE, this.#index.ports(2 * entry) >>> 16)
  }
}

const NOWHERE = new Uint32Array(4)
