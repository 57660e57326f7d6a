/**
 * The interpreter: one packet through one built-in chain's code (grammar: program.ts). The hottest loop of the project; it allocates
 * nothing and touches a counter only where a rule matches.
 *
 * Models ipt_do_table. A statistic run takes one draw for all its rules (statistic-run.ts), a dispatch segment one look-up; the number of
 * rules the kernel would have evaluated comes out exact. Opcodes are copied to constants of this module because V8 then compiles the
 * switch to a jump table.
 */
import { CT } from '../net/packet.ts'
import { chargeMatch, chargePassing, chargeRules } from './cost/charge.ts'
import { DISPATCH, DISPATCH_WORDS, findCandidate4, findCandidate6 } from './dispatch.ts'
import { forgetHit, noteHit } from './draw-script.ts'
import type { Engine } from './engine.ts'
import { inPrefix6 } from './in-prefix6.ts'
import { enterShuffled, leaveShuffled } from './node-order.ts'
import { CONNMARK_OPERATION, OP, RUN_RULE_WORDS, RUN_VERDICT_OFFSET, RUN_WORDS } from './opcode.ts'
import { memoryOf, rareHolds } from './rare-match.ts'
import { isLocal } from './route.ts'
import { translate } from './translation.ts'
import { nextDraw, takenRule } from './walk-draws.ts'
import { allowPorts, masquerade, translateDestination, translateSource } from './walk-nat.ts'

/** How a walk ends; `policy` when no rule decided. */
export const FATE = { accept: 0, drop: 1, reject: 2, policy: 3 } as const

const ACCEPT_FATE = FATE.accept
const DROP_FATE = FATE.drop
const REJECT_FATE = FATE.reject
const POLICY_FATE = FATE.policy
const ORIGINAL = 0
const TRANSLATED = 2

const {
  END,
  RULE,
  DISPATCH: DISPATCH_OP,
  CANDIDATE,
  HIT,
  LEAVE,
  PASS,
  RUN,
  CHANCE,
  SOURCE4,
  NOT_SOURCE4,
  DESTINATION4,
  NOT_DESTINATION4,
  SOURCE6,
  DESTINATION6,
  PROTOCOL,
  NOT_PROTOCOL,
  SOURCE_PORTS,
  DESTINATION_PORTS,
  IN_INTERFACE,
  OUT_INTERFACE,
  SOURCE_LOCAL,
  DESTINATION_LOCAL,
  CONNTRACK,
  MARK,
  COUNT,
  ACCEPT,
  DROP,
  REJECT,
  RETURN,
  JUMP,
  GOTO,
  DNAT,
  MASQUERADE,
  SNAT,
  SET_MARK,
  NOT_CHANCE,
  RARE,
  NOTRACK,
  CONNMARK,
  TRANSLATE,
} = OP

/** Which addresses a table sees: as sent; the destination translated and routed; both translated (a packet back through lo). */
export const SEEN = { original: 0, routed: 1, translated: 2 } as const

/**
 * Walks the engine's packet from `start` and returns a FATE; changes the packet's mark, draws, translation and ctState, adds to
 * engine.rulesEvaluated. Interfaces are INTERFACE numbers.
 */
