/** Encodes a rule's verdict and notes how it ends its chain's walk; where it leads is already encoded. */
import { writeIpWords } from '../net/ip.ts'
import type { Verdict } from '../ruleset/ruleset.ts'
import type { Encoder } from './encoder.ts'
import type { Block } from './intern-chains.ts'
import { OP, RULE_ENDS } from './opcode.ts'
import { push } from './word-list.ts'

/** `target`: the block of a jump or goto. An empty one is not entered: a jump there only counts, a goto there returns. */
export function encodeVerdict(
  encoder: Encoder,
  ruleId: number,
  verdict: Verdict | undefined,
  target: Block | undefined,
): void {
  const { code } = encoder
  if (target !== undefined) encoder.ruleTarget[ruleId] = target.index
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
      else pushTwo(encoder, OP.JUMP, encoder.blockPc[target!.index])
      break
    case 'goto':
      if (empty) push(code, OP.RETURN)
      else pushTwo(encoder, OP.GOTO, encoder.blockPc[target!.index])
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
      push(code, OP.REJECT)
      break
    case 'return':
      push(code, OP.RETURN)
      break
    case 'dnat':
      pushTwo(encoder, OP.DNAT, encoder.dnatRule.length)
      push(code, verdict.port)
      pushAddress(code, verdict.address.value)
      pushAddress(encoder.dnatAddress, verdict.address.value)
      push(encoder.dnatPort, verdict.port)
      push(encoder.dnatRule, ruleId)
      break
    case 'snat':
      push(code, OP.SNAT)
      pushAddress(code, verdict.address.value)
      break
    case 'masquerade':
      pushTwo(encoder, OP.MASQUERADE, verdict.randomFully ? 1 : 0)
      break
    default:
      throw new Error(`verdict ${verdict?.kind} is refused before it is encoded`)
  }
  encoder.ruleEnds[ruleId] = ends
}

function pushTwo(encoder: Encoder, op: number, operand: number): void {
  push(encoder.code, op)
  push(encoder.code, operand)
}

function pushAddress(list: Encoder['code'], value: bigint): void {
  writeIpWords(value, scratch, 0)
  for (const word of scratch) push(list, word)
}

const scratch = new Uint32Array(4)
