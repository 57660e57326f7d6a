/**
 * One packet through one node's nftables rules, one rule at a time: the slow, obvious evaluator that says why each rule did what it did.
 *
 * Models nf_tables (nft_do_chain) and nf_nat: base chains of all tables by priority, conntrack before all of them but `raw`, chains of type
 * nat at nat's own place and for the first packet of a connection only. The ruleset has been checked (check-nft.ts).
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Packet } from '../../net/packet.ts'
import { copyPacket } from '../../net/packet.ts'
import type {
  NftChain,
  NftHook,
  NftRule,
  NftRuleset,
  NftStatement,
  NftTable,
  NftVerdict,
} from '../../ruleset/nft-ruleset.ts'
import type { HostView } from '../host.ts'
import type { Outcome } from '../outcome.ts'
import { OUTCOME } from '../outcome.ts'
import type { PacketPlace } from '../trace-match.ts'
import { allowPorts, masquerade, translateDestination } from '../trace-nat.ts'
import type { Fate, Hook, HookStage, HookVisit } from '../walk-hooks.ts'
import { becomeOriginal, forgetConnection, keepOriginal, walkHooks } from '../walk-hooks.ts'
import type { NftMemory } from './nft-memory.ts'
import { nftRejectKind } from './nft-reject-kind.ts'
import { runStatement } from './trace-nft-statement.ts'

export interface NftTraceStep {
  /** Place in NftTrace.hooks of the hook it was met at. */
  readonly hook: number
  readonly table: NftTable
  readonly chain: NftChain
  /** Place in the chain, from 0. */
  readonly index: number
  readonly rule: NftRule
  /** The rule's last part was reached: its verdict, or its last statement. */
  readonly matched: boolean
  /** Statements that were run, from the first on. */
  readonly ranCount: number
  /** The statement at which the rule ended without a verdict. */
  readonly stoppedAt?: NftStatement
  readonly verdict?: NftVerdict
}

export interface NftTrace {
  readonly outcome: Outcome
  /** REJECT_KINDS index of a packet that was rejected. */
  readonly rejection: number
  /** The hooks the packet came to. */
  readonly hooks: readonly HookVisit[]
  readonly steps: readonly NftTraceStep[]
  /** The rule whose DNAT was applied. */
  readonly dnat?: NftRule
  /** The packet as it left. */
  readonly packet: Packet
}

export interface NftTraceOptions {
  /** See TraceOptions in ../trace.ts. */
  readonly memory?: NftMemory
  readonly attached?: boolean
  /** A base chain's policy has decided. */
  readonly onPolicy?: (table: NftTable, chain: NftChain) => void
}

/** `place`: the rule that asks; `index` counts from 0. */
export type NftDraw = (
  drawNumber: number,
  place: { readonly table: string; readonly chain: string; readonly index: number },
) => number

/** `draw(n)` is the n-th 32-bit draw of the flow; draws count on from packet.draws. `packet` is left as it is. */
export function traceNft(
  ruleset: NftRuleset,
  host: HostView,
  packet: Packet,
  draw: NftDraw,
  { memory, attached = false, onPolicy = () => {} }: NftTraceOptions = {},
): NftTrace {
  const walk: NftWalk = {
    ruleset,
    host,
    draw,
    packet: copyPacket(packet),
    memory,
    hooks: [],
    steps: [],
    dnat: undefined,
    isBound: false,
    rejection: 0,
    onPolicy,
  }
  if (attached) becomeOriginal(walk.packet)
  else keepOriginal(walk.packet)
  if (attached) memory?.tracker.resume()
  else memory?.tracker.begin()
  if (memory !== undefined && !attached) forgetConnection(walk.packet)
  const walked = walkHooks(
    {
      host,
      packet: walk.packet,
      tracker: memory?.tracker,
      attached,
      later: attached ? packet : undefined,
      onHook: visit => walk.hooks.push(visit),
    },
    hook => stagesOf(walk, hook),
  )
  if (E.isLeft(walked)) throw new Error('rules of nftables are checked before they are walked')
  const outcome = walked.right
  if (!attached && (outcome === OUTCOME.dropped || outcome === OUTCOME.rejected)) memory?.tracker.release()
  return {
    outcome,
    rejection: walk.rejection,
    hooks: walk.hooks,
    steps: walk.steps,
    packet: walk.packet,
    ...(walk.dnat === undefined ? {} : { dnat: walk.dnat }),
  }
}

interface NftWalk {
  readonly ruleset: NftRuleset
  readonly host: HostView
  readonly draw: NftDraw
  readonly packet: Packet
  readonly memory: NftMemory | undefined
  readonly hooks: HookVisit[]
  readonly steps: NftTraceStep[]
  dnat: NftRule | undefined
  /** A rule of nat has translated. */
  isBound: boolean
  /** How the packet was rejected, if it was: REJECT_KINDS index. */
  rejection: number
  readonly onPolicy: (table: NftTable, chain: NftChain) => void
}

