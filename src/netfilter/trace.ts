/**
 * One packet through one node, one rule at a time: the slow, obvious evaluator that says why each rule matched or did not. It is the
 * judge of evaluate.ts and the source of `svcsim trace`; it refuses what it does not understand.
 *
 * Models ip_tables (legacy): built-in chains in hook and priority order, routing between them, nat for NEW packets only, conntrack
 * states as xt_conntrack compares them. A packet that ends on its own node after OUTPUT comes back through `lo` (PREROUTING and INPUT
 * without nat), as in the kernel. Source ports are kept by MASQUERADE; ICMP errors are not made.
 */
import * as E from 'fp-ts/lib/Either.js'
import { readIpWords } from '../net/ip.ts'
import type { Packet } from '../net/packet.ts'
import { CT, copyPacket, ORIGIN } from '../net/packet.ts'
import type { Problem } from '../problem/problem.ts'
import type { Match, Rule, Ruleset, TableName } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'
import type { Outcome } from './outcome.ts'
import { OUTCOME } from './outcome.ts'
import type { PacketPlace } from './trace-match.ts'
import { addressPlace } from './trace-match.ts'
import type { TraceWalk } from './trace-table.ts'
import { traceTable } from './trace-table.ts'

export interface TraceStep {
  readonly table: TableName
  readonly chain: string
  /** Place in the chain, from 0. */
  readonly index: number
  readonly rule: Rule
  readonly matched: boolean
  /** The first match that did not hold; absent when the rule matched, or lost its run's draw. */
  readonly whyNot?: Match
}

export interface Trace {
  readonly outcome: Outcome
  readonly steps: readonly TraceStep[]
  /** The rule whose DNAT was applied. */
  readonly dnat?: Rule
  /** The packet as it left. */
  readonly packet: Packet
  readonly rulesEvaluated: number
  readonly natRulesEvaluated: number
  readonly rulesEvaluatedByTable: ReadonlyMap<TableName, number>
}

export interface TraceOptions {
  /** A later packet of a connection whose first packet was traced (or evaluated) on this node: `packet` is what came out of that. */
  readonly established?: boolean
  /** Adds this packet `weight` (default 1) times to the counters. */
  readonly counters?: TraceCounters
  readonly weight?: number
}

export interface TraceCounters {
  readonly rules: Map<Rule, { matched: number; evaluated: number }>
  /** Packets decided by a policy, by `table CHAIN`. */
  readonly policies: Map<string, number>
}

/** `draw(n)` is the n-th 32-bit draw of the flow; draws count on from packet.draws. `packet` is left as it is. */
export function trace(
  ruleset: Ruleset,
  host: HostView,
  packet: Packet,
  draw: (drawNumber: number) => number,
  options: TraceOptions = {},
): E.Either<Problem, Trace> {
  const established = options.established ?? false
  const walk: TraceWalk = {
    ruleset,
    host,
    draw,
    packet: copyPacket(packet),
    counters: options.counters,
    weight: options.weight ?? 1,
    steps: [],
    dnat: undefined,
  }
  if (established) becomeLaterPacket(walk.packet)
  else keepOriginal(walk.packet)
  const translated = established ? packet : undefined
  const outcome = walkNode(walk, translated)
  if (E.isLeft(outcome)) return outcome
  if (translated !== undefined) walk.packet.source.set(translated.source)
  const byTable = new Map<TableName, number>()
  for (const step of walk.steps) byTable.set(step.table, (byTable.get(step.table) ?? 0) + 1)
  return E.right({
    outcome: outcome.right,
    steps: walk.steps,
    dnat: walk.dnat,
    packet: walk.packet,
    rulesEvaluated: walk.steps.length,
    natRulesEvaluated: byTable.get('nat') ?? 0,
    rulesEvaluatedByTable: byTable,
  })
}

type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING'

/** Tables of each hook in the order of their priorities. */
const HOOK_TABLES: Readonly<Record<Hook, readonly TableName[]>> = {
  PREROUTING: ['raw', 'mangle', 'nat'],
  INPUT: ['mangle', 'filter', 'security', 'nat'],
  FORWARD: ['mangle', 'filter', 'security'],
  OUTPUT: ['raw', 'mangle', 'nat', 'filter', 'security'],
  POSTROUTING: ['mangle', 'nat'],
}

/** `translated`: the connection's packet after nat, when this is a later packet of it. */
function walkNode(walk: TraceWalk, translated: Packet | undefined): E.Either<Problem, Outcome> {
  const { packet, host } = walk
  let hook: Hook = packet.origin === ORIGIN.node ? 'OUTPUT' : 'PREROUTING'
  let looped = false
  for (;;) {
    const inInterface = looped ? 'lo' : originInterface(host, packet)
    const outInterface = routeInterface(host, packet)
    for (const table of HOOK_TABLES[hook]) {
      if (table === 'nat' && translated !== undefined && (hook === 'PREROUTING' || hook === 'OUTPUT')) {
        packet.destination.set(translated.destination)
        packet.destinationPort = translated.destinationPort
      }
      if (table === 'nat' && translated !== undefined && hook === 'POSTROUTING') packet.source.set(translated.source)
      if (table === 'nat' && (looped || translated !== undefined || (packet.ctState & CT.NEW) === 0)) continue
      const place: PacketPlace = {
        inInterface,
        outInterface: hook === 'PREROUTING' || hook === 'INPUT' ? '' : outInterface,
        // conntrack looks at the packet after raw; one that comes back through lo keeps what it had.
        ctState: table === 'raw' && !looped ? CT.INVALID : packet.ctState,
      }
      const fate = traceTable(walk, table, hook, place)
      if (E.isLeft(fate)) return fate
      if (fate.right !== 'accept') return E.right(fate.right === 'drop' ? OUTCOME.dropped : OUTCOME.rejected)
    }
    const place = addressPlace(host, readIpWords(packet.destination, 0))
    if (hook === 'INPUT') return E.right(OUTCOME.toNode)
    if (hook === 'PREROUTING') hook = place === 'local' ? 'INPUT' : 'FORWARD'
    else if (hook === 'FORWARD' || hook === 'OUTPUT') hook = 'POSTROUTING'
    else if (place === 'local') {
      hook = 'PREROUTING'
      looped = true
    } else return E.right(place === 'pod' ? OUTCOME.toPod : OUTCOME.toUplink)
  }
}

const originInterface = (host: HostView, packet: Packet): string =>
  packet.origin === ORIGIN.node ? '' : packet.origin === ORIGIN.pod ? host.podInterfaceName : host.uplinkName

/** The interface the destination routes to; asked once per hook, so OUTPUT's later tables see the one from before DNAT, as in the kernel. */
function routeInterface(host: HostView, packet: Packet): string {
  const place = addressPlace(host, readIpWords(packet.destination, 0))
  return place === 'local' ? 'lo' : place === 'pod' ? host.podInterfaceName : host.uplinkName
}

function keepOriginal(packet: Packet): void {
  packet.originalSource.set(packet.source)
  packet.originalDestination.set(packet.destination)
  packet.originalDestinationPort = packet.destinationPort
}

/** Back to the addresses the sender wrote; the mark belonged to the first packet. */
function becomeLaterPacket(packet: Packet): void {
  packet.source.set(packet.originalSource)
  packet.destination.set(packet.originalDestination)
  packet.destinationPort = packet.originalDestinationPort
  packet.ctState = CT.ESTABLISHED | (packet.ctState & (CT.DNAT | CT.SNAT))
  packet.mark = 0
}
