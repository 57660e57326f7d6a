/**
 * Connection tracking of one node and IP family: what the packet under way belongs to, and what nat makes of a connection's first packet.
 * The entries are connection-table.ts's; nothing is allocated per packet.
 *
 * Models nf_conntrack_core.c and nf_nat_core.c of Linux 6.18: entries are confirmed at the end of the first packet's way, nat is asked
 * once an entry, unreplied UDP stays NEW, a full table drops the packet that finds no room.
 */
import type { IpFamily } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { CT } from '../../net/packet.ts'
import { sameWords } from '../../net/same-words.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import { writeRangeAddress } from '../nat-range.ts'
import { advance, INVALID_PACKET, MEMORY, REOPENS, remembered, timeoutUs } from './connection-memory.ts'
import { ConnectionTable, STATUS } from './connection-table.ts'
import type { ConntrackEntry, RememberedEntry } from './conntrack-entry.ts'
import { allowsSource, chooseDestinationPort, choosePort, type PortUse } from './nat-port.ts'
import { UDP_STREAM_AGE_US } from './timeouts.ts'
import type { Tracker } from './tracker.ts'

export interface ConntrackOptions {
  /** nf_conntrack_max. */
  readonly max?: number
  /** nf_conntrack_tcp_loose: a connection may be picked up in its middle. */
  readonly tcpLoose?: boolean
}

/** Linux's nf_conntrack_max on a machine of 4 GiB and more. */
export const CONNTRACK_MAX = 262_144

export class Conntrack implements Tracker, PortUse {
  /** Entry and direction of the packet under way; -1 when it belongs to none. */
  entry = -1
  direction = 0
  consultsNat = false
  sourceIsOpen = false
  destinationIsOpen = false
  readonly #table: ConnectionTable
  readonly #seed: StreamSeed
  readonly #loose: boolean
  /** The entry of the packet before, which is there until the next one begins, remembered or not. */
  #last = -1
  /** Whose ports are being chosen. */
  #packet!: Packet
  #asked: 'source' | 'destination' = 'source'

  constructor(family: IpFamily, seed: StreamSeed, { max = CONNTRACK_MAX, tcpLoose = true }: ConntrackOptions = {}) {
    this.#table = new ConnectionTable(family, max)
    this.#seed = seed
    this.#loose = tcpLoose
  }

  /** The caller's clock. */
  get nowUs(): TimeUs {
    return this.#table.nowUs
  }

  set nowUs(nowUs: TimeUs) {
    this.#table.nowUs = nowUs
  }

  /** Entries confirmed and not known to be expired. */
  get count(): number {
    return this.#table.count
  }

  /** Packets dropped because the table was full; entries given up for new ones. */
  get fullDrops(): number {
    return this.#table.fullDrops
  }

  get earlyDrops(): number {
    return this.#table.earlyDrops
  }

  get hasEntry(): boolean {
    return this.entry >= 0
  }

  get mark(): number {
    return this.#table.marks[this.entry]
  }

  set mark(mark: number) {
    this.#table.marks[this.entry] = mark
  }

  begin(): void {
    this.entry = -1
    this.#last = -1
    this.consultsNat = false
    this.sourceIsOpen = false
    this.destinationIsOpen = false
  }

  resume(): void {
    this.entry = this.#last
    this.consultsNat = false
  }

