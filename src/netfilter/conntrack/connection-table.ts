/**
 * The entries of one node's connection tracking table: what is kept of each connection, found by the tuple (protocol, addresses, ports) of
 * either direction; which are free, and which go when room is needed. Typed arrays; nothing is allocated except when the table grows
 * (doubling, up to `max`). An entry is found once it is confirmed.
 *
 * Models the hash table of nf_conntrack_core.c of Linux 6.18: a full one makes room among the unassured entries near the new one's bucket,
 * or has none (early_drop). Deviates: expired entries go when they are met or room is needed, and buckets are this hash's, not the kernel's
 * secret ones.
 */
import { type IpFamily, readIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import type { TimeUs } from '../../sim/time.ts'
import { MEMORY, PROTOCOL_STATE } from './connection-memory.ts'
import type { ConntrackEntry, ConntrackTuple, RememberedEntry } from './conntrack-entry.ts'
import { grownArray } from './grown-array.ts'
import { SourceIndex } from './source-index.ts'
import { TupleIndex } from './tuple-index.ts'

/** Bits of an entry's status. */
export const STATUS = {
  confirmed: 1,
  sourceTranslated: 2,
  destinationTranslated: 4,
  /** Forgotten while its packet is under way. */
  dying: 8,
  /** It stands in the index of sources. */
  sourceKnown: 16,
} as const

/** Buckets that early_drop looks at: NF_CT_EVICTION_RANGE. */
const EVICTION_RANGE = 8

export class ConnectionTable {
  /** The caller's clock. */
  nowUs: TimeUs = 0
  /** Entries confirmed and not known to be expired. */
  count = 0
  /** Packets dropped because the table was full; entries given up for new ones. */
  fullDrops = 0
  earlyDrops = 0
  readonly index: TupleIndex
  /** Per entry (they are others when the table has grown): connection-memory.ts's word, mark, STATUS, when it expires, when it began. */
  memory: Int32Array
  marks: Uint32Array
  status: Uint8Array
  expiresUs: Float64Array
  startUs: Float64Array
  readonly #max: number
  readonly #sources: SourceIndex
  #capacity = 64
  #free: Int32Array
  #freeCount = 0
  #earliestUs = Number.POSITIVE_INFINITY

  constructor(family: IpFamily, max: number) {
    this.#max = max
    this.index = new TupleIndex(family, 2 ** Math.max(4, 32 - Math.clz32(max - 1)), this.#capacity)
    this.#sources = new SourceIndex(this.index, this.#capacity)
    this.memory = new Int32Array(this.#capacity)
    this.marks = new Uint32Array(this.#capacity)
    this.status = new Uint8Array(this.#capacity)
    this.expiresUs = new Float64Array(this.#capacity)
    this.startUs = new Float64Array(this.#capacity)
    this.#free = new Int32Array(this.#capacity)
    this.#addFree(0)
  }

  /** The handle of a tuple that is still remembered, or -1. */
  find(protocol: number, source: Uint32Array, destination: Uint32Array, ports: number): number {
    const handle = this.index.find(protocol, source, destination, ports)
    if (handle < 0 || this.expiresUs[handle >> 1] > this.nowUs) return handle
    this.forget(handle >> 1)
    return -1
  }

  /** An entry for the packet as it came, not yet confirmed; -1: there is no room. */
  add(packet: Packet, ports: number): number {
    if (this.count >= this.#max && !this.#makeRoom(packet, ports)) {
      this.fullDrops++
      return -1
    }
    if (this.#freeCount === 0) this.#grow()
    const entry = this.#free[--this.#freeCount]
    this.index.protocols[entry] = packet.protocol
    this.index.write(2 * entry, packet.originalSource, packet.originalDestination, ports)
    this.status[entry] = 0
    this.marks[entry] = 0
    this.startUs[entry] = this.nowUs
    return entry
  }

  expireIn(entry: number, timeoutUs: number): void {
    const atUs = this.nowUs + timeoutUs
    this.expiresUs[entry] = atUs
    if (atUs < this.#earliestUs) this.#earliestUs = atUs
  }

  /** Its source became another: later connections of the same source may become that too. */
  noteSource(entry: number): void {
    this.status[entry] |= STATUS.sourceTranslated | STATUS.sourceKnown
    this.#sources.insert(entry)
  }

  /** What the packet's source became for an earlier connection; undefined: there is none, or the packet may not become it. */
  earlierSource(packet: Packet): SourceIndex | undefined {
    return this.#sources.earlier(packet, this.expiresUs, this.nowUs) ? this.#sources : undefined
  }

  confirm(entry: number): void {
    if (this.#isSettled(entry)) return
    this.status[entry] |= STATUS.confirmed
    this.index.insert(2 * entry)
    this.index.insert(2 * entry + 1)
    this.count++
  }

  /** Gives an entry back that was not confirmed; false: it was. */
  release(entry: number): boolean {
    if (this.#isSettled(entry)) return false
    this.#putBack(entry)
    return true
  }

  forget(entry: number): void {
    this.index.remove(2 * entry)
    this.index.remove(2 * entry + 1)
    this.status[entry] &= ~STATUS.confirmed
    this.count--
    this.#putBack(entry)
  }

  /** Deletes entries, as `conntrack -D` does; answers how many. */
  forgetWhere(isToGo: (entry: ConntrackEntry) => boolean): number {
    let gone = 0
    for (let e = 0; e < this.#capacity; e++) {
      if ((this.status[e] & STATUS.confirmed) === 0 || !isToGo(this.#entryOf(e))) continue
      this.forget(e)
      gone++
    }
    return gone
  }

  /** What is remembered now. */
  entries(): RememberedEntry[] {
    const entries: RememberedEntry[] = []
    for (let e = 0; e < this.#capacity; e++)
      if ((this.status[e] & STATUS.confirmed) !== 0 && this.expiresUs[e] > this.nowUs) entries.push(this.#entryOf(e))
    return entries
  }

  #entryOf(entry: number): RememberedEntry {
    const memory = this.memory[entry]
    return {
      protocol: this.index.protocols[entry],
      original: this.#tupleOf(2 * entry),
      reply: this.#tupleOf(2 * entry + 1),
      assured: (memory & MEMORY.assured) !== 0,
      seenReply: (memory & MEMORY.seenReply) !== 0,
      state: memory & PROTOCOL_STATE,
      expiresUs: this.expiresUs[entry],
    }
  }

  #tupleOf(handle: number): ConntrackTuple {
    const family = this.index.addressWords === 1 ? 4 : 6
    const source = new Uint32Array(4)
    const destination = new Uint32Array(4)
    this.index.readSource(handle, source)
    this.index.readDestination(handle, destination)
    const ports = this.index.ports(handle)
    return {
      source: { family, value: readIpWords(source, 0) },
      sourcePort: ports >>> 16,
      destination: { family, value: readIpWords(destination, 0) },
      destinationPort: ports & 0xffff,
    }
  }

  #isSettled(entry: number): boolean {
    return (this.status[entry] & (STATUS.confirmed | STATUS.dying)) !== 0
  }

  #putBack(entry: number): void {
    if ((this.status[entry] & STATUS.sourceKnown) !== 0) {
      this.status[entry] &= ~STATUS.sourceKnown
      this.#sources.remove(entry)
    }
    this.#free[this.#freeCount++] = entry
  }

  #makeRoom(packet: Packet, ports: number): boolean {
    this.#forgetExpired()
    if (this.count < this.#max) return true
    const start = this.index.bucket(packet.protocol, packet.originalSource, packet.originalDestination, ports)
    for (let i = 0; i < EVICTION_RANGE; i++) {
      let dropped = 0
      for (let handle = this.index.first((start + i) & (this.index.bucketCount - 1)); handle >= 0; ) {
        const entry = handle >> 1
        handle = this.index.after(handle)
        if ((this.memory[entry] & MEMORY.assured) !== 0) continue
        // The next handle of the bucket may be the same entry's.
        if (handle >> 1 === entry) handle = this.index.after(handle)
        this.forget(entry)
        dropped++
      }
      this.earlyDrops += dropped
      if (dropped > 0) return true
    }
    return false
  }

  #forgetExpired(): void {
    if (this.nowUs < this.#earliestUs) return
    let earliest = Number.POSITIVE_INFINITY
    for (let e = 0; e < this.#capacity; e++) {
      if ((this.status[e] & STATUS.confirmed) === 0) continue
      if (this.expiresUs[e] <= this.nowUs) this.forget(e)
      else if (this.expiresUs[e] < earliest) earliest = this.expiresUs[e]
    }
    this.#earliestUs = earliest
  }

  #grow(): void {
    const old = this.#capacity
    this.#capacity = 2 * old
    this.index.grow(this.#capacity)
    this.#sources.grow(this.#capacity)
    this.memory = grownArray(this.memory, new Int32Array(this.#capacity))
    this.marks = grownArray(this.marks, new Uint32Array(this.#capacity))
    this.status = grownArray(this.status, new Uint8Array(this.#capacity))
    this.expiresUs = grownArray(this.expiresUs, new Float64Array(this.#capacity))
    this.startUs = grownArray(this.startUs, new Float64Array(this.#capacity))
    this.#free = new Int32Array(this.#capacity)
    this.#addFree(old)
  }

  /** Entries from `first` on, the lowest to be taken first. */
  #addFree(first: number): void {
    for (let e = this.#capacity - 1; e >= first; e--) this.#free[this.#freeCount++] = e
  }
}