/** Priorities of conntrack at the two hooks where it looks at packets, and of nat at each hook. */
const CONNTRACK_PRIORITY = -200
const NAT_PRIORITY: Readonly<Partial<Record<Hook, number>>> = {
  PREROUTING: -100,
  INPUT: 100,
  OUTPUT: -100,
  POSTROUTING: 100,
}

interface BaseChain {
  readonly table: NftTable
  readonly chain: NftChain
  readonly hook: NftHook
}

function stagesOf(walk: NftWalk, hook: Hook): HookStage[] {
  const bases = walk.ruleset.tables
    .flatMap(table => Array.from(table.chains.values(), chain => ({ table, chain, hook: chain.hook })))
    .filter((base): base is BaseChain => base.hook?.hook === hook.toLowerCase())
    .sort((a, b) => a.hook.priority - b.hook.priority)
  const stages: { readonly priority: number; readonly stage: HookStage }[] = []
  for (const base of bases)
    if (base.hook.type === 'filter') {
      const { priority } = base.hook
      const isUntracked = priority <= CONNTRACK_PRIORITY && (hook === 'PREROUTING' || hook === 'OUTPUT')
      const untracked = isUntracked ? ({ untracked: true } as const) : {}
      stages.push({
        priority,
        stage: { kind: 'filter', ...untracked, walk: place => E.right(walkBase(walk, base, place)) },
      })
    }
  if (hook === 'PREROUTING' || hook === 'OUTPUT') stages.push({ priority: CONNTRACK_PRIORITY, stage: 'conntrack' })
  const natPriority = NAT_PRIORITY[hook]
  if (natPriority !== undefined) {
    const chains = bases.filter(base => base.hook.type === 'nat')
    stages.push({ priority: natPriority, stage: { kind: 'nat', walk: place => E.right(walkNat(walk, chains, place)) } })
  }
  return stages.sort((a, b) => a.priority - b.priority).map(({ stage }) => stage)
}

/** nat's chains one after the other until one of them translates. */
function walkNat(walk: NftWalk, chains: readonly BaseChain[], place: PacketPlace): Fate {
  walk.isBound = false
  for (const base of chains) {
    const fate = walkBase(walk, base, place)
    if (fate !== 'accept' || walk.isBound) return fate
  }
  return 'accept'
}

interface Frame {
  chain: NftChain
  next: number
}

function walkBase(walk: NftWalk, { table, chain: base, hook }: BaseChain, place: PacketPlace): Fate {
  const stack: Frame[] = [{ chain: base, next: 0 }]
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]
    if (frame.next >= frame.chain.rules.length) {
      stack.pop()
      continue
    }
    const index = frame.next++
    const verdict = walkRule(walk, table, frame.chain, index, place)
    if (verdict === undefined) continue
    switch (verdict.kind) {
      case 'jump':
        stack.push({ chain: table.chains.get(verdict.chain)!, next: 0 })
        break
      case 'goto':
        frame.chain = table.chains.get(verdict.chain)!
        frame.next = 0
        break
      case 'return':
        stack.pop()
        break
      case 'dnat':
        walk.dnat = frame.chain.rules[index]
        walk.isBound = true
        translateDestination(walk.packet, verdict.address.value, verdict.port)
        return 'accept'
      case 'masquerade':
        walk.isBound = true
        allowPorts(walk.packet, verdict.fullyRandom, undefined)
        return masquerade(walk.host, walk.packet, place.outInterface)
      case 'reject':
        walk.rejection = nftRejectKind(verdict, walk.ruleset.family)
        return 'reject'
      default:
        return verdict.kind
    }
  }
  walk.onPolicy(table, base)
  return hook.policy
}

function walkRule(
  walk: NftWalk,
  table: NftTable,
  chain: NftChain,
  index: number,
  place: PacketPlace,
): NftVerdict | undefined {
  const rule = chain.rules[index]
  const { statements, verdict } = rule
  const world = {
    table,
    host: walk.host,
    memory: walk.memory,
    draw: () => walk.draw(walk.packet.draws++, { table: table.name, chain: chain.name, index }),
  }
  const met = { hook: walk.hooks.length - 1, table, chain, index, rule }
  const parts = statements.length + (verdict === undefined ? 0 : 1)
  for (let i = 0; i < statements.length; i++) {
    const outcome = runStatement(rule, statements[i], walk.packet, place, world)
    if (outcome === true) continue
    const matched = i === parts - 1
    const ranCount = i + 1
    if (outcome === false) walk.steps.push({ ...met, matched, ranCount, stoppedAt: statements[i] })
    else walk.steps.push({ ...met, matched, ranCount, verdict: outcome })
    return outcome === false ? undefined : outcome
  }
  walk.steps.push({ ...met, matched: true, ranCount: statements.length, ...(verdict === undefined ? {} : { verdict }) })
  return verdict
}
