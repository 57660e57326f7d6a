/** Encodes a rule's matches in their order; comments, nfacct and prefixes of length 0 demand nothing and take no code. */
import type { IpPrefix } from '../net/ip.ts'
import { familyBits, writeIpWords } from '../net/ip.ts'
import { CT } from '../net/packet.ts'
import { protocolNumber } from '../ruleset/protocol-number.ts'
import type { AddressTypes, Match, PortRange } from '../ruleset/ruleset.ts'
import { encodeRare } from './encode-rare.ts'
import type { Encoder } from './encoder.ts'
import { interfacePattern } from './encoder.ts'
import { OP } from './opcode.ts'
import { push } from './word-list.ts'

/** Whether the match takes code. */
export const demandsSomething = (match: Match): boolean => {
  switch (match.kind) {
    case 'comment':
    case 'nfacct':
      return false
    case 'source':
    case 'destination':
      return match.prefix.length > 0 || match.negated
    case 'ports':
      return match.source !== undefined || match.destination !== undefined || match.flags !== undefined
    default:
      return true
  }
}

export function encodeMatch(encoder: Encoder, match: Match): void {
  const { code } = encoder
  switch (match.kind) {
    case 'source':
      if (encoder.family === 4) encodePrefix4(encoder, match.negated ? OP.NOT_SOURCE4 : OP.SOURCE4, match.prefix)
      else encodePrefix6(encoder, OP.SOURCE6, match.prefix, match.negated)
      return
    case 'destination':
      if (encoder.family === 4)
        encodePrefix4(encoder, match.negated ? OP.NOT_DESTINATION4 : OP.DESTINATION4, match.prefix)
      else encodePrefix6(encoder, OP.DESTINATION6, match.prefix, match.negated)
      return
    case 'inInterface':
    case 'outInterface':
      push(code, match.kind === 'inInterface' ? OP.IN_INTERFACE : OP.OUT_INTERFACE)
      push(code, interfacePattern(encoder, match.name))
      push(code, wanted(match))
      return
    case 'protocol':
      push(code, match.negated ? OP.NOT_PROTOCOL : OP.PROTOCOL)
      push(code, protocolNumber(match.protocol))
      return
    case 'ports':
      encodePorts(encoder, OP.SOURCE_PORTS, match.source)
      encodePorts(encoder, OP.DESTINATION_PORTS, match.destination)
      if (match.flags !== undefined) encodeRare(encoder, match)
      return
    case 'addrtype':
      if (!isLocalOnly(match.source) || !isLocalOnly(match.destination)) {
        encodeRare(encoder, match)
        return
      }
      encodeLocal(encoder, OP.SOURCE_LOCAL, match.source)
      encodeLocal(encoder, OP.DESTINATION_LOCAL, match.destination)
      return
    case 'conntrack':
      push(code, OP.CONNTRACK)
      push(
        code,
        match.states.reduce((bits, s) => bits | CT[s], 0),
      )
      push(code, wanted(match))
      return
    case 'mark':
      push(code, OP.MARK)
      push(code, match.mask)
      push(code, match.value)
      push(code, wanted(match))
      return
    case 'statistic':
      push(code, match.negated ? OP.NOT_CHANCE : OP.CHANCE)
      push(code, match.threshold)
      return
    case 'comment':
    case 'nfacct':
      return
    default:
      encodeRare(encoder, match)
  }
}

const wanted = (match: { readonly negated: boolean }): number => (match.negated ? 0 : 1)

function encodePrefix4(encoder: Encoder, op: number, prefix: IpPrefix): void {
  const mask = prefix.length === 0 ? 0 : -1 << (32 - prefix.length)
  push(encoder.code, op)
  push(encoder.code, mask)
  push(encoder.code, Number(prefix.value) & mask)
}

function encodePrefix6(encoder: Encoder, op: number, prefix: IpPrefix, negated: boolean): void {
  const hostBits = BigInt(familyBits(6) - prefix.length)
  const mask = ((1n << BigInt(prefix.length)) - 1n) << hostBits
  push(encoder.code, op)
  push(encoder.code, negated ? 0 : 1)
  writeIpWords(mask, scratch, 0)
  writeIpWords(prefix.value & mask, scratch, 4)
  for (const word of scratch) push(encoder.code, word)
}

const scratch = new Uint32Array(8)

const isLocalOnly = (side: AddressTypes | undefined): boolean =>
  side === undefined || (side.types.length === 1 && side.types[0] === 'LOCAL')

function encodeLocal(encoder: Encoder, op: number, types: AddressTypes | undefined): void {
  if (types === undefined) return
  push(encoder.code, op)
  push(encoder.code, wanted(types))
}

function encodePorts(encoder: Encoder, op: number, range: PortRange | undefined): void {
  if (range === undefined) return
  push(encoder.code, op)
  push(encoder.code, range.from)
  push(encoder.code, range.to)
  push(encoder.code, wanted(range))
}