export function walkChain(
  engine: Engine,
  start: number,
  seen: number,
  startState: number,
  inInterface: number,
  outInterface: number,
): number {
  const { program, packet, orderKey, weight, returned, returnPc, returnRule } = engine
  const notes = engine.script?.notes
  const { code, dispatch } = program
  const source = seen === TRANSLATED ? packet.source : packet.originalSource
  const destination = seen === ORIGINAL ? packet.originalDestination : packet.destination
  const sourcePort = seen === TRANSLATED ? packet.sourcePort : packet.originalSourcePort
  const destinationPort = seen === ORIGINAL ? packet.originalDestinationPort : packet.destinationPort
  let pc = start | 0
  let ctState = startState
  let nextPc = 0
  let rule = -1
  let evaluated = 0
  let depth = 0
  let mark = packet.mark | 0
  let fate: number
  for (;;) {
    switch (code[pc]) {
      case RULE:
        evaluated = (evaluated + 1) | 0
        rule = code[pc + 1]
        nextPc = code[pc + 2]
        chargeRules(engine, rule, 1)
        pc += 3
        continue
      case DISPATCH_OP: {
        engine.looked = true
        if (notes !== undefined) notes.destinationTests.push(pc)
        const id = code[pc + 1]
        const record = DISPATCH_WORDS * id
        const ports = (packet.protocol << 16) | destinationPort
        const candidate =
          program.family === 4
            ? findCandidate4(dispatch, program.dispatchEntries, record, destination[3] | 0, ports)
            : findCandidate6(dispatch, program.dispatchEntries, record, destination, ports)
        pc = candidate === 0 ? pc + 2 : candidate
        continue
      }
      case PASS: {
        const id = code[pc + 1]
        const record = DISPATCH_WORDS * id
        evaluated += dispatch[record + DISPATCH.size]
        chargePassing(engine, id, -1, dispatch[record + DISPATCH.size], packet.protocol)
        pc = dispatch[record + DISPATCH.afterPc]
        continue
      }
      case CANDIDATE:
        nextPc = code[pc + 1]
        pc += 2
        continue
      case HIT: {
        const id = code[pc + 1]
        const slot = code[pc + 2]
        const record = DISPATCH_WORDS * id
        rule = dispatch[record + DISPATCH.firstRule] + slot
        if (notes !== undefined) noteHit(notes, id, slot)
        const walked = orderKey === 0 ? slot + 1 : enterShuffled(engine, orderKey, id, slot, weight)
        evaluated += walked
        chargePassing(engine, id, dispatch[record + DISPATCH.firstSlot] + slot, walked - 1, packet.protocol)
        chargeRules(engine, rule, 1)
        pc += 3
        continue
      }
      case LEAVE: {
        const id = code[pc + 1]
        const slot = code[pc + 2]
        const record = DISPATCH_WORDS * id
        if (notes !== undefined) forgetHit(notes, id, slot)
        const behind =
          orderKey === 0
            ? dispatch[record + DISPATCH.size] - slot - 1
            : leaveShuffled(engine, orderKey, id, slot, weight)
        evaluated += behind
        chargePassing(engine, id, dispatch[record + DISPATCH.firstSlot] + slot, behind, packet.protocol)
        pc = dispatch[record + DISPATCH.afterPc]
        continue
      }
      case RUN: {
        engine.looked = true
        const count = code[pc + 2]
        const taken = takenRule(engine, packet, code[pc + 3], count)
        chargeRules(engine, code[pc + 1], Math.min(taken + 1, count))
        if (taken === count) {
          evaluated += count
          pc += RUN_WORDS + RUN_RULE_WORDS * count
        } else {
          evaluated += taken + 1
          rule = code[pc + 1] + taken
          pc += RUN_WORDS + RUN_RULE_WORDS * taken + RUN_VERDICT_OFFSET
        }
        continue
      }
      case CHANCE:
        engine.looked = true
        pc = nextDraw(engine, packet, code[pc + 1] >>> 0) ? pc + 2 : nextPc
        continue
      case SOURCE4:
        engine.looked = true
        if (notes !== undefined) notes.sourceTests.push(seen === TRANSLATED ? ~pc : pc)
        pc = (source[3] & code[pc + 1]) === code[pc + 2] ? pc + 3 : nextPc
        continue
      case NOT_SOURCE4:
        engine.looked = true
        if (notes !== undefined) notes.sourceTests.push(seen === TRANSLATED ? ~pc : pc)
        pc = (source[3] & code[pc + 1]) !== code[pc + 2] ? pc + 3 : nextPc
        continue
      case DESTINATION4:
        engine.looked = true
        if (notes !== undefined) notes.destinationTests.push(pc)
        pc = (destination[3] & code[pc + 1]) === code[pc + 2] ? pc + 3 : nextPc
        continue
      case NOT_DESTINATION4:
        engine.looked = true
        if (notes !== undefined) notes.destinationTests.push(pc)
        pc = (destination[3] & code[pc + 1]) !== code[pc + 2] ? pc + 3 : nextPc
        continue
      case SOURCE6:
        engine.looked = true
        if (notes !== undefined) notes.sourceTests.push(seen === TRANSLATED ? ~pc : pc)
        pc = inPrefix6(code, pc + 2, source) === code[pc + 1] ? pc + 10 : nextPc
        continue
      case DESTINATION6:
        engine.looked = true
        if (notes !== undefined) notes.destinationTests.push(pc)
        pc = inPrefix6(code, pc + 2, destination) === code[pc + 1] ? pc + 10 : nextPc
        continue
      case PROTOCOL:
        engine.looked = true
        pc = packet.protocol === code[pc + 1] ? pc + 2 : nextPc
        continue
      case NOT_PROTOCOL:
        engine.looked = true
        pc = packet.protocol !== code[pc + 1] ? pc + 2 : nextPc
        continue
      case SOURCE_PORTS: {
        engine.looked = true
        if (notes !== undefined) notes.sourceTests.push(seen === TRANSLATED ? ~pc : pc)
        pc = (sourcePort >= code[pc + 1] && sourcePort <= code[pc + 2] ? 1 : 0) === code[pc + 3] ? pc + 4 : nextPc
        continue
      }
      case DESTINATION_PORTS:
        engine.looked = true
        pc =
          (destinationPort >= code[pc + 1] && destinationPort <= code[pc + 2] ? 1 : 0) === code[pc + 3]
            ? pc + 4
            : nextPc
        continue
      case IN_INTERFACE:
        pc = engine.interfaceMatches[4 * code[pc + 1] + inInterface] === code[pc + 2] ? pc + 3 : nextPc
        continue
      case OUT_INTERFACE:
        pc = engine.interfaceMatches[4 * code[pc + 1] + outInterface] === code[pc + 2] ? pc + 3 : nextPc
        continue
      case SOURCE_LOCAL:
        engine.looked = true
        if (notes !== undefined) notes.sourceTests.push(seen === TRANSLATED ? ~pc : pc)
        pc = (isLocal(engine.host, source) ? 1 : 0) === code[pc + 1] ? pc + 2 : nextPc
        continue
      case DESTINATION_LOCAL:
        engine.looked = true
        pc = (isLocal(engine.host, destination) ? 1 : 0) === code[pc + 1] ? pc + 2 : nextPc
        continue
      case CONNTRACK:
        pc = ((ctState & code[pc + 1]) !== 0 ? 1 : 0) === code[pc + 2] ? pc + 3 : nextPc
        continue
      case MARK:
        pc = ((mark & code[pc + 1]) === code[pc + 2] ? 1 : 0) === code[pc + 3] ? pc + 4 : nextPc
        continue
      case COUNT:
        countMatch(engine, rule)
        pc += 2
        continue
      case SET_MARK:
        countMatch(engine, rule)
        mark = (mark & code[pc + 1]) ^ code[pc + 2]
        pc += 3
        continue
      case JUMP:
        countMatch(engine, rule)
        returnPc[depth] = pc + 2
        returnRule[depth++] = rule
        pc = code[pc + 1]
        continue
      case GOTO:
        countMatch(engine, rule)
        pc = code[pc + 1]
        continue
      case RETURN:
        countMatch(engine, rule)
        if (depth === 0) {
          fate = POLICY_FATE
          break
        }
        returned[returnRule[--depth]] += weight
        pc = returnPc[depth]
        continue
      case END:
        if (depth === 0) {
          fate = POLICY_FATE
          break
        }
        returned[returnRule[--depth]] += weight
        pc = returnPc[depth]
        continue
      case ACCEPT:
        countMatch(engine, rule)
        fate = ACCEPT_FATE
        break
      case DROP:
        countMatch(engine, rule)
        fate = DROP_FATE
        break
      case REJECT:
        countMatch(engine, rule)
        engine.rejection = code[pc + 1]
        fate = REJECT_FATE
        break
      case DNAT:
        engine.looked = true
        countMatch(engine, rule)
        engine.dnat = code[pc + 1]
        translateDestination(packet, code, pc + 2)
        fate = ACCEPT_FATE
        break
      case SNAT:
        engine.looked = true
        if (notes !== undefined) notes.sourceTests.push(seen === TRANSLATED ? ~pc : pc)
        countMatch(engine, rule)
        allowPorts(packet, program.natPorts, code[pc + 1])
        translateSource(packet, code, pc + 2)
        fate = ACCEPT_FATE
        break
      case MASQUERADE:
        countMatch(engine, rule)
        engine.masquerades = 1 + code[pc + 1]
        allowPorts(packet, program.natPorts, code[pc + 1])
        fate = masquerade(engine.host, packet, outInterface) ? ACCEPT_FATE : DROP_FATE
        break
      case TRANSLATE:
        engine.looked = true
        if (notes !== undefined) notes.sourceTests.push(seen === TRANSLATED ? ~pc : pc)
        countMatch(engine, rule)
        fate = translate(engine, program.translations[code[pc + 1]], inInterface) ? ACCEPT_FATE : DROP_FATE
        break
      case NOT_CHANCE:
        engine.looked = true
        pc = nextDraw(engine, packet, code[pc + 1] >>> 0) ? nextPc : pc + 2
        continue
      case RARE:
        engine.looked = true
        if (notes !== undefined) notes.sourceTests.push(seen === TRANSLATED ? ~pc : pc)
        packet.mark = mark >>> 0
        pc = rareHolds(
          engine,
          program.rare[code[pc + 1]],
          source,
          destination,
          sourcePort,
          destinationPort,
          inInterface,
        )
          ? pc + 2
          : nextPc
        continue
      case NOTRACK:
        engine.looked = true
        countMatch(engine, rule)
        if (ctState === CT.INVALID) {
          ctState = CT.UNTRACKED
          packet.ctState = CT.UNTRACKED
        }
        pc += 1
        continue
      case CONNMARK:
        engine.looked = true
        countMatch(engine, rule)
        mark = moveMark(engine, mark, code[pc + 1], code[pc + 2], code[pc + 3])
        pc += 4
        continue
      default:
        throw new Error(`no such operation: ${code[pc]} at ${pc}`)
    }
    break
  }
  packet.mark = mark >>> 0
  engine.rulesEvaluated += evaluated
  return fate
}

function countMatch(engine: Engine, rule: number): void {
  engine.matched[rule] += engine.weight
  chargeMatch(engine, rule)
}

/** Moves the mark between packet and connection; answers the packet's. */
function moveMark(engine: Engine, mark: number, operation: number, first: number, second: number): number {
  const { tracker } = memoryOf(engine)
  if (!tracker.hasEntry) return mark
  if (operation === CONNMARK_OPERATION.restore) return (mark & ~first) ^ (tracker.mark & second)
  const value = operation === CONNMARK_OPERATION.set ? first : mark & first
  tracker.mark = ((tracker.mark & ~second) ^ value) >>> 0
  return mark
}
