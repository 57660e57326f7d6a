/**
 * Matches that kube-proxy's hot rules do not use, kept out of the interpreter's switch: data per match, and one function that asks it.
 * The plain readings they must equal are in trace-match.ts. Nothing is allocated per packet.
 */
import { isAddressType } from './address-type.ts'
import type { Engine } from './engine.ts'
import { INTERFACE } from './interface.ts'
import { type AskedOfSet, holdsPacket, type IpSetTable } from './ipset/ip-set-table.ts'
import type { NodeMemory } from './memory/node-memory.ts'
import { RECENT_OPERATION, type RecentQuestion } from './memory/recent-lists.ts'

/** Sides: which of the packet's two addresses or ports. */
export const SIDE = { source: 0, destination: 1, either: 2 } as const

export type RareMatch =
  | { readonly kind: 'constant'; readonly holds: boolean }
  | {
      readonly kind: 'maskedAddress'
      readonly side: number
      readonly mask: Uint32Array
      readonly value: Uint32Array
      readonly wanted: boolean
    }
  /** From and to of each span follow each other. */
  | { readonly kind: 'multiport'; readonly side: number; readonly spans: Uint16Array; readonly wanted: boolean }
  | {
      readonly kind: 'addressRange'
      readonly side: number
      readonly from: Uint32Array
      readonly to: Uint32Array
      readonly wanted: boolean
    }
  | { readonly kind: 'addressType'; readonly side: number; readonly bits: number; readonly wanted: boolean }
  | { readonly kind: 'tcpFlags'; readonly mask: number; readonly set: number; readonly wanted: boolean }
  /** -1: any. */
  | { readonly kind: 'icmp'; readonly type: number; readonly code: number; readonly wanted: boolean }
  | { readonly kind: 'connmark'; readonly mask: number; readonly value: number; readonly wanted: boolean }
  | { readonly kind: 'nth'; readonly counter: number; readonly every: number; readonly wanted: boolean }
  | {
      readonly kind: 'recent'
      readonly list: number
      readonly question: RecentQuestion
      readonly side: number
      readonly mask: Uint32Array
      readonly wanted: boolean
    }
  /** Costs in microseconds of credit. */
  | { readonly kind: 'limit'; readonly bucket: number; readonly costUs: number; readonly capUs: number }
  | {
      readonly kind: 'set'
      readonly asked: AskedOfSet
      readonly tables: readonly IpSetTable[]
      readonly wanted: boolean
    }
  | { readonly kind: 'mac'; readonly wanted: boolean }

/** Whether the match holds; source … destinationPort are those the table sees. */
export function rareHolds(
  engine: Engine,
  match: RareMatch,
  source: Uint32Array,
  destination: Uint32Array,
  sourcePort: number,
  destinationPort: number,
  inInterface: number,
): boolean {
  switch (match.kind) {
    case 'constant':
      return match.holds
    case 'maskedAddress':
      return isMasked(match.side === SIDE.source ? source : destination, match.mask, match.value) === match.wanted
    case 'multiport': {
      const { side, spans } = match
      const found =
        (side !== SIDE.destination && inSpans(spans, sourcePort)) ||
        (side !== SIDE.source && inSpans(spans, destinationPort))
      return found === match.wanted
    }
    case 'addressRange': {
      const words = match.side === SIDE.source ? source : destination
      return (compareWords(words, match.from) >= 0 && compareWords(words, match.to) <= 0) === match.wanted
    }
    case 'addressType':
      return isAddressType(engine.host, match.side === SIDE.source ? source : destination, match.bits) === match.wanted
    case 'tcpFlags':
      return ((engine.packet.tcpFlags & match.mask) === match.set) === match.wanted
    case 'icmp': {
      const { icmpType, icmpCode } = engine.packet
      const same = (match.type < 0 || icmpType === match.type) && (match.code < 0 || icmpCode === match.code)
      return same === match.wanted
    }
    case 'connmark': {
      const { tracker } = memoryOf(engine)
      return tracker.hasEntry && ((tracker.mark & match.mask) >>> 0 === match.value) === match.wanted
    }
    case 'nth': {
      const { nth } = memoryOf(engine)
      const next = nth[match.counter] === match.every - 1 ? 0 : nth[match.counter] + 1
      nth[match.counter] = next
      return (next === 0) === match.wanted
    }
    case 'recent': {
      const memory = engine.memory ?? engine.recent
      if (memory === undefined) return (match.question.operation === RECENT_OPERATION.set) === match.wanted
      const words = match.side === SIDE.source ? source : destination
      for (let i = 0; i < 4; i++) masked[i] = words[i] & match.mask[i]
      return memory.recent.holds(match.list, match.question, masked, memory.nowUs) === match.wanted
    }
    case 'limit':
      return takeCredit(memoryOf(engine), match.bucket, match.costUs, match.capUs)
    case 'set': {
      const nowUs = engine.memory?.nowUs ?? 0
      return (
        holdsPacket(
          match.tables,
          match.asked,
          engine.packet,
          source,
          destination,
          sourcePort,
          destinationPort,
          nowUs,
        ) === match.wanted
      )
    }
    case 'mac':
      return (inInterface === INTERFACE.uplink || inInterface === INTERFACE.pod) && !match.wanted
  }
}

const masked = new Uint32Array(4)

export function memoryOf(engine: Engine): NodeMemory {
  if (engine.memory === undefined) throw new Error('these rules need a memory')
  return engine.memory
}

function takeCredit(memory: NodeMemory, bucket: number, costUs: number, capUs: number): boolean {
  const { credit, creditedUs, nowUs } = memory
  const have = Math.min(capUs, credit[bucket] + nowUs - creditedUs[bucket])
  const taken = have >= costUs
  credit[bucket] = taken ? have - costUs : have
  creditedUs[bucket] = nowUs
  return taken
}

const isMasked = (words: Uint32Array, mask: Uint32Array, value: Uint32Array): boolean =>
  (words[0] & mask[0]) >>> 0 === value[0] &&
  (words[1] & mask[1]) >>> 0 === value[1] &&
  (words[2] & mask[2]) >>> 0 === value[2] &&
  (words[3] & mask[3]) >>> 0 === value[3]

function inSpans(spans: Uint16Array, port: number): boolean {
  for (let i = 0; i < spans.length; i += 2) if (port >= spans[i] && port <= spans[i + 1]) return true
  return false
}

/** Below, at or above 0, as the address a stands to b. */
function compareWords(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1
  return 0
}
