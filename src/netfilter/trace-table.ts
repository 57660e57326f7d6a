/**
 * One packet through one table's built-in chain, for trace: jumps, gotos, returns, policy, and what verdicts do to the packet.
 * A stack of frames, not recursion: the nesting of a user's chains is unbounded.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { Packet } from '../net/packet.ts'
import { CT } from '../net/packet.ts'
import type { Problem } from '../problem/problem.ts'
import type { Chain, Rule, Ruleset, TableName, Verdict } from '../ruleset/ruleset.ts'
import type { HostView } from './host.ts'
import { asksMemory } from './memory/asks-memory.ts'
import type { TraceMemory } from './memory/trace-memory.ts'
import {
  refuseForgetting,
  refuseLoop,
  refuseMissingChain,
  refuseRule,
  refuseVerdictBelow,
  VERDICT_HOMES,
} from './refusal.ts'
import { rejectKind } from './reject-kind.ts'
import { runLength } from './segment-chain.ts'
import { isRunRule, ruleProbability, runThresholds } from './statistic-run.ts'
import type { Draw, TraceCounters, TraceStep } from './trace.ts'
import type { PacketPlace } from './trace-match.ts'
import { matchHolds } from './trace-match.ts'
import { allowPorts, masquerade, redirect, translateDestinationTo, translateSourceTo } from './trace-nat.ts'
import { natSpan } from './translation.ts'
import type { Fate, HookVisit } from './walk-hooks.ts'

/** What a trace has gathered so far. */
export interface TraceWalk {
  readonly ruleset: Ruleset
  readonly host: HostView
  readonly draw: Draw
  readonly packet: Packet
  readonly counters: TraceCounters | undefined
  readonly weight: number
  readonly hooks: HookVisit[]
  readonly steps: TraceStep[]
  dnat: Rule | undefined
  readonly memory: TraceMemory | undefined
  readonly attached: boolean
  /** How the packet was rejected, if it was: REJECT_KINDS index. */
  rejection: number
}

interface Frame {
  chain: Chain
  /** The rule to look at next. */
  next: number
  /** Rules before this one draw alone: a jump of their run was taken and returned. */
  aloneUntil: number
  /** The chains this frame went through by goto, itself last. */
  readonly names: string[]
}

/** An absent table or chain accepts and counts nothing. */
export function traceTable(
  walk: TraceWalk,
  table: TableName,
  hook: string,
  place: PacketPlace,
): E.Either<Problem, Fate> {
  const chains = walk.ruleset.tables.find(t => t.name === table)?.chains
  const base = chains?.get(hook)
  if (chains === undefined || base === undefined) return E.right('accept')
  const stack: Frame[] = [newFrame(base)]
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]
    if (frame.next >= frame.chain.rules.length) {
      stack.pop()
      continue
    }
    const { chain, next: index } = frame
    const refused = refuseRule(walk.ruleset.family, table, chain, index, chain.rules[index])
    if (refused !== undefined) return E.left(refused)
    const asks = walk.memory === undefined ? asksMemory(chain.rules[index]) : undefined
    if (asks !== undefined) return E.left(refuseForgetting(table, chain.name, index, asks))
    // Table raw may take the packet out of conntrack, which its later rules see.
    const here = walk.packet.ctState === CT.UNTRACKED ? { ...place, ctState: CT.UNTRACKED } : place
    const matched = evaluateRules(walk, table, frame, here)
    if (matched === undefined) continue
    const { verdict } = chain.rules[matched]
    if (verdict === undefined) continue
    if (verdict.kind === 'jump' || verdict.kind === 'goto') {
      const target = chains.get(verdict.chain)
      if (target === undefined) return E.left(refuseMissingChain(table, chain.name, matched, verdict.chain))
      const open = stack.flatMap(f => f.names)
      if (open.includes(target.name))
        return E.left(refuseLoop(table, [...open.slice(open.indexOf(target.name)), target.name]))
      if (verdict.kind === 'jump') stack.push(newFrame(target))
      else {
        frame.chain = target
        frame.next = 0
        frame.aloneUntil = 0
        frame.names.push(target.name)
      }
      continue
    }
    if (VERDICT_HOMES[verdict.kind]?.hooks.includes(hook) === false)
      return E.left(refuseVerdictBelow(verdict.kind, table, hook))
    switch (verdict.kind) {
      case 'return':
        stack.pop()
        break
      case 'mark':
        walk.packet.mark = ((walk.packet.mark & ~verdict.mask) ^ verdict.value) >>> 0
        break
      case 'dnat':
        walk.dnat = chain.rules[matched]
        return E.right(translateDestinationTo(walk.packet, verdict))
      case 'redirect':
        walk.dnat = chain.rules[matched]
        return E.right(redirect(walk.host, walk.packet, place.inInterface, verdict))
      case 'snat':
        allowPorts(walk.packet, verdict.random === true || verdict.randomFully === true, natSpan(verdict))
        return E.right(translateSourceTo(walk.packet, verdict))
      case 'masquerade':
        allowPorts(walk.packet, verdict.random === true || verdict.randomFully, verdict.ports)
        return E.right(masquerade(walk.host, walk.packet, place.outInterface))
      case 'log':
      case 'nflog':
        break
      case 'notrack':
        if (walk.packet.ctState === CT.INVALID) walk.packet.ctState = CT.UNTRACKED
        break
      case 'connmark':
        moveMark(walk, verdict)
        break
      case 'reject':
        walk.rejection = rejectKind(verdict.with, walk.ruleset.family)
        return E.right('reject')
      case 'accept':
      case 'drop':
        return E.right(verdict.kind)
      default:
        throw new Error(`verdict ${verdict.kind} is refused before it is reached`)
    }
  }
  const { policies } = walk.counters ?? {}
  policies?.set(`${table} ${hook}`, (policies.get(`${table} ${hook}`) ?? 0) + walk.weight)
  return E.right(base.policy === 'DROP' ? 'drop' : 'accept')
}

