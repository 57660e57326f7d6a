/**
 * Connection tracking, plainly: the slow twin of Conntrack, a Map from the text of a tuple to its connection. For trace and for tests.
 * Never full: what goes when the table is full depends on buckets, which it does not have.
 */

import { readIpWords, writeIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { CT } from '../../net/packet.ts'
import type { StreamSeed } from '../../sim/random.ts'
import type { TimeUs } from '../../sim/time.ts'
import { writeRangeAddress } from '../nat-range.ts'
import { advance, INVALID_PACKET, MEMORY, REOPENS, remembered, timeoutUs } from './connection-memory.ts'
import { allowsSource, chooseDestinationPort, choosePort, type KnownPort } from './nat-port.ts'
import { UDP_STREAM_AGE_US } from './timeouts.ts'
import type { Tracker } from './tracker.ts'

interface Tuple {
  readonly protocol: number
  readonly source: bigint
  readonly sourcePort: number
  readonly destination: bigint
  readonly destinationPort: number
}

interface Connection {
  readonly original: Tuple
  reply: Tuple
  memory: number
  translations: number
  mark: number
  readonly startUs: TimeUs
  expiresUs: TimeUs
  confirmed: boolean
}

export class PlainConntrack implements Tracker {
  nowUs: TimeUs = 0
  consultsNat = false
  sourceIsOpen = false
  destinationIsOpen = false
  readonly #seed: StreamSeed
  readonly #loose: boolean
  readonly #knownPort: KnownPort | undefined
  readonly #connections = new Map<string, Connection>()
  #current: Connection | undefined
  /** Of the packet before. */
  #last: Connection | undefined

  constructor(seed: StreamSeed, loose = true, knownPort?: KnownPort) {
    this.#seed = seed
    this.#knownPort = knownPort
    this.#loose = loose
  }

  get count(): number {
    return new Set(this.#connections.values()).size
  }

  get hasEntry(): boolean {
    return this.#current !== undefined
  }

  get mark(): number {
    return this.#current!.mark
  }

  set mark(mark: number) {
    this.#current!.mark = mark
  }

  begin(): void {
    this.#current = undefined
    this.#last = undefined
    this.consultsNat = false
    this.sourceIsOpen = false
    this.destinationIsOpen = false
  }

  resume(): void {
    this.#current = this.#last
    this.consultsNat = false
  }

  track(packet: Packet): boolean {
    if (packet.quoted !== undefined) {
      const { protocol, source, destination, sourcePort, destinationPort } = packet.quoted
      const quoted = tuple(protocol, source, sourcePort, destination, destinationPort)
      const connection = this.#find(inverse(quoted))
      if (connection === undefined) {
        packet.ctState = CT.INVALID
        return true
      }
      this.#current = connection
      this.#last = connection
      const answers = same(connection.reply, inverse(quoted))
      packet.ctState = CT.RELATED | connection.translations
      const target = inverse(answers ? connection.original : connection.reply)
      const [changesDestination, changesSource] = answers ? [CT.SNAT, CT.DNAT] : [CT.DNAT, CT.SNAT]
      if ((connection.translations & changesDestination) !== 0) writeIpWords(target.destination, packet.destination, 0)
      if ((connection.translations & changesSource) !== 0) writeIpWords(target.source, packet.source, 0)
      return true
    }
    const seen = tuple(
      packet.protocol,
      packet.originalSource,
      packet.originalSourcePort,
      packet.originalDestination,
      packet.originalDestinationPort,
    )
    const connection = this.#find(seen)
    if (connection === undefined) return this.#begin(packet, seen)
    // A packet from an address and port to itself is an answer: of equal tuples the kernel finds the one it hashed last.
    const direction = same(connection.reply, seen) ? 1 : 0
    const before = connection.memory
    const aged = this.nowUs - connection.startUs > UDP_STREAM_AGE_US
    const after = advance(before, direction, packet, aged, this.#loose)
    if (after === INVALID_PACKET) {
      packet.ctState = CT.INVALID
      return true
    }
    if (after === REOPENS) {
      this.#forget(connection)
      return this.#begin(packet, seen)
    }
    this.#current = connection
    this.#last = connection
    connection.memory = remembered(after, direction)
    const answered = direction === 1 || (before & MEMORY.seenReply) !== 0
    packet.ctState = (answered ? CT.ESTABLISHED : CT.NEW) | connection.translations
    const leaves = inverse(direction === 0 ? connection.reply : connection.original)
    writeIpWords(leaves.source, packet.source, 0)
    writeIpWords(leaves.destination, packet.destination, 0)
    packet.sourcePort = leaves.sourcePort
    packet.destinationPort = leaves.destinationPort
    const timeout = timeoutUs(before, after, packet, aged)
    if (timeout > 0) connection.expiresUs = this.nowUs + timeout
    if (timeout < 0) this.#forget(connection)
    return true
  }

  bindDestination(packet: Packet): void {
    this.destinationIsOpen = false
    const isUsed = (destinationPort: number): boolean =>
      this.#find(inverse({ ...tupleNow(packet), destinationPort })) !== undefined
    packet.destinationPort = chooseDestinationPort({ isUsed }, packet, this.#seed, this.#knownPort)
    Object.assign(packet, { natFrom: 0, natTo: 0, natRandom: false })
    const { destination, destinationPort } = tupleNow(packet)
    const { original } = this.#current!
    if (destination !== original.destination || destinationPort !== original.destinationPort) packet.ctState |= CT.DNAT
    this.#current!.translations |= packet.ctState & CT.DNAT
    this.#current!.reply = inverse(tupleNow(packet))
  }

  bindSource(packet: Packet): boolean {
    this.sourceIsOpen = false
    const isUsed = (sourcePort: number): boolean =>
      this.#find(inverse({ ...tupleNow(packet), sourcePort })) !== undefined
    const kept = packet.natRandom ? undefined : this.#keptSource(packet, isUsed)
    const { natRange, originalSource, destination } = packet
    if (kept !== undefined) {
      writeIpWords(kept.address, packet.source, 0)
      packet.sourcePort = kept.port
    } else {
      if (natRange !== undefined) writeRangeAddress(natRange, packet.family, originalSource, destination, packet.source)
      const port = choosePort({ isUsed }, packet, this.#seed)
      if (port < 0) return false
      packet.sourcePort = port
    }
    const { sourcePort: port } = packet
    const { original } = this.#current!
    const changed = port !== original.sourcePort || readIpWords(packet.source, 0) !== original.source
    packet.ctState = (packet.ctState & ~CT.SNAT) | (changed ? CT.SNAT : 0)
    this.#current!.translations |= packet.ctState & CT.SNAT
    this.#current!.reply = inverse(tupleNow(packet))
    return true
  }

  /** The source as it was, where it may stay, else what it became for an earlier connection; undefined where answers would not find back. */
  #keptSource(
    packet: Packet,
    isUsed: (port: number) => boolean,
  ): { readonly address: bigint; readonly port: number } | undefined {
    const allows = (address: bigint, port: number): boolean => {
      const words = new Uint32Array(4)
      writeIpWords(address, words, 0)
      return allowsSource(packet, words, port)
    }
    const { original } = this.#current!
    const { source: address, sourcePort: port, protocol } = original
    if (allows(address, port)) return isUsed(port) ? undefined : { address, port }
    const earlier = [...this.#connections.values()].findLast(
      c =>
        c.expiresUs > this.nowUs &&
        c.original.protocol === protocol &&
        c.original.source === address &&
        c.original.sourcePort === port &&
        allows(c.reply.destination, c.reply.destinationPort),
    )
    if (earlier === undefined) return undefined
    const { destination, destinationPort } = earlier.reply
    writeIpWords(destination, packet.source, 0)
    return isUsed(destinationPort) ? undefined : { address: destination, port: destinationPort }
  }

  confirm(): void {
    const connection = this.#current
    if (connection === undefined || connection.confirmed) return
    connection.confirmed = true
    this.#connections.set(text(connection.original), connection)
    this.#connections.set(text(connection.reply), connection)
  }

  release(): void {}

  #begin(packet: Packet, original: Tuple): boolean {
    const memory = advance(0, 0, packet, false, this.#loose)
    if (memory === INVALID_PACKET) {
      packet.ctState = CT.INVALID
      return true
    }
    this.#current = {
      original,
      reply: inverse(original),
      memory: remembered(memory, 0),
      translations: 0,
      mark: 0,
      startUs: this.nowUs,
      expiresUs: this.nowUs + timeoutUs(0, memory, packet, false),
      confirmed: false,
    }
    this.#last = this.#current
    this.consultsNat = true
    this.sourceIsOpen = true
    this.destinationIsOpen = true
    packet.ctState = CT.NEW
    return true
  }

  #find(wanted: Tuple): Connection | undefined {
    const connection = this.#connections.get(text(wanted))
    if (connection === undefined || connection.expiresUs > this.nowUs) return connection
    this.#forget(connection)
    return undefined
  }

  #forget(connection: Connection): void {
    this.#connections.delete(text(connection.original))
    this.#connections.delete(text(connection.reply))
  }
}

const tuple = (
  protocol: number,
  source: Uint32Array,
  sourcePort: number,
  destination: Uint32Array,
  destinationPort: number,
): Tuple => ({
  protocol,
  source: readIpWords(source, 0),
  sourcePort,
  destination: readIpWords(destination, 0),
  destinationPort,
})

const tupleNow = (packet: Packet): Tuple =>
  tuple(packet.protocol, packet.source, packet.sourcePort, packet.destination, packet.destinationPort)

const inverse = (t: Tuple): Tuple => ({
  protocol: t.protocol,
  source: t.destination,
  sourcePort: t.destinationPort,
  destination: t.source,
  destinationPort: t.sourcePort,
})

const text = (t: Tuple): string => `${t.protocol} ${t.source} ${t.sourcePort} ${t.destination} ${t.destinationPort}`

const same = (a: Tuple, b: Tuple): boolean => text(a) === text(b)
