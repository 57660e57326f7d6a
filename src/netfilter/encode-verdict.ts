/** Encodes a rule's verdict and notes how it ends its chain's walk; where it leads is already encoded. */
import { writeIpWords } from '../net/ip.ts'
import type { NatTarget, Rule, Verdict } from '../ruleset/ruleset.ts'
import type { Encoder } from './encoder.ts'
import { natPortsIndex } from './encoder.ts'
import type { TargetBlock } from './intern-chains.ts'
import { CONNMARK_OPERATION, OP, RULE_ENDS } from './opcode.ts'
import { rejectKind } from './reject-kind.ts'
import { natSpan, translationOf } from './translation.ts'
import { push, pushNumber } from './word-list.ts'

/** Rules are encoded in the order of their ids. `target`: the block of a jump or goto. An empty one is not entered: a jump there only counts. */
export function encodeVerdict(
  encoder: Encoder,
  ruleId: number,
  verdict: Verdict | undefined,
  target: TargetBlock | undefined,
): void {
  const { code, verdictPc } = encoder
  if (verdictPc !== undefined) push(verdictPc, code.length)
  const translation = verdict === undefined ? undefined : translationOf(verdict, natWords)
  if (translation !== undefined) {
    pushTwo(encoder, OP.TRANSLATE, encoder.translations.length)
    encoder.translations.push(translation)
    noteRule(encoder, RULE_ENDS.always, undefined)
    return
  }
  const empty = target?.chain.rules.length === 0
  let ends: number = RULE_ENDS.always
  switch (verdict?.kind) {
    case undefined:
      ends = RULE_ENDS.never
      pushTwo(encoder, OP.COUNT, 0)
      break
    case 'jump':
      ends = empty ? RULE_ENDS.never : RULE_ENDS.unlessReturned
      if (empty) pushTwo(encoder, OP.COUNT, 0)
      else pushTwo(encoder, OP.JUMP, encoder.blockPc.words[target!.index])
      break
    case 'goto':
      pushTwo(encoder, OP.GOTO, encoder.blockPc.words[target!.index])
      break
    case 'mark':
      ends = RULE_ENDS.never
      pushTwo(encoder, OP.SET_MARK, ~verdict.mask)
      push(code, verdict.value)
      break
    case 'accept':
      push(code, OP.ACCEPT)
      break
    case 'drop':
      push(code, OP.DROP)
      break
    case 'reject':
      pushTwo(encoder, OP.REJECT, rejectKind(verdict.with, encoder.family))
      break
    case 'return':
      push(code, OP.RETURN)
      break
    case 'dnat':
      pushTwo(encoder, OP.DNAT, encoder.dnatRule.length)
      push(code, verdict.port)
      writeIpWords(verdict.address.value, scratch, 0)
      for (let i = 0; i < 4; i++) push(code, scratch[i])
      for (let i = 0; i < 4; i++) push(encoder.dnatAddress, scratch[i])
      pushNumber(encoder.dnatPort, verdict.port)
      push(encoder.dnatRule, ruleId)
      break
    case 'snat':
      pushTwo(
        encoder,
        OP.SNAT,
        natPortsIndex(encoder, verdict.random === true || verdict.randomFully === true, natSpan(verdict)),
      )
      writeIpWords(verdict.address.value, scratch, 0)
      for (let i = 0; i < 4; i++) push(code, scratch[i])
      break
    case 'masquerade':
      pushTwo(
        encoder,
        OP.MASQUERADE,
        natPortsIndex(encoder, verdict.random === true || verdict.randomFully, verdict.ports),
      )
      break
    case 'log':
    case 'nflog':
      ends = RULE_ENDS.never
      pushTwo(encoder, OP.COUNT, 0)
      break
    case 'notrack':
      ends = RULE_ENDS.never
      push(code, OP.NOTRACK)
      break
    case 'connmark':
      ends = RULE_ENDS.never
      pushTwo(encoder, OP.CONNMARK, CONNMARK_OPERATION[verdict.operation])
      push(code, verdict.operation === 'set' ? verdict.value : verdict.packetMask)
      push(code, verdict.operation === 'set' ? verdict.mask : verdict.entryMask)
      break
    case 'redirect':
    case 'unknown':
      throw new Error(`verdict ${verdict.kind} is refused before it is encoded`)
  }
  noteRule(encoder, ends, target)
}

/** Whether the rule has a target among its block's. */
export const leads = ({ verdict }: Rule): boolean => verdict?.kind === 'jump' || verdict?.kind === 'goto'

function noteRule(encoder: Encoder, ends: number, target: TargetBlock | undefined): void {
  pushNumber(encoder.ruleEnds, ends)
  push(encoder.ruleTarget, target === undefined ? -1 : target.index)
}

function natWords({ address }: NatTarget): Uint32Array {
  const words = new Uint32Array(4)
  writeIpWords(address.value, words, 0)
  return words
}

function pushTwo(encoder: Encoder, op: number, operand: number): void {
  push(encoder.code, op)
  push(encoder.code, operand)
}

const scratch = new Uint32Array(4)
