/**
 * Sets as evaluate asks them: a table of keys for each length of network, the longest first, as the kernel's hash types look (mtype_test_cidrs).
 * Equal to plain-ip-set.ts, which says what is modelled. Nothing is allocated per packet.
 */
import { familyBits, writeIpWords } from '../../net/ip.ts'
import type { Packet } from '../../net/packet.ts'
import { type FilledIpSet, IP_SET_PARTS, type IpSet, type IpSetElement, type IpSetPart } from '../../ruleset/ip-set.ts'
import type { TimeUs } from '../../sim/time.ts'
import { type KeyTable, newKeyTable, placeOfKey, putKey } from '../nft/key-table.ts'

export interface IpSetTable {
  /** 0: packets of either family. */
  readonly family: number
  readonly parts: readonly IpSetPart[]
  /** Of the first address. */
  readonly mask: Uint32Array
  readonly tiers: readonly Tier[]
  readonly hasNetworks: boolean
  /** When it leaves the list that it was asked for with; Infinity: never. */
  readonly untilUs: TimeUs
  readonly key: Int32Array
}

interface Tier {
  readonly networkMask: Uint32Array
  readonly table: KeyTable
  /** By the place of the key; absent: all stay. */
  readonly untilUs: Float64Array | undefined
}

export interface AskedOfSet {
  /** 1: the packet's source. */
  readonly directions: Uint8Array
  readonly returnNomatch: boolean
}

const IN = 1
const NOMATCH = 2

/** Of a list: one for each of its members. */
export function ipSetTables(set: IpSet): IpSetTable[] {
  switch (set.kind) {
    case 'unmodelled':
      throw new Error(`set type ${set.type} is refused before it is encoded`)
    case 'list':
      return set.members.flatMap(({ set: member, timeoutS }) =>
        ipSetTables(member).map(table => ({ ...table, untilUs: untilOf(timeoutS) })),
      )
    case 'filled':
      return [tableOf(set)]
  }
}

/** Whether any of the sets holds the packet; source … destinationPort are those the table of rules sees. */
export function holdsPacket(
  tables: readonly IpSetTable[],
  asked: AskedOfSet,
  packet: Packet,
  source: Uint32Array,
  destination: Uint32Array,
  sourcePort: number,
  destinationPort: number,
  nowUs: TimeUs,
): boolean {
  for (let t = 0; t < tables.length; t++) {
    const table = tables[t]
    if (nowUs > table.untilUs || asked.directions.length < table.parts.length) continue
    if (table.family !== 0 && table.family !== packet.family) continue
    if (isIn(table, asked, packet, source, destination, sourcePort, destinationPort, nowUs)) return true
  }
  return false
}

function isIn(
  { parts, mask, tiers, hasNetworks, key }: IpSetTable,
  { directions, returnNomatch }: AskedOfSet,
  packet: Packet,
  source: Uint32Array,
  destination: Uint32Array,
  sourcePort: number,
  destinationPort: number,
  nowUs: TimeUs,
): boolean {
  const { protocol } = packet
  const firstWord = packet.family === 4 ? 3 : 0
  for (let n = 0; n < tiers.length; n++) {
    const { networkMask, table, untilUs } = tiers[n]
    let at = 0
    for (let i = 0; i < parts.length; i++) {
      const isSource = directions[i] === 1
      const part = parts[i]
      if (part === 'address' || part === 'net') {
        const words = isSource ? source : destination
        const under = part === 'net' ? networkMask : i === 0 ? mask : WHOLE_MASK
        for (let w = firstWord; w < 4; w++) key[at++] = words[w] & under[w]
        continue
      }
      if (part === 'port' && protocol !== 6 && protocol !== 17) return false
      const port =
        protocol === 1 || protocol === 58
          ? (packet.icmpType << 8) | packet.icmpCode
          : protocol === 6 || protocol === 17 || protocol === 132 || protocol === 136
            ? isSource
              ? sourcePort
              : destinationPort
            : 0
      key[at++] = part === 'port' ? port : (protocol << 16) | port
    }
    const place = placeOfKey(table, key)
    const value = table.values[place]
    if (value === 0 || (untilUs !== undefined && nowUs > untilUs[place])) continue
    return (value === NOMATCH) === (returnNomatch && hasNetworks)
  }
  return false
}

const WHOLE_MASK = new Uint32Array(4).fill(0xffff_ffff)

function tableOf(set: FilledIpSet): IpSetTable {
  const parts: readonly IpSetPart[] = IP_SET_PARTS[set.type]
  const addressWords = set.family === 6 ? 4 : 1
  const keyWords = parts.reduce((sum, part) => sum + (part === 'address' || part === 'net' ? addressWords : 1), 0)
  const byLength = new Map<number, IpSetElement[]>()
  for (const element of set.elements) {
    const length = element.length ?? 0
    const tier = byLength.get(length)
    if (tier === undefined) byLength.set(length, [element])
    else tier.push(element)
  }
  const lengths = [...byLength.keys()].sort((a, b) => b - a)
  return {
    family: set.family ?? 0,
    parts,
    mask: set.mask === undefined ? WHOLE_MASK : ipWords(set.mask),
    tiers: lengths.map(length => tierOf(set, parts, length, byLength.get(length)!, keyWords)),
    hasNetworks: parts.includes('net'),
    untilUs: Number.POSITIVE_INFINITY,
    key: new Int32Array(keyWords),
  }
}

function tierOf(
  { family = 4 }: FilledIpSet,
  parts: readonly IpSetPart[],
  length: number,
  elements: readonly IpSetElement[],
  keyWords: number,
): Tier {
  const bits = familyBits(family)
  const table = newKeyTable(keyWords, elements.length)
  const isTimed = elements.some(e => e.timeoutS !== undefined)
  const untilUs = isTimed ? new Float64Array(table.values.length).fill(Number.POSITIVE_INFINITY) : undefined
  const key = new Int32Array(keyWords)
  for (const { values, nomatch, timeoutS } of elements) {
    const words = parts.flatMap((part, i) =>
      part === 'address' || part === 'net'
        ? [...ipWords(values[i]).subarray(family === 4 ? 3 : 0)]
        : [Number(values[i])],
    )
    for (let w = 0; w < keyWords; w++) key[w] = words[w]
    const place = placeOfKey(table, key)
    putKey(table, place, key, nomatch === true ? NOMATCH : IN)
    if (untilUs !== undefined) untilUs[place] = untilOf(timeoutS)
  }
  return { networkMask: ipWords(((1n << BigInt(length)) - 1n) << BigInt(bits - length)), table, untilUs }
}

const untilOf = (timeoutS: number | undefined): TimeUs =>
  timeoutS === undefined ? Number.POSITIVE_INFINITY : timeoutS * 1_000_000

function ipWords(value: bigint): Uint32Array {
  const words = new Uint32Array(4)
  writeIpWords(value, words, 0)
  return words
}
