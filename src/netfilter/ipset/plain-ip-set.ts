/**
 * Whether a packet is in a set, element by element: the slow twin of ip-set-table.ts, for trace.
 *
 * Models ip_set_test and the kadt of each type: a set that has more parts than the match has directions, or another family, holds nothing;
 * of the networks that hold an address the longest decides, and with `nomatch` decides against it. An element in its last second is there.
 */
import { readIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { IP_SET_PARTS, type IpSet, type IpSetElement, type IpSetPart, pairValue } from '../../ruleset/ip-set.ts'
import type { Match } from '../../ruleset/ruleset.ts'
import type { TimeUs } from '../../sim/time.ts'

export function inIpSet(set: IpSet, match: Match & { kind: 'set' }, packet: Packet, nowUs: TimeUs): boolean {
  const lives = ({ timeoutS }: { readonly timeoutS?: number }): boolean =>
    timeoutS === undefined || nowUs <= timeoutS * 1_000_000
  switch (set.kind) {
    case 'unmodelled':
      throw new Error(`set type ${set.type} is refused before it is asked`)
    case 'list':
      return set.members.some(member => lives(member) && inIpSet(member.set, match, packet, nowUs))
    case 'filled': {
      const parts: readonly IpSetPart[] = IP_SET_PARTS[set.type]
      if (match.directions.length < parts.length || (set.family ?? packet.family) !== packet.family) return false
      const asked = parts.map((part, i) => partOf(part, packet, match.directions[i]))
      if (set.mask !== undefined && asked[0] !== undefined) asked[0] &= set.mask
      const bits = packet.family === 4 ? 32 : 128
      let longest: IpSetElement | undefined
      for (const element of set.elements) {
        const isIn = parts.every((part, i) => {
          const hostBits = part === 'net' ? BigInt(bits - element.length!) : 0n
          return asked[i] !== undefined && asked[i] >> hostBits === element.values[i] >> hostBits
        })
        if (isIn && lives(element) && (longest?.length ?? -1) < (element.length ?? 0)) longest = element
      }
      return longest !== undefined && (longest.nomatch === true) === (match.returnNomatch === true && isNet(parts))
    }
  }
}

const isNet = (parts: readonly IpSetPart[]): boolean => parts.includes('net')

/** TCP, UDP, SCTP, UDP-Lite. */
const PORTED: ReadonlySet<number> = new Set([6, 17, 132, 136])

/** undefined: the packet has none. */
function partOf(part: IpSetPart, packet: Packet, direction: 'src' | 'dst'): bigint | undefined {
  const isSource = direction === 'src'
  switch (part) {
    case 'address':
    case 'net':
      return readIpWords(isSource ? packet.source : packet.destination, 0)
    case 'port':
      return packet.protocol === 6 || packet.protocol === 17
        ? BigInt(isSource ? packet.sourcePort : packet.destinationPort)
        : undefined
    case 'pair': {
      const { protocol, icmpType, icmpCode } = packet
      if (protocol === 1 || protocol === 58) return pairValue(protocol, 256 * icmpType + icmpCode)
      if (!PORTED.has(protocol)) return pairValue(protocol, 0)
      return pairValue(protocol, isSource ? packet.sourcePort : packet.destinationPort)
    }
  }
}
