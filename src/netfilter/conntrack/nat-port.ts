/**
 * The source port of a translated connection: kept where it may be and is free, else one of a range from a random place on.
 *
 * Models get_unique_tuple and nf_nat_l4proto_unique_tuple of Linux 6.18. Deviates: a port that an earlier connection of the same client
 * got is not preferred, and no closing connection makes room.
 */
import type { Packet } from '../../net/packet.ts'
import { draw32, type StreamSeed } from '../../sim/random.ts'

export interface PortUse {
  /** Whether answers to this source port would be taken for another connection's. */
  isUsed(port: number): boolean
}

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
  const size = last - first + 1
  let draw = FIRST_PORT_DRAW
  for (let attempts = Math.min(size, MOST_ATTEMPTS); ; attempts >>= 1) {
    const offset = draw32(seed.low, seed.high, packet.flowLow, packet.flowHigh, draw++) & 0xffff
    for (let i = 0; i < attempts; i++) {
      const port = first + ((offset + i) % size)
      if (!use.isUsed(port)) return port
    }
    if (attempts >= size || attempts < 16) return -1
  }
}