  track(packet: Packet): boolean {
    if (packet.quoted !== undefined) return this.#trackError(packet)
    const handle = this.#table.find(
      packet.protocol,
      packet.originalSource,
      packet.originalDestination,
      joinPorts(packet.originalSourcePort, packet.originalDestinationPort),
    )
    return handle < 0 ? this.#begin(packet) : this.#goOn(packet, handle)
  }

  bindDestination(packet: Packet): void {
    this.destinationIsOpen = false
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
    if ((packet.ctState & CT.DNAT) !== 0) this.#table.status[this.entry] |= STATUS.destinationTranslated
    this.#writeReply(packet)
  }

  bindSource(packet: Packet): boolean {
    this.#packet = packet
    this.#asked = 'source'
    this.sourceIsOpen = false
    if (!this.#keepsSource(packet)) {
      const { natRange, originalSource, destination, source } = packet
      if (natRange !== undefined) writeRangeAddress(natRange, packet.family, originalSource, destination, source)
      packet.sourcePort = choosePort(this, packet, this.#seed)
      if (packet.sourcePort < 0) return false
    }
    const changed = packet.sourcePort !== packet.originalSourcePort || !sameWords(packet.source, packet.originalSource)
    packet.ctState = changed ? packet.ctState | CT.SNAT : packet.ctState & ~CT.SNAT
    if (changed) this.#table.noteSource(this.entry)
    this.#writeReply(packet)
    return true
  }

  confirm(): void {
    if (this.entry >= 0) this.#table.confirm(this.entry)
  }

  release(): void {
    if (this.entry >= 0 && this.#table.release(this.entry)) this.entry = -1
  }

  /** Deletes entries, as `conntrack -D` does; answers how many. */
  forgetWhere(isToGo: (entry: ConntrackEntry) => boolean): number {
    return this.#table.forgetWhere(isToGo)
  }

  /** What is remembered now. */
  entries(): RememberedEntry[] {
    return this.#table.entries()
  }

  isUsed(port: number): boolean {
    const { protocol, destination, source, destinationPort, sourcePort } = this.#packet
    const ports = this.#asked === 'source' ? joinPorts(destinationPort, port) : joinPorts(port, sourcePort)
    return this.#table.find(protocol, destination, source, ports) >= 0
  }

  /** Answers come back from where the packet goes now. */
  #writeReply(packet: Packet): void {
    const ports = joinPorts(packet.destinationPort, packet.sourcePort)
    this.#table.index.write(2 * this.entry + 1, packet.destination, packet.source, ports)
  }

  /** The source stays as it was where it may, else becomes what it became for an earlier connection, if answers find back. */
  #keepsSource(packet: Packet): boolean {
    const { originalSource, originalSourcePort, source, natRange, natRandom } = packet
    if (natRandom) return false
    if (allowsSource(packet, originalSource, originalSourcePort)) return !this.isUsed(originalSourcePort)
    const earlier = this.#table.earlierSource(packet)
    if (earlier === undefined) return false
    const { address, port } = earlier
    if (natRange !== undefined) source.set(address)
    if (this.isUsed(port)) return false
    packet.sourcePort = port
    return true
  }

  #begin(packet: Packet): boolean {
    const memory = advance(0, 0, packet, false, this.#loose)
    if (memory < 0) {
      packet.ctState = CT.INVALID
      return true
    }
    const table = this.#table
    const entry = table.add(packet, joinPorts(packet.originalSourcePort, packet.originalDestinationPort))
    if (entry < 0) return false
    table.memory[entry] = remembered(memory, 0)
    table.expireIn(entry, timeoutUs(0, memory, packet, false))
    this.#carry(entry, 0)
    this.consultsNat = true
    this.sourceIsOpen = true
    this.destinationIsOpen = true
    packet.ctState = CT.NEW
    return true
  }

  #goOn(packet: Packet, handle: number): boolean {
    const table = this.#table
    const entry = handle >> 1
    const direction = handle & 1
    const before = table.memory[entry]
    const aged = table.nowUs - table.startUs[entry] > UDP_STREAM_AGE_US
    const after = advance(before, direction, packet, aged, this.#loose)
    if (after === INVALID_PACKET) {
      packet.ctState = CT.INVALID
      return true
    }
    if (after === REOPENS) {
      table.forget(entry)
      return this.#begin(packet)
    }
    this.#carry(entry, direction)
    table.memory[entry] = remembered(after, direction)
    packet.ctState =
      (direction === 1 || (before & MEMORY.seenReply) !== 0 ? CT.ESTABLISHED : CT.NEW) | this.#translations(entry)
    this.#translate(packet, handle ^ 1)
    const timeout = timeoutUs(before, after, packet, aged)
    if (timeout > 0) table.expireIn(entry, timeout)
    else if (timeout < 0) {
      // The packet goes on with its connection, which is remembered no more.
      table.forget(entry)
      table.status[entry] |= STATUS.dying
    }
    return true
  }

  /** An ICMP error belongs to the connection whose packet it quotes. */
  #trackError(packet: Packet): boolean {
    const { index } = this.#table
    const { protocol, source, destination, sourcePort, destinationPort } = packet.quoted!
    const handle = this.#table.find(protocol, destination, source, joinPorts(destinationPort, sourcePort))
    if (handle < 0) {
      packet.ctState = CT.INVALID
      return true
    }
    this.#carry(handle >> 1, handle & 1)
    const translations = this.#translations(this.entry)
    packet.ctState = CT.RELATED | translations
    const [changesDestination, changesSource] = this.direction === 0 ? [CT.DNAT, CT.SNAT] : [CT.SNAT, CT.DNAT]
    if ((translations & changesDestination) !== 0) index.readSource(handle ^ 1, packet.destination)
    if ((translations & changesSource) !== 0) index.readDestination(handle ^ 1, packet.source)
    return true
  }

  /** The packet under way belongs to this entry. */
  #carry(entry: number, direction: number): void {
    this.entry = entry
    this.#last = entry
    this.direction = direction
  }

  #translations(entry: number): number {
    const status = this.#table.status[entry]
    return (
      ((status & STATUS.sourceTranslated) !== 0 ? CT.SNAT : 0) |
      ((status & STATUS.destinationTranslated) !== 0 ? CT.DNAT : 0)
    )
  }

  /** A packet of one direction leaves as an answer to the other direction's tuple. */
  #translate(packet: Packet, other: number): void {
    const { index } = this.#table
    index.readDestination(other, packet.source)
    index.readSource(other, packet.destination)
    const ports = index.ports(other)
    packet.sourcePort = ports & 0xffff
    packet.destinationPort = ports >>> 16
  }
}

const joinPorts = (source: number, destination: number): number => ((source << 16) | destination) >>> 0
