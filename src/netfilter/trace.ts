/**
 * One packet through one node, one rule at a time: the slow, obvious evaluator that says why each rule matched or did not. It is the
 * judge of evaluate.ts and the source of `svcsim trace`; it refuses what it does not understand.
 *
 * Models ip_tables (legacy): built-in chains in hook and priority order, routing between them, nat for NEW packets only, conntrack
 * states as xt_conntrack compares them. A packet that ends on its own node after OUTPUT comes back through `lo` (PREROUTING and INPUT
 * without nat), as in the kernel. Source ports are kept by MASQUERADE; ICMP errors are not made.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Packet } from '../net/packet.ts'
import { CT, copyPacket } from '../net/packet.ts'
import type { Problem } from '../problem/problem.ts'
import type { Match, Rule, Ruleset, TableName } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'
import type { TraceMemory } from './memory/trace-memory.ts'
import type { Outcome } from './outcome.ts'
import { OUTCOME } from './outcome.ts'
import type { DrawPlace } from './steered-draws.ts'
import type { TraceWalk } from './trace-table.ts'
import { traceTable } from './trace-table.ts'
import type { Hook, HookStage, HookVisit } from './walk-hooks.ts'
import { becomeOriginal, forgetConnection, keepOriginal, walkHooks } from './walk-hooks.ts'

export interface TraceStep {
  /** Place in Trace.hooks of the hook it was met at. */
  readonly hook: number
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
  /** REJECT_KINDS index of a packet that was rejected. */
  readonly rejection: number
  /** The hooks the packet came to. */
  readonly hooks: readonly HookVisit[]
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
  /**
   * What the node remembers: conntrack then finds what the packet belongs to, so it may be any packet, as it arrives. Without, conntrack is
   * a promise: packets come with their state.
   */
  readonly memory?: TraceMemory
  /** The packet carries the connection of the one before: state, original and translated addresses are in it, as evaluateAttached takes it. */
  readonly attached?: boolean
}

export type Draw = (drawNumber: number, place: DrawPlace) => number

export interface TraceCounters {
  readonly rules: Map<Rule, { matched: number; evaluated: number }>
  /** Packets decided by a policy, by `table CHAIN`. */
  readonly policies: Map<string, number>
}

/** `draw` gives the n-th 32-bit draw of the flow; draws count on from packet.draws. `packet` is left as it is. */
export function trace(
  ruleset: Ruleset,
  host: HostView,
  packet: Packet,
  draw: Draw,
  options: TraceOptions = {},
): E.Either<Problem, Trace> {
  const { established = false, attached = false, memory } = options
  const walk: TraceWalk = {
    ruleset,
    host,
    draw,
    packet: copyPacket(packet),
    counters: options.counters,
    weight: options.weight ?? 1,
    hooks: [],
    steps: [],
    dnat: undefined,
    memory,
    attached,
    rejection: 0,
  }
  if (established) becomeLaterPacket(walk.packet)
  else if (attached) becomeOriginal(walk.packet)
  else keepOriginal(walk.packet)
  if (attached) memory?.tracker.resume()
  else memory?.tracker.begin()
  if (memory !== undefined && !attached) forgetConnection(walk.packet)
  const translated = established || attached ? packet : undefined
  const outcome = walkHooks(
    {
      host,
      packet: walk.packet,
      tracker: memory?.tracker,
      attached,
      later: translated,
      onHook: visit => walk.hooks.push(visit),
    },
    hook => stagesOf(walk, hook),
  )
  if (E.isLeft(outcome)) return outcome
  const { right: end } = outcome
  if (!attached && (end === OUTCOME.dropped || end === OUTCOME.rejected)) memory?.tracker.release()
  // A promised connection's packets keep their translation, also where they end before they get it.
  if (established) walk.packet.source.set(packet.source)
  const byTable = new Map<TableName, number>()
  for (const step of walk.steps) byTable.set(step.table, (byTable.get(step.table) ?? 0) + 1)
  return E.right({
    outcome: end,
    rejection: walk.rejection,
    hooks: walk.hooks,
    steps: walk.steps,
    dnat: walk.dnat,
    packet: walk.packet,
    rulesEvaluated: walk.steps.length,
    natRulesEvaluated: byTable.get('nat') ?? 0,
    rulesEvaluatedByTable: byTable,
  })
}

/** What a packet meets at each hook, in the order of priorities. */
const HOOK_STAGES: Readonly<Record<Hook, readonly (TableName | 'conntrack')[]>> = {
  PREROUTING: ['raw', 'conntrack', 'mangle', 'nat'],
  INPUT: ['mangle', 'filter', 'security', 'nat'],
  FORWARD: ['mangle', 'filter', 'security'],
  OUTPUT: ['raw', 'conntrack', 'mangle', 'nat', 'filter', 'security'],
  POSTROUTING: ['mangle', 'nat'],
}

const stagesOf = (walk: TraceWalk, hook: Hook): readonly HookStage[] =>
  HOOK_STAGES[hook].map(table =>
    table === 'conntrack'
      ? table
      : {
          kind: table === 'nat' ? 'nat' : 'filter',
          ...(table === 'raw' ? { untracked: true } : {}),
          walk: place => traceTable(walk, table, hook, place),
        },
  )

/** Back to the addresses the sender wrote; the mark belonged to the first packet. */
function becomeLaterPacket(packet: Packet): void {
  packet.source.set(packet.originalSource)
  packet.destination.set(packet.originalDestination)
  packet.destinationPort = packet.originalDestinationPort
  packet.ctState = CT.ESTABLISHED | (packet.ctState & (CT.DNAT | CT.SNAT))
  packet.mark = 0
}