const newFrame = (chain: Chain): Frame => ({ chain, next: 0, aloneUntil: 0, names: [chain.name] })

/** Evaluates the frame's next rule, or its next run of statistic rules, and moves past it; the index of the rule that matched. */
function evaluateRules(walk: TraceWalk, table: TableName, frame: Frame, place: PacketPlace): number | undefined {
  const { chain, next: first } = frame
  const draw = (): number => walk.draw(walk.packet.draws++, { table, chain: chain.name, index: first })
  if (isRunRule(chain.rules[first]) && first >= frame.aloneUntil) {
    const end = first + runLength(chain.rules, first)
    const thresholds = runThresholds(chain.rules.slice(first, end).map(ruleProbability))
    const word = draw()
    for (let i = first; i < end; i++) {
      const matched = word < thresholds[i - first]
      record(walk, { table, chain: chain.name, index: i, rule: chain.rules[i], matched })
      frame.next = i + 1
      if (!matched) continue
      frame.aloneUntil = end
      return i
    }
    return undefined
  }
  const rule = chain.rules[first]
  const world = { host: walk.host, memory: walk.memory, draw }
  const key = `${table} ${chain.name} ${first}`
  const whyNot = rule.matches.find((m, i) => !matchHolds(m, walk.packet, place, world, `${key} ${i}`))
  const matched = whyNot === undefined
  record(walk, { table, chain: chain.name, index: first, rule, matched, ...(matched ? {} : { whyNot }) })
  frame.next = first + 1
  return matched ? first : undefined
}

function record(walk: TraceWalk, step: Omit<TraceStep, 'hook'>): void {
  walk.steps.push({ hook: walk.hooks.length - 1, ...step })
  const { rules } = walk.counters ?? {}
  if (rules === undefined) return
  const counter = rules.get(step.rule) ?? { matched: 0, evaluated: 0 }
  counter.evaluated += walk.weight
  if (step.matched) counter.matched += walk.weight
  rules.set(step.rule, counter)
}

function moveMark({ packet, memory }: TraceWalk, verdict: Verdict & { kind: 'connmark' }): void {
  if (memory === undefined) throw new Error('CONNMARK needs a memory')
  const { tracker } = memory
  if (!tracker.hasEntry) return
  switch (verdict.operation) {
    case 'set':
      tracker.mark = ((tracker.mark & ~verdict.mask) ^ verdict.value) >>> 0
      return
    case 'save':
      tracker.mark = ((tracker.mark & ~verdict.entryMask) ^ (packet.mark & verdict.packetMask)) >>> 0
      return
    case 'restore':
      packet.mark = ((packet.mark & ~verdict.packetMask) ^ (tracker.mark & verdict.entryMask)) >>> 0
  }
}
