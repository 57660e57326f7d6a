/**
 * The connection tracking table of one node and IP family: an entry per connection, found by the tuple (protocol, addresses, ports) of
 * either direction. Typed arrays; nothing is allocated per packet except when the table grows (doubling, up to `max`).
 *
 * Models nf_conntrack_core.c and nf_nat_core.c of Linux 6.18: entries are confirmed at the end of the first packet's way, nat is asked
 * once an entry, unreplied UDP stays NEW, a full table makes room among the unassured entries near the new one's bucket or else drops the
 * packet (early_drop). Deviates: expired entries go when they are met or room is needed, and buckets are this hash's, not the kernel's secret ones.
 */
import { type IpFamily, readIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { CT } from '../../net/packet.ts'
import { sameWords } from '../../net/same-words.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import { writeRangeAddress } from '../nat-range.ts'
import { advance, INVALID_PACKET, MEMORY, PROTOCOL_STATE, REOPENS, remembered, timeoutUs } from './connection-memory.ts'
import type { ConntrackEntry, ConntrackTuple, RememberedEntry } from './conntrack-entry.ts'
import { grownArray } from './grown-array.ts'
import { allowsSource, chooseDestinationPort, choosePort, type PortUse } from './nat-port.ts'
import { SourceIndex } from './source-index.ts'
import { UDP_STREAM_AGE_US } from './timeouts.ts'
import type { Tracker } from './tracker.ts'
import { TupleIndex } from './tuple-index.ts'

export interface ConntrackOptions {
  /** nf_conntrack_max. */
  readonly max?: number
  /** nf_conntrack_tcp_loose: a connection may be picked up in its middle. */
  readonly tcpLoose?: boolean
}

/** Linux's nf_conntrack_max on a machine of 4 GiB and more. */
export const CONNTRACK_MAX = 262_144

const CONFIRMED = 1
const SOURCE_TRANSLATED = 2
const DESTINATION_TRANSLATED = 4
const DYING = 8
/** It stands in the index of sources. */
const SOURCE_KNOWN = 16

/** Buckets that early_drop looks at: NF_CT_EVICTION_RANGE. */
const EVICTION_RANGE = 8

export class Conntrack implements Tracker, PortUse {
  /** The caller's clock. */
  nowUs: TimeUs = 0
  /** Entries confirmed and not known to be expired. */
  count = 0
  /** Packets dropped because the table was full; entries given up for new ones. */
  fullDrops = 0
  earlyDrops = 0
  /** Entry and direction of the packet under way; -1 when it belongs to none. */
  entry = -1
  direction = 0
  consultsNat = false

  get hasEntry(): boolean {
    return this.entry >= 0
  }

  get mark(): number {
    return this.#marks[this.entry]
  }

  set mark(mark: number) {
    this.#marks[this.entry] = mark
  }

  readonly #seed: StreamSeed
  readonly #max: number
  readonly #loose: boolean
  readonly #index: TupleIndex
  readonly #sources: SourceIndex
  #capacity = 64
  #memory: Int32Array
  #marks: Uint32Array
  #status: Uint8Array
  #expiresUs: Float64Array
  #startUs: Float64Array
  #free: Int32Array
  #freeCount = 0
  #earliestUs = Number.POSITIVE_INFINITY

  constructor(family: IpFamily, seed: StreamSeed, { max = CONNTRACK_MAX, tcpLoose = true }: ConntrackOptions = {}) {
    this.#seed = seed
    this.#max = max
    this.#loose = tcpLoose
    this.#index = new TupleIndex(family, 2 ** Math.max(4, 32 - Math.clz32(max - 1)), this.#capacity)
    this.#sources = new SourceIndex(this.#index, this.#capacity)
    this.#memory = new Int32Array(this.#capacity)
    this.#marks = new Uint32Array(this.#capacity)
    this.#status = new Uint8Array(this.#capacity)
    this.#expiresUs = new Float64Array(this.#capacity)
    this.#startUs = new Float64Array(this.#capacity)
    this.#free = new Int32Array(this.#capacity)
    for (let e = this.#capacity - 1; e >= 0; e--) this.#free[this.#freeCount++] = e
  }

  begin(): void {
    this.entry = -1
    this.#last = -1
    this.consultsNat = false
  }

  resume(): void {
    this.entry = this.#last
    this.consultsNat = false
  }

  /** The entry of the packet before, which is there until the next one begins, remembered or not. */
  #last = -1

  track(packet: Packet): boolean {
    if (packet.quoted !== undefined) return this.#trackError(packet)
    const handle = this.#find(
      packet.protocol,
      packet.originalSource,
      packet.originalDestination,
      joinPorts(packet.originalSourcePort, packet.originalDestinationPort),
    )
    return handle < 0 ? this.#begin(packet) : this.#goOn(packet, handle)
  }

  bindDestination(packet: Packet): void {
    const { entry } = this
    this.#packet = packet
    this.#asked = 'destination'
    packet.destinationPort = chooseDestinationPort(this, packet, this.#seed)
    packet.natTo = 0
    packet.natFrom = 0
    packet.natRandom = false
    if (
      packet.destinationPort !== packet.originalDestinationPort ||
      !sameWords(packet.destination, packet.originalDestination)
    )
      packet.ctState |= CT.DNAT
    if ((packet.ctState & CT.DNAT) !== 0) this.#status[entry] |= DESTINATION_TRANSLATED
    this.#index.write(
      2 * entry + 1,
      packet.destination,
      packet.source,
      joinPorts(packet.destinationPort, packet.sourcePort),
    )
  }

  bindSource(packet: Packet): boolean {
    const { entry } = this
    this.#packet = packet
    this.#asked = 'source'
    if (!this.#keepsSource(packet)) {
      const { natRange, originalSource, destination, source } = packet
      if (natRange !== undefined) writeRangeAddress(natRange, packet.family, originalSource, destination, source)
      packet.sourcePort = choosePort(this, packet, this.#seed)
      if (packet.sourcePort < 0) return false
    }
    const { sourcePort: port } = packet
    const changed = port !== packet.originalSourcePort || !sameWords(packet.source, packet.originalSource)
    packet.ctState = changed ? packet.ctState | CT.SNAT : packet.ctState & ~CT.SNAT
    if (changed) {
      this.#status[entry] |= SOURCE_TRANSLATED | SOURCE_KNOWN
      this.#sources.insert(entry)
    }
    this.#index.write(2 * entry + 1, packet.destination, packet.source, joinPorts(packet.destinationPort, port))
    return true
  }

  confirm(): void {
    const { entry } = this
    if (entry < 0 || (this.#status[entry] & (CONFIRMED | DYING)) !== 0) return
    this.#status[entry] |= CONFIRMED
    this.#index.insert(2 * entry)
    this.#index.insert(2 * entry + 1)
    this.count++
    if (this.#expiresUs[entry] < this.#earliestUs) this.#earliestUs = this.#expiresUs[entry]
  }

  release(): void {
    const { entry } = this
    if (entry < 0 || (this.#status[entry] & (CONFIRMED | DYING)) !== 0) return
    this.#forgetSource(entry)
    this.#free[this.#freeCount++] = entry
    this.entry = -1
  }

  /** Deletes entries, as `conntrack -D` does; answers how many. */
  forgetWhere(isToGo: (entry: ConntrackEntry) => boolean): number {
    let gone = 0
    for (let e = 0; e < this.#capacity; e++) {
      if ((this.#status[e] & CONFIRMED) === 0 || !isToGo(this.#entryOf(e))) continue
      this.#forget(e)
      gone++
    }
    return gone
  }

  /** What is remembered now. */
  entries(): RememberedEntry[] {
    const entries: RememberedEntry[] = []
    for (let e = 0; e < this.#capacity; e++)
      if ((this.#status[e] & CONFIRMED) !== 0 && this.#expiresUs[e] > this.nowUs) entries.push(this.#entryOf(e))
    return entries
  }

  #entryOf(entry: number): RememberedEntry {
    const memory = this.#memory[entry]
    return {
      protocol: this.#index.protocols[entry],
      original: this.#tupleOf(2 * entry),
      reply: this.#tupleOf(2 * entry + 1),
      assured: (memory & MEMORY.assured) !== 0,
      seenReply: (memory & MEMORY.seenReply) !== 0,
      state: memory & PROTOCOL_STATE,
      expiresUs: this.#expiresUs[entry],
    }
  }

  #tupleOf(handle: number): ConntrackTuple {
    const family = this.#index.addressWords === 1 ? 4 : 6
    const source = new Uint32Array(4)
    const destination = new Uint32Array(4)
    this.#index.readSource(handle, source)
    this.#index.readDestination(handle, destination)
    const ports = this.#index.ports(handle)
    return {
      source: { family, value: readIpWords(source, 0) },
      sourcePort: ports >>> 16,
      destination: { family, value: readIpWords(destination, 0) },
      destinationPort: ports & 0xffff,
    }
  }

  #packet!: Packet
  #asked: 'source' | 'destination' = 'source'

  isUsed(port: number): boolean {
    const { protocol, destination, source, destinationPort, sourcePort } = this.#packet
    const ports = this.#asked === 'source' ? joinPorts(destinationPort, port) : joinPorts(port, sourcePort)
    return this.#find(protocol, destination, source, ports) >= 0
  }

  /** The source stays as it was where it may, else becomes what it became for an earlier connection, if answers find back. */
  #keepsSource(packet: Packet): boolean {
    const { originalSource, originalSourcePort, source, natRange, natRandom } = packet
    if (natRandom) return false
    if (allowsSource(packet, originalSource, originalSourcePort)) return !this.isUsed(originalSourcePort)
    if (!this.#sources.earlier(packet, this.#expiresUs, this.nowUs)) return false
    const { address, port } = this.#sources
    if (natRange !== undefined) source.set(address)
    if (this.isUsed(port)) return false
    packet.sourcePort = port
    return true
  }

  #forgetSource(entry: number): void {
    if ((this.#status[entry] & SOURCE_KNOWN) === 0) return
    this.#status[entry] &= ~SOURCE_KNOWN
    this.#sources.remove(entry)
  }

  /** The handle of a tuple that is still remembered, or -1. */
  #find(protocol: number, source: Uint32Array, destination: Uint32Array, ports: number): number {
    const handle = this.#index.find(protocol, source, destination, ports)
    if (handle < 0 || this.#expiresUs[handle >> 1] > this.nowUs) return handle
    this.#forget(handle >> 1)
    return -1
  }

  #begin(packet: Packet): boolean {
    const memory = advance(0, 0, packet, false, this.#loose)
    if (memory < 0) {
      packet.ctState = CT.INVALID
      return true
    }
    const ports = joinPorts(packet.originalSourcePort, packet.originalDestinationPort)
    if (this.count >= this.#max && !this.#makeRoom(packet, ports)) {
      this.fullDrops++
      return false
    }
    if (this.#freeCount === 0) this.#grow()
    const entry = this.#free[--this.#freeCount]
    this.#index.protocols[entry] = packet.protocol
    this.#index.write(2 * entry, packet.originalSource, packet.originalDestination, ports)
    this.#memory[entry] = remembered(memory, 0)
    this.#status[entry] = 0
    this.#marks[entry] = 0
    this.#startUs[entry] = this.nowUs
    this.#expiresUs[entry] = this.nowUs + timeoutUs(0, memory, packet, false)
    this.entry = entry
    this.#last = entry
    this.direction = 0
    this.consultsNat = true
    packet.ctState = CT.NEW
    return true
  }

  #goOn(packet: Packet, handle: number): boolean {
    const entry = handle >> 1
    const direction = handle & 1
    const before = this.#memory[entry]
    const aged = this.nowUs - this.#startUs[entry] > UDP_STREAM_AGE_US
    const after = advance(before, direction, packet, aged, this.#loose)
    if (after === INVALID_PACKET) {
      packet.ctState = CT.INVALID
      return true
    }
    if (after === REOPENS) {
      this.#forget(entry)
      return this.#begin(packet)
    }
    this.entry = entry
    this.#last = entry
    this.direction = direction
    this.#memory[entry] = remembered(after, direction)
    packet.ctState =
      (direction === 1 || (before & MEMORY.seenReply) !== 0 ? CT.ESTABLISHED : CT.NEW) | this.#translations(entry)
    this.#translate(packet, entry, direction)
    const timeout = timeoutUs(before, after, packet, aged)
    if (timeout < 0) {
      // The packet goes on with its connection, which is remembered no more.
      this.#forget(entry)
      this.#status[entry] |= DYING
      return true
    }
    if (timeout > 0) this.#expiresUs[entry] = this.nowUs + timeout
    if (this.#expiresUs[entry] < this.#earliestUs) this.#earliestUs = this.#expiresUs[entry]
    return true
  }

  /** An ICMP error belongs to the connection whose packet it quotes. */
  #trackError(packet: Packet): boolean {
    const { protocol, source, destination, sourcePort, destinationPort } = packet.quoted!
    const handle = this.#find(protocol, destination, source, joinPorts(destinationPort, sourcePort))
    if (handle < 0) {
      packet.ctState = CT.INVALID
      return true
    }
    this.entry = handle >> 1
    this.#last = this.entry
    this.direction = handle & 1
    const translations = this.#translations(this.entry)
    packet.ctState = CT.RELATED | translations
    const [changesDestination, changesSource] = this.direction === 0 ? [CT.DNAT, CT.SNAT] : [CT.SNAT, CT.DNAT]
    if ((translations & changesDestination) !== 0) this.#index.readSource(handle ^ 1, packet.destination)
    if ((translations & changesSource) !== 0) this.#index.readDestination(handle ^ 1, packet.source)
    return true
  }

  #translations(entry: number): number {
    const status = this.#status[entry]
    return ((status & SOURCE_TRANSLATED) !== 0 ? CT.SNAT : 0) | ((status & DESTINATION_TRANSLATED) !== 0 ? CT.DNAT : 0)
  }

  /** A packet of one direction leaves as an answer to the other direction's tuple. */
  #translate(packet: Packet, entry: number, direction: number): void {
    const other = 2 * entry + (direction ^ 1)
    this.#index.readDestination(other, packet.source)
    this.#index.readSource(other, packet.destination)
    const ports = this.#index.ports(other)
    packet.sourcePort = ports & 0xffff
    packet.destinationPort = ports >>> 16
  }

  #makeRoom(packet: Packet, ports: number): boolean {
    this.#forgetExpired()
    if (this.count < this.#max) return true
    const start = this.#index.bucket(packet.protocol, packet.originalSource, packet.originalDestination, ports)
    for (let i = 0; i < EVICTION_RANGE; i++) {
      let dropped = 0
      for (let handle = this.#index.first((start + i) & (this.#index.bucketCount - 1)); handle >= 0; ) {
        const entry = handle >> 1
        handle = this.#index.after(handle)
        if ((this.#memory[entry] & MEMORY.assured) !== 0) continue
        // The next handle of the bucket may be the same entry's.
        if (handle >> 1 === entry) handle = this.#index.after(handle)
        this.#forget(entry)
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
      if ((this.#status[e] & CONFIRMED) === 0) continue
      if (this.#expiresUs[e] <= this.nowUs) this.#forget(e)
      else if (this.#expiresUs[e] < earliest) earliest = this.#expiresUs[e]
    }
    this.#earliestUs = earliest
  }

  #forget(entry: number): void {
    this.#index.remove(2 * entry)
    this.#index.remove(2 * entry + 1)
    this.#forgetSource(entry)
    this.#status[entry] &= ~CONFIRMED
    this.#free[this.#freeCount++] = entry
    this.count--
  }

  #grow(): void {
    const old = this.#capacity
    this.#capacity = 2 * old
    this.#index.grow(this.#capacity)
    this.#sources.grow(this.#capacity)
    this.#memory = grownArray(this.#memory, new Int32Array(this.#capacity))
    this.#marks = grownArray(this.#marks, new Uint32Array(this.#capacity))
    this.#status = grownArray(this.#status, new Uint8Array(this.#capacity))
    this.#expiresUs = grownArray(this.#expiresUs, new Float64Array(this.#capacity))
    this.#startUs = grownArray(this.#startUs, new Float64Array(this.#capacity))
    this.#free = new Int32Array(this.#capacity)
    for (let e = this.#capacity - 1; e >= old; e--) this.#free[this.#freeCount++] = e
  }
}

const joinPorts = (source: number, destination: number): number => ((source << 16) | destination) >>> 0
