/** Encodes a match that has no opcode of its own (rare-match.ts): its data goes to the Program's list, its place there into the code. */
import { type IpAddress, writeIpWords } from '../net/ip.ts'
import type { Match, Side } from '../ruleset/ruleset.ts'
import { addressTypeBits } from './address-type.ts'
import type { Encoder } from './encoder.ts'
import { ipSetTables } from './ipset/ip-set-table.ts'
import { limitCost } from './memory/limit-cost.ts'
import { RECENT_OPERATION } from './memory/recent-lists.ts'
import { recentStamps } from './memory/recent-stamps.ts'
import { OP } from './opcode.ts'
import { type RareMatch, SIDE } from './rare-match.ts'
import { push } from './word-list.ts'

export function encodeRare(encoder: Encoder, match: Match): void {
  for (const rare of rareMatches(encoder, match)) {
    const index = encoder.freeRare.pop() ?? encoder.rare.length
    encoder.rare[index] = rare
    push(encoder.code, OP.RARE)
    push(encoder.code, index)
  }
}

/** One for each thing the match asks. */
function rareMatches(encoder: Encoder, match: Match): RareMatch[] {
  switch (match.kind) {
    case 'maskedAddress': {
      const mask = ipWords(match.mask)
      const value = ipWords(match.value).map((word, i) => word & mask[i])
      return [{ kind: 'maskedAddress', side: SIDE[match.side], mask, value, wanted: !match.negated }]
    }
    case 'fragment':
      return [{ kind: 'constant', holds: match.negated }]
    case 'ports': {
      const { mask, set, negated } = match.flags!
      return [{ kind: 'tcpFlags', mask, set, wanted: !negated }]
    }
    case 'multiport': {
      const spans = Uint16Array.from(match.ports.flatMap(p => [p.from, p.to]))
      return [{ kind: 'multiport', side: SIDE[match.side], spans, wanted: !match.negated }]
    }
    case 'icmp':
      return [{ kind: 'icmp', type: match.type ?? -1, code: match.code ?? -1, wanted: !match.negated }]
    case 'iprange':
      return SIDES.flatMap(side => {
        const range = match[side]
        if (range === undefined) return []
        const [from, to] = [ipWords(range.from), ipWords(range.to)]
        return [{ kind: 'addressRange', side: SIDE[side], from, to, wanted: !range.negated } as const]
      })
    case 'addrtype':
      return SIDES.flatMap(side => {
        const types = match[side]
        if (types === undefined) return []
        const bits = addressTypeBits(types.types)
        return [{ kind: 'addressType', side: SIDE[side], bits, wanted: !types.negated } as const]
      })
    case 'connmark':
      return [{ kind: 'connmark', mask: match.mask >>> 0, value: match.value >>> 0, wanted: !match.negated }]
    case 'nth':
      encoder.nthStarts.push(match.every - 1 - match.packet)
      return [{ kind: 'nth', counter: encoder.nthStarts.length - 1, every: match.every, wanted: !match.negated }]
    case 'recent': {
      const { operation, seconds = 0, hitcount = 0, reap = false } = match
      return [
        {
          kind: 'recent',
          list: recentList(encoder, match.name, recentStamps(hitcount)),
          question: { operation: RECENT_OPERATION[operation], seconds, hitcount, reap },
          side: SIDE[match.side],
          mask: match.mask === undefined ? ALL_ONES[encoder.family] : ipWords(match.mask),
          wanted: !match.negated,
        },
      ]
    }
    case 'limit': {
      const { costUs, capUs } = limitCost(match)
      encoder.limitCredits.push(capUs)
      return [{ kind: 'limit', bucket: encoder.limitCredits.length - 1, costUs, capUs }]
    }
    case 'set': {
      const { directions, returnNomatch = false } = match
      const asked = { directions: Uint8Array.from(directions, d => (d === 'src' ? 1 : 0)), returnNomatch }
      return [{ kind: 'set', asked, tables: ipSetTables(match.set!), wanted: !match.negated }]
    }
    case 'mac':
      return [{ kind: 'mac', wanted: !match.negated }]
    case 'physdev':
      return [{ kind: 'constant', holds: match.options.every(o => o.negated) }]
    default:
      throw new Error(`match ${match.kind} is refused before it is encoded`)
  }
}

const SIDES: readonly Side[] = ['source', 'destination']

const ALL_ONES = { 4: Uint32Array.of(0, 0, 0, 0xffff_ffff), 6: new Uint32Array(4).fill(0xffff_ffff) } as const

function ipWords(address: IpAddress): Uint32Array {
  const words = new Uint32Array(4)
  writeIpWords(address.value, words, 0)
  return words
}

function recentList(encoder: Encoder, name: string, stamps: number): number {
  const { recentLists } = encoder
  const known = recentLists.get(name)
  if (known === undefined) {
    recentLists.set(name, { index: recentLists.size, stamps })
    return recentLists.size - 1
  }
  known.stamps = Math.max(known.stamps, stamps)
  return known.index
}
