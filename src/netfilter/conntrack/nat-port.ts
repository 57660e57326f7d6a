/**
 * The ports of a translated connection: kept where they may be and are free, else one of a range. A source port is looked for from a random
 * place on, a destination port from the range's beginning unless the rule asks for a random one.
 *
 * Models get_unique_tuple and nf_nat_l4proto_unique_tuple of Linux 6.18. Deviates: no closing connection makes room.
 */
import type { Packet } from '../../net/packet.ts'
import { sameWords } from '../../net/same-words.ts'
import { draw32, type StreamSeed } from '../../sim/random.ts'
import { isInRange } from '../nat-range.ts'

export interface PortUse {
  /** Whether answers to this port would be taken for another connection's. */
  isUsed(port: number): boolean
}

/** undefined: it is not known. */
export type KnownPort = (packet: Packet) => number | undefined

/** Draws of ports count from here, so that they are none of the rules'. */
const FIRST_PORT_DRAW = 0x8000_0000

const MOST_ATTEMPTS = 128

/** Of the packet's source and natFrom … natRandom; -1 when none was found free. */
export function choosePort(use: PortUse, packet: Packet, seed: StreamSeed): number {
  const { sourcePort, natFrom, natTo, natRandom } = packet
  const named = natTo > 0
  if (!natRandom && (!named || (sourcePort >= natFrom && sourcePort <= natTo)) && !use.isUsed(sourcePort))
    return sourcePort
  // Without a range of its own, a port stays in the class that privileges are given by.
  const first = named ? natFrom : sourcePort < 512 ? 1 : sourcePort < 1024 ? 600 : 1024
  const last = named ? natTo : sourcePort < 512 ? 511 : sourcePort < 1024 ? 1023 : 65_535
  const port = searchPort(use, packet, seed, first, last - first + 1, -1)
  return port < 0 ? -1 : port
}

/**
 * Of the packet's destination and natFrom … natRandom. Where all are used it is the last that was tried, as in the kernel: then the source
 * port may make the difference. `knownPort` tells where a random search is known to have ended.
 */
export function chooseDestinationPort(use: PortUse, packet: Packet, seed: StreamSeed, knownPort?: KnownPort): number {
  const { destinationPort, natFrom, natTo, natRandom } = packet
  if (natTo === 0) return destinationPort
  const isIn = destinationPort >= natFrom && destinationPort <= natTo
  if (!natRandom && isIn && (natFrom === natTo || !use.isUsed(destinationPort))) return destinationPort
  const known = natRandom && natFrom < natTo ? knownPort?.(packet) : undefined
  if (known !== undefined) return known
  const port = searchPort(use, packet, seed, natFrom, natTo - natFrom + 1, natRandom ? -1 : 0)
  return port < 0 ? ~port : port
}

/** Whether the packet's rules let it leave with this source. */
export function allowsSource(packet: Packet, address: Uint32Array, port: number): boolean {
  const { source, natRange, natFrom, natTo } = packet
  if (natTo > 0 && (port < natFrom || port > natTo)) return false
  return natRange === undefined ? sameWords(address, source) : isInRange(address, natRange)
}

/** The first free port from `offset` on (-1: from a random place); the complement of the last that was tried when none is found. */
function searchPort(
  use: PortUse,
  packet: Packet,
  seed: StreamSeed,
  first: number,
  size: number,
  offset: number,
): number {
  let draw = FIRST_PORT_DRAW
  const random = (): number => draw32(seed.low, seed.high, packet.flowLow, packet.flowHigh, draw++) & 0xffff
  let start = offset < 0 ? random() : offset
  for (let attempts = Math.min(size, MOST_ATTEMPTS); ; attempts >>= 1) {
    for (let i = 0; i < attempts; i++) {
      const port = first + ((start + i) % size)
      if (!use.isUsed(port)) return port
    }
    if (attempts >= size || attempts < 16) return ~(first + ((start + attempts - 1) % size))
    start = random()
  }
}
